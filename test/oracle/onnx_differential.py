"""Random small ONNX graphs against numpy: onnx_differential.py [options] COUNT SEED WORK.

  --no-cpu       on the interpreter only
  --keep         leave the models and inputs in WORK

SEED "-" is 1000 times what SF_SEED says.

Each graph is written, computed here from the text of the operator specification in binary64, and
run by sfc on the interpreter and as CPU code. rtol 1e-3, atol 1e-4 of the largest element.
"""
import os
import random
import subprocess
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from onnx_writer import graph, info, model, node, tensor  # noqa: E402

OPSET = 19
# The one thing that may be drawn and is refused.
REFUSED = "ceil_mode with count_include_pad"


# ---- Windows: Conv and pools. ----

def window_pads(extent, kernel, stride, dilation, mode, pads):
    """(begin, end) padding of one axis."""
    reach = dilation * (kernel - 1) + 1
    if mode == "NOTSET":
        return pads
    if mode == "VALID":
        return 0, 0
    total = max((-(-extent // stride) - 1) * stride + reach - extent, 0)
    return (total // 2, total - total // 2) if mode == "SAME_UPPER" else \
        (total - total // 2, total // 2)


def window_count(extent, kernel, stride, dilation, mode, pads, ceil):
    reach = dilation * (kernel - 1) + 1
    if mode in ("SAME_UPPER", "SAME_LOWER"):
        return -(-extent // stride)
    room = extent + sum(pads) - reach
    count = (-(-room // stride) if ceil else room // stride) + 1
    if ceil and (count - 1) * stride >= extent + pads[0]:
        count -= 1
    return count


def windows(x, a):
    """Elements of every window of the image axes: [.., outputs.., kernel..], and a mask of the
    same shape: 0 beyond the padding, 1 in the padding, 2 inside of the image."""
    axes = len(a["kernel"])
    grids, places = [], []
    for i in range(axes):
        extent = x.shape[2 + i]
        count = window_count(extent, a["kernel"][i], a["stride"][i], a["dilation"][i], a["mode"],
                             a["pads"][i], a["ceil"])
        at = np.arange(count)[:, None] * a["stride"][i] - a["pads"][i][0] + \
            np.arange(a["kernel"][i])[None, :] * a["dilation"][i]
        grids.append(np.where((at >= 0) & (at < extent), 2,
                              np.where((at >= -a["pads"][i][0]) & (at < extent + a["pads"][i][1]),
                                       1, 0)))
        places.append(np.clip(at, 0, extent - 1))
    if axes == 1:
        return x[:, :, places[0]], grids[0]
    y = x[:, :, places[0][:, None, :, None], places[1][None, :, None, :]]
    return y, np.minimum(grids[0][:, None, :, None], grids[1][None, :, None, :])


def kernel_axes(a):
    return tuple(range(-len(a["kernel"]), 0))


def conv(x, w, bias, a):
    values, mask = windows(x, a)
    values = np.where(mask == 2, values, 0)
    groups, each = a["group"], w.shape[1]
    outputs = []
    for out in range(w.shape[0]):
        group = out // (w.shape[0] // groups)
        part = values[:, group * each:(group + 1) * each]
        shape = (1, each) + (1,) * (part.ndim - 2 - len(a["kernel"])) + w.shape[2:]
        outputs.append((part * w[out].reshape(shape)).sum(axis=(1,) + kernel_axes(a)))
    y = np.stack(outputs, axis=1)
    return y if bias is None else y + bias.reshape((1, -1) + (1,) * (y.ndim - 2))


def max_pool(x, a):
    values, mask = windows(x, a)
    return np.where(mask == 2, values, -np.inf).max(axis=kernel_axes(a))


def average_pool(x, a):
    values, mask = windows(x, a)
    counted = (mask >= 1) if a["count_pad"] else (mask == 2)
    return np.where(mask == 2, values, 0).sum(axis=kernel_axes(a)) / \
        counted.sum(axis=kernel_axes(a))


# ---- Graphs. ----

class Maker:
    """Draws nodes and computes them."""

    def __init__(self, rng):
        self.rng, self.nodes, self.tensors, self.values = rng, [], [], {}
        self.numbers = np.random.default_rng(rng.randrange(1 << 32))

    def constant(self, shape, low=-1.0, high=1.0):
        name = "w%d" % len(self.tensors)
        values = self.numbers.uniform(low, high, shape).astype(np.float32)
        self.tensors.append(tensor(name, values))
        return name, values.astype(np.float64)

    def integers(self, values):
        name = "w%d" % len(self.tensors)
        self.tensors.append(tensor(name, np.array(values, np.int64)))
        return name

    def emit(self, op_type, inputs, value, **attributes):
        name = "v%d" % len(self.values)
        self.nodes.append(node(op_type, inputs, [name], "n%d" % len(self.nodes), **attributes))
        self.values[name] = value
        return name

    def draw_window(self, image, pool):
        """Attributes of ONNX and the same for `windows`; None: no window fits."""
        rng, axes = self.rng, len(image)
        a = {"kernel": [rng.randint(1, min(3, e)) for e in image],
             "stride": [rng.randint(1, 3) for _ in image],
             "dilation": [rng.choice([1, 1, 2]) for _ in image],
             "mode": rng.choice(["NOTSET"] * 3 + ["SAME_UPPER", "SAME_LOWER", "VALID"]),
             "ceil": pool and rng.random() < 0.3, "group": 1,
             "count_pad": rng.random() < 0.5}
        reach = [d * (k - 1) + 1 for d, k in zip(a["dilation"], a["kernel"])]
        drawn = [[rng.randint(0, min(2, r - 1) if pool else 2) for _ in range(2)] for r in reach]
        a["pads"] = [window_pads(image[i], a["kernel"][i], a["stride"][i], a["dilation"][i],
                                 a["mode"], tuple(drawn[i])) for i in range(axes)]
        if a["mode"] in ("SAME_UPPER", "SAME_LOWER"):
            a["ceil"] = False
        if any(image[i] + sum(a["pads"][i]) < reach[i] for i in range(axes)):
            return None, None
        onnx = {"strides": a["stride"], "dilations": a["dilation"]}
        if pool or rng.random() < 0.5:
            onnx["kernel_shape"] = a["kernel"]
        if a["mode"] == "NOTSET":
            onnx["pads"] = [p[0] for p in a["pads"]] + [p[1] for p in a["pads"]]
        else:
            onnx["auto_pad"] = a["mode"]
        if a["ceil"]:
            onnx["ceil_mode"] = 1
        return onnx, a

    def conv(self, name, x):
        onnx, a = self.draw_window(x.shape[2:], False)
        if not onnx:
            return name
        channels = x.shape[1]
        a["group"] = self.rng.choice([g for g in range(1, channels + 1) if channels % g == 0])
        outputs = a["group"] * self.rng.randint(1, 3)
        w_name, w = self.constant((outputs, channels // a["group"], *a["kernel"]))
        inputs, bias = [name, w_name], None
        if self.rng.random() < 0.6:
            b_name, bias = self.constant((outputs,))
            inputs.append(b_name)
        return self.emit("Conv", inputs, conv(x, w, bias, a), group=a["group"], **onnx)

    def pool(self, name, x):
        onnx, a = self.draw_window(x.shape[2:], True)
        if not onnx:
            return name
        if self.rng.random() < 0.5:
            return self.emit("MaxPool", [name], max_pool(x, a), **onnx)
        return self.emit("AveragePool", [name], average_pool(x, a),
                         count_include_pad=int(a["count_pad"]), **onnx)

    def whole_image(self, name, x):
        axes = tuple(range(2, x.ndim))
        if self.rng.random() < 0.5:
            return self.emit("GlobalAveragePool", [name], x.mean(axis=axes, keepdims=True))
        return self.emit("GlobalMaxPool", [name], x.max(axis=axes, keepdims=True))

    def batchnorm(self, name, x):
        shape = (1, -1) + (1,) * (x.ndim - 2)
        names, c = zip(*[self.constant((x.shape[1],), low) for low in (-1.0, -1.0, -1.0, 0.1)])
        scale, bias, mean, variance = [v.reshape(shape) for v in c]
        return self.emit("BatchNormalization", [name, *names],
                         (x - mean) / np.sqrt(variance + 1e-3) * scale + bias, epsilon=1e-3)

    def activation(self, name, x):
        kind = self.rng.choice(["Relu", "LeakyRelu", "Sigmoid", "Tanh", "Clip", "Abs", "Neg"])
        if kind == "Clip":
            (low_name, low), (high_name, high) = self.constant((), -1, 0), self.constant((), 0, 1)
            return self.emit("Clip", [name, low_name, high_name], np.clip(x, low, high))
        if kind == "LeakyRelu":
            return self.emit(kind, [name], np.where(x < 0, 0.25 * x, x), alpha=0.25)
        return self.emit(kind, [name], {
            "Relu": lambda: np.maximum(x, 0), "Sigmoid": lambda: 1 / (1 + np.exp(-x)),
            "Tanh": lambda: np.tanh(x), "Abs": lambda: np.abs(x), "Neg": lambda: -x}[kind]())

    def binary(self, name, x):
        """With an earlier value of a shape that broadcasts, or a constant."""
        others = [(n, v) for n, v in self.values.items() if self.broadcasts(x, v)]
        kind = self.rng.choice(["Add", "Sub", "Mul", "Max", "Min"])
        if self.rng.random() < 0.5 and others:
            other, y = self.rng.choice(others)
        else:
            cut = self.rng.randint(0, x.ndim)
            other, y = self.constant([e if self.rng.random() < 0.6 else 1
                                      for e in x.shape[cut:]])
        pair = [(name, x), (other, y)]
        if self.rng.random() < 0.5:
            pair.reverse()
        (a_name, a), (b_name, b) = pair
        compute = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Max": np.maximum,
                   "Min": np.minimum}[kind]
        return self.emit(kind, [a_name, b_name], compute(a, b))

    @staticmethod
    def broadcasts(x, y):
        try:
            return np.broadcast(x, y).size <= 4096
        except ValueError:
            return False

    def concat(self, name, x):
        axis = self.rng.randrange(x.ndim)
        shape = list(x.shape)
        shape[axis] = self.rng.randint(1, 3)
        other, y = self.constant(shape)
        parts = [(name, x), (other, y)]
        if self.rng.random() < 0.4:
            parts.append((name, x))
        self.rng.shuffle(parts)
        return self.emit("Concat", [n for n, _ in parts],
                         np.concatenate([v for _, v in parts], axis=axis),
                         axis=axis if self.rng.random() < 0.5 else axis - x.ndim)

    def transpose(self, name, x):
        perm = self.rng.sample(range(x.ndim), x.ndim)
        return self.emit("Transpose", [name], np.transpose(x, perm), perm=perm)

    def slice(self, name, x):
        axis = self.rng.randrange(x.ndim)
        extent, step = x.shape[axis], self.rng.choice([1, 1, 2, -1, -2])
        first, last = sorted(self.rng.choices(range(extent + 1), k=2))
        if first == last:
            return name
        begin, end = (first, last) if step > 0 else (last - 1, first - 1 - extent if first == 0
                                                     else first - 1)
        index = [slice(None)] * x.ndim
        index[axis] = slice(begin, None if step < 0 and first == 0 else end, step)
        inputs = [self.integers([v]) for v in (begin, end, axis, step)]
        return self.emit("Slice", [name, *inputs], x[tuple(index)])

    def reshape(self, name, x):
        if self.rng.random() < 0.4:
            axis = self.rng.randint(0, x.ndim)
            rows = int(np.prod(x.shape[:axis], dtype=np.int64))
            return self.emit("Flatten", [name], x.reshape(rows, -1), axis=axis)
        axis = self.rng.randrange(x.ndim - 1)
        shape = list(x.shape[:axis]) + [-1] + list(x.shape[axis + 2:])
        return self.emit("Reshape", [name, self.integers(shape)], x.reshape(shape))

    def reduce(self, name, x):
        kind = self.rng.choice(["ReduceMean", "ReduceSum", "ReduceMax"])
        axes = sorted(self.rng.sample(range(x.ndim), self.rng.randint(1, x.ndim - 1)))
        keep = self.rng.random() < 0.5
        compute = {"ReduceMean": np.mean, "ReduceSum": np.sum, "ReduceMax": np.max}[kind]
        # ReduceMax takes its axes as an input from opset 18 on, like the others.
        return self.emit(kind, [name, self.integers(axes)],
                         compute(x, axis=tuple(axes), keepdims=keep), keepdims=int(keep))

    def softmax(self, name, x):
        axis = self.rng.randrange(-x.ndim, x.ndim)
        e = np.exp(x - x.max(axis=axis, keepdims=True))
        return self.emit("Softmax", [name], e / e.sum(axis=axis, keepdims=True), axis=axis)

    def gemm(self, name, x):
        transpose_a, transpose_b = self.rng.random() < 0.3, self.rng.random() < 0.5
        m, k = x.shape[::-1] if transpose_a else x.shape
        n = self.rng.randint(1, 5)
        w_name, w = self.constant((n, k) if transpose_b else (k, n))
        alpha, beta = self.rng.choice([(1.0, 1.0), (0.5, 2.0)])
        y = alpha * ((x.T if transpose_a else x) @ (w.T if transpose_b else w))
        inputs = [name, w_name]
        if self.rng.random() < 0.7:
            c_name, c = self.constant(self.rng.choice([(n,), (1,), (m, 1), (1, n), (m, n), ()]))
            inputs.append(c_name)
            y = y + beta * c
        return self.emit("Gemm", inputs, y, alpha=alpha, beta=beta, transA=int(transpose_a),
                         transB=int(transpose_b))

    def matmul(self, name, x):
        shape = (x.shape[-1], self.rng.randint(1, 4))
        if self.rng.random() < 0.2:
            shape = shape[:1]
        w_name, w = self.constant(shape)
        return self.emit("MatMul", [name, w_name], np.matmul(x, w))

    def step(self, name):
        x = self.values[name]
        choices = [self.activation, self.activation, self.binary, self.binary]
        if x.ndim >= 1:
            choices += [self.concat, self.slice]
        if x.ndim >= 2:
            choices += [self.transpose, self.reshape, self.reduce, self.softmax, self.matmul]
        if x.ndim == 2:
            choices += [self.gemm] * 4
        if x.ndim in (3, 4):
            choices += [self.conv] * 5 + [self.pool] * 5 + [self.whole_image, self.batchnorm]
        made = self.rng.choice(choices)(name, x)
        return name if self.values[made].size > 4096 else made


def make_graph(rng):
    """(model, input, expected)"""
    maker = Maker(rng)
    batch, channels = rng.choice([1, 1, 1, 2]), rng.randint(1, 4)
    shape = [batch, channels] + [rng.randint(1, 7) for _ in range(rng.choice([0, 1, 2, 2, 2]))]
    x = maker.numbers.uniform(-1, 1, shape).astype(np.float32)
    maker.values["x"] = x.astype(np.float64)
    name, nodes = "x", rng.randint(1, 6)
    for _ in range(20):
        if len(maker.nodes) >= nodes:
            break
        name = maker.step(name)
    if name == "x":
        name = maker.emit("Relu", ["x"], np.maximum(x, 0))
    y = maker.values[name]
    data = model(graph(maker.nodes, [info("x", shape)], [info(name, y.shape)], maker.tensors),
                 opset=OPSET)
    return data, x, y


def run(folder, words):
    done = subprocess.run(["sfc", "run", os.path.join(folder, "m.onnx"), "--no-batch", "--input",
                           os.path.join(folder, "x.npy"), "--output",
                           os.path.join(folder, "y.npy"), "--threads", "1", *words],
                          capture_output=True, text=True, errors="replace", timeout=120)
    return done.returncode, done.stderr


def check(folder, expected, words):
    """None: equal; else what is wrong. "refused" where that is allowed."""
    code, errors = run(folder, words)
    if code == 1 and REFUSED in errors:
        return "refused"
    if code != 0:
        return f"exit code {code}: {errors[:600]}"
    got = np.load(os.path.join(folder, "y.npy"))
    if got.shape != expected.shape:
        return f"shape {got.shape}, expected {expected.shape}"
    size = np.abs(expected).max(initial=1.0)
    if not np.allclose(got, expected, rtol=1e-3, atol=1e-4 * size):
        worst = np.unravel_index(np.abs(got - expected).argmax(), got.shape)
        return f"{worst} is {got[worst]}, expected {expected[worst]}"
    return None


def main():
    words = [w for w in sys.argv[1:] if w == "-" or not w.startswith("-")]
    count, work = int(words[0]), words[2]
    seed = 1000 * int(os.environ.get("SF_SEED", "1")) if words[1] == "-" else int(words[1])
    targets = [[]] if "--no-cpu" in sys.argv else [[], ["--target", "cpu"]]
    same = refused = wrong = 0
    for i in range(seed, seed + count):
        data, x, y = make_graph(random.Random(i))
        folder = os.path.join(work, str(i) if "--keep" in sys.argv else "graph")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "m.onnx"), "wb") as file:
            file.write(data)
        np.save(os.path.join(folder, "x.npy"), x)
        results = [check(folder, y, target) for target in targets]
        if all(r is None for r in results):
            same += 1
        elif all(r == "refused" for r in results):
            refused += 1
        else:
            wrong += 1
            print(f"graph {i}: {results}", flush=True)
    print(f"seed {seed}: {same} graphs equal, {refused} refused, {wrong} wrong")
    sys.exit(wrong > 0 or refused > same // 10)


if __name__ == "__main__":
    main()
