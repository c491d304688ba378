"""Models of one step, whose states go in and out, and what they do step by step.

usage: onnx_spiking.py models FOLDER
       onnx_spiking.py compare FOLDER        models of FOLDER against themselves, fed back
       onnx_spiking.py unrolled FOLDER ..    unrolled models of FOLDER, and others, against themselves
       onnx_spiking.py random FOLDER COUNT   the same for random models
       onnx_spiking.py plif FOLDER WORK      spikingjelly's step files against its traces

A model is run twice: with its states as populations over T steps, and with `--state none`, one
step a run, its results being the arguments of the next run. Both must give the same bits.
"""
import os
import subprocess
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "support"))
import onnx_writer as onnx  # noqa: E402
from onnx_writer import graph, info, model, node, tensor  # noqa: E402

F32 = np.float32
N, STEPS = 6, 7  # samples and steps of a comparison


def f32(name, values):
    return tensor(name, np.array(values, F32))


def weights(name, rows, columns, seed):
    return f32(name, np.random.default_rng(seed).normal(0, 0.7, (rows, columns)))


def linear(x, w, y):
    return node("Gemm", [x, w], [y], transB=1)


def spike(v, threshold, out, greater="Greater"):
    """threshold compare and cast to float."""
    return [node(greater, [v, threshold], [out + "_bool"]), node("Cast", [out + "_bool"], [out], to=1)]


def step_model(nodes, inputs, outputs, initializers):
    return model(graph(nodes, [info(n, [1, k]) for n, k in inputs],
                       [info(n, [1, k]) for n, k in outputs], initializers))


def leaky():
    """Two layers, snnTorch's rule: subtract the threshold one step late."""
    nodes = []
    for i, (x, w) in enumerate([("x", "w1"), ("s1", "w2")], 1):
        nodes += [linear(x, w, f"i{i}"), *spike(f"m{i}", "th", f"r{i}"),
                  node("Mul", [f"m{i}", "beta"], [f"d{i}"]), node("Add", [f"d{i}", f"i{i}"], [f"a{i}"]),
                  node("Mul", [f"r{i}", "th"], [f"k{i}"]),
                  node("Sub", [f"a{i}", f"k{i}"], [f"m{i}_out"]), *spike(f"m{i}_out", "th", f"s{i}")]
    return step_model(nodes, [("x", 4), ("m1", 5), ("m2", 3)],
                      [("s2", 3), ("m1_out", 5), ("m2_out", 3)],
                      [weights("w1", 5, 4, 1), weights("w2", 3, 5, 2), f32("th", [0.5]),
                       f32("beta", [0.9])])


def channels():
    """A decay and a threshold by channel, reset to zero by Where, a floor and a ceiling."""
    nodes = [linear("x", "w", "i"), node("Mul", ["v_in", "decay"], ["d"]), node("Add", ["d", "i"], ["h"]),
             node("GreaterOrEqual", ["h", "th"], ["b"]), node("Where", ["b", "zero", "h"], ["n"]),
             node("Clip", ["n", "low", "high"], ["c"]), node("Relu", ["c"], ["p"]),
             node("Sub", ["c", "p"], ["q"]), node("Add", ["p", "q"], ["v"]),
             node("Cast", ["b"], ["s"], to=1)]
    return step_model(nodes, [("x", 4), ("v_in", 3)], [("s", 3), ("v", 3)],
                      [weights("w", 3, 4, 3), f32("decay", [0.5, 0.75, 0.9]), f32("th", [0.3, 0.5, 0.7]),
                       f32("zero", [0.0]), f32("low", -0.4), f32("high", 0.6)])


def synaptic():
    """A current and a membrane: one population with two states. The current is scaled."""
    nodes = [linear("x", "w", "g"), node("Mul", ["g", "gain"], ["i"]), node("Mul", ["syn", "alpha"], ["d"]),
             node("Add", ["d", "i"], ["syn_next"]), node("Mul", ["mem", "beta"], ["e"]),
             node("Add", ["e", "syn_next"], ["h"]), *spike("h", "th", "s"),
             node("Sub", ["one", "s"], ["keep"]), node("Mul", ["keep", "h"], ["mem_next"])]
    return step_model(nodes, [("x", 4), ("syn", 3), ("mem", 3)],
                      [("s", 3), ("syn_next", 3), ("mem_next", 3)],
                      [weights("w", 3, 4, 4), f32("alpha", [0.7]), f32("beta", [0.8]), f32("gain", [0.6]),
                       f32("th", [0.6]), f32("one", [1.0])])


def recurrent():
    """Spikes of the step before come back through weights: a delay; the reset reads them too."""
    nodes = [linear("x", "w", "i"), linear("spk_prev", "r", "back"), node("Add", ["i", "back"], ["sum"]),
             node("Mul", ["mem", "beta"], ["d"]), node("Add", ["d", "sum"], ["h"]),
             node("Mul", ["spk_prev", "th"], ["k"]), node("Sub", ["h", "k"], ["mem_new"]),
             *spike("mem_new", "th", "spk")]
    nodes += [node("Identity", ["spk"], ["out"])]
    return step_model(nodes, [("x", 4), ("spk_prev", 3), ("mem", 3)],
                      [("out", 3), ("spk", 3), ("mem_new", 3)],
                      [weights("w", 3, 4, 5), weights("r", 3, 3, 6), f32("beta", [0.8]), f32("th", [0.4])])


def readout():
    """The old membrane is read outside, and a reader stands between the ops of the population."""
    nodes = [*spike("v", "th", "r"), linear("r", "q", "y"), linear("v", "q", "z"), linear("x", "w", "i"),
             node("Mul", ["v", "beta"], ["d"]), node("Add", ["d", "i"], ["h"]),
             node("Sub", ["h", "r"], ["v_next"]), node("Add", ["y", "z"], ["out"])]
    return step_model(nodes, [("x", 4), ("v", 3)], [("out", 2), ("v_next", 3)],
                      [weights("w", 3, 4, 7), weights("q", 2, 3, 8), f32("beta", [0.8]), f32("th", [0.4])])


def sigmoid_gate():
    """The next membrane needs more than scalar code: a delay, if asked for."""
    nodes = [linear("x", "w", "i"), node("Sigmoid", ["v"], ["g"]), node("Mul", ["g", "i"], ["d"]),
             node("Add", ["d", "v"], ["h"]), *spike("h", "th", "s"), node("Sub", ["h", "s"], ["v_next"])]
    return step_model(nodes, [("x", 4), ("v", 3)], [("s", 3), ("v_next", 3)],
                      [weights("w", 3, 4, 9), f32("th", [0.4])])


def autoencoder():
    """Names alone make no state."""
    nodes = [linear("x", "w", "h"), node("Relu", ["h"], ["r"]), linear("r", "u", "x_out")]
    return step_model(nodes, [("x", 4)], [("x_out", 4)], [weights("w", 3, 4, 10), weights("u", 4, 3, 11)])


def constant_state():
    """A result that is its argument, and one of another shape."""
    nodes = [linear("x", "w", "i"), node("Add", ["v", "i"], ["h"]), *spike("h", "th", "s"),
             node("Sub", ["h", "s"], ["v_next"]), node("Identity", ["u"], ["u_next"]),
             linear("u", "w2", "t_next"), node("Add", ["s", "t"], ["y"])]
    return step_model(nodes, [("x", 4), ("v", 3), ("u", 4), ("t", 3)],
                      [("y", 3), ("v_next", 3), ("u_next", 4), ("t_next", 2)],
                      [weights("w", 3, 4, 12), weights("w2", 2, 4, 13), f32("th", [0.4])])


# ---- Unrolled models: x has ROWS rows, a step each. ----

ROWS = 5


def lif(i, x, v, w="w", th="th"):
    """Step i: the next membrane is v{i}, spikes s{i}."""
    return [linear(x, w, f"g{i}"), node("Mul", [v, "beta"], [f"d{i}"]), node("Add", [f"d{i}", f"g{i}"], [f"h{i}"]),
            *spike(f"h{i}", th, f"s{i}"), node("Sub", [f"h{i}", f"s{i}"], [f"v{i}"])]


def unrolled(start=0.0, odd="w", odd_th="th", rows=True):
    """Rows of the input one by one, or all of it in each step; spikes are stacked."""
    nodes = []
    for i in range(ROWS):
        if rows:
            nodes.append(node("Gather", ["x", f"n{i}"], [f"x{i}"], axis=0))
        last = i == ROWS - 2
        nodes += lif(i, f"x{i}" if rows else "x", f"v{i - 1}" if i else "start", odd if last else "w",
                     odd_th if last else "th")
        nodes.append(node("Unsqueeze", [f"s{i}", "axes"], [f"u{i}"]))
    nodes.append(node("Concat", [f"u{i}" for i in range(ROWS)], ["y"], axis=0))
    index = [tensor(f"n{i}", np.array(i, np.int64)) for i in range(ROWS)]
    return model(graph(nodes, [info("x", [ROWS, 1, 4] if rows else [1, 4])], [info("y", [ROWS, 1, 3])],
                       [weights("w", 3, 4, 14), weights("w_odd", 3, 4, 15), f32("beta", [0.8]), f32("th", [0.4]),
                        f32("th_odd", [0.5]), f32("start", np.full((1, 3), start)), *index,
                        tensor("axes", np.array([0], np.int64))]))


def rows():
    return unrolled()


def same_input():
    return unrolled(rows=False)


def other_weights():
    return unrolled(odd="w_odd")


def other_threshold():
    return unrolled(odd_th="th_odd")


def late_start():
    return unrolled(start=0.25)


def scan():
    """A Scan with a neuron as its body, and weights of the outer graph."""
    body = graph([*lif(0, "row", "v"), node("Identity", ["s0"], ["out"])], [info("v", [1, 3]), info("row", [1, 4])],
                 [info("v0", [1, 3]), info("out", [1, 3])])
    nodes = [node("Scan", ["zero", "x"], ["last", "y"], body=("graph", body), num_scan_inputs=1)]
    return model(graph(nodes, [info("x", [ROWS, 1, 4])], [info("y", [ROWS, 1, 3])],
                       [weights("w", 3, 4, 14), f32("beta", [0.8]), f32("th", [0.4]),
                        f32("zero", np.zeros((1, 3)))]))


def loop():
    """A Loop of a constant count that picks its row; step 0 has the zeros themselves."""
    body = graph([node("Gather", ["x", "i"], ["row"], axis=0), *lif(0, "row", "v"),
                  node("Identity", ["s0"], ["out"]), node("Identity", ["go"], ["go_on"])],
                 [info("i", [], onnx.INT64), info("go", [], onnx.BOOL), info("v", [1, 3])],
                 [info("go_on", [], onnx.BOOL), info("v0", [1, 3]), info("out", [1, 3])])
    nodes = [node("Loop", ["count", "", "zero"], ["last", "y"], body=("graph", body))]
    return model(graph(nodes, [info("x", [ROWS, 1, 4])], [info("y", [ROWS, 1, 3])],
                       [weights("w", 3, 4, 14), f32("beta", [0.8]), f32("th", [0.4]), f32("zero", np.zeros((1, 3))),
                        tensor("count", np.array(ROWS, np.int64))]))


def windows():
    """Equal layers on each row and thresholds, but no state: no steps."""
    nodes = []
    for i in range(ROWS):
        nodes += [node("Gather", ["x", f"n{i}"], [f"x{i}"], axis=0), linear(f"x{i}", "w", f"g{i}"),
                  *spike(f"g{i}", "th", f"s{i}"), node("Unsqueeze", [f"s{i}", "axes"], [f"u{i}"])]
    nodes.append(node("Concat", [f"u{i}" for i in range(ROWS)], ["y"], axis=0))
    index = [tensor(f"n{i}", np.array(i, np.int64)) for i in range(ROWS)]
    return model(graph(nodes, [info("x", [ROWS, 1, 4])], [info("y", [ROWS, 1, 3])],
                       [weights("w", 3, 4, 14), f32("th", [0.4]), *index, tensor("axes", np.array([0], np.int64))]))


UNROLLED = (rows, same_input, scan, loop, other_weights, other_threshold, late_start, windows)
MODELS = {f.__name__: f for f in (leaky, channels, synaptic, recurrent, readout, sigmoid_gate,
                                  autoencoder, constant_state, *UNROLLED)}


# ---- Running both ways. ----

def sfc(*words):
    done = subprocess.run(["sfc", "run", *words, "--threads", "1"], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"sfc run {' '.join(words)}\n{done.stderr}")


def fed_back(path, work, inputs, states, outputs, steps):
    """{result: [N, T, ..]}: `states` maps an argument to its next value."""
    size = {name: k for name, k in outputs}
    count = len(next(iter(inputs.values())))
    old = {a: np.zeros((count, size[r]), F32) for a, r in states.items()}
    seen = {name: [] for name, _ in outputs}
    for t in range(steps):
        words = [path, "--state", "none"]
        for name, values in {**{n: x[:, t] for n, x in inputs.items()}, **old}.items():
            np.save(f"{work}/in_{name}.npy", values)
            words += ["--input", f"{name}={work}/in_{name}.npy"]
        for i, (name, _) in enumerate(outputs):
            words += ["--output", f"{work}/out_{i}.npy"]
        sfc(*words)
        for i, (name, k) in enumerate(outputs):
            seen[name].append(np.load(f"{work}/out_{i}.npy").reshape(-1, k))
        old = {a: seen[r][-1] for a, r in states.items()}
    return {name: np.stack(values, 1) for name, values in seen.items()}


def in_steps(path, work, inputs, outputs, steps, *more, record=()):
    words = [path, "--steps", str(steps), *more]
    for name, values in inputs.items():
        np.save(f"{work}/all_{name}.npy", values)
        words += ["--input", f"{name}={work}/all_{name}.npy"]
    for i in range(len(outputs)):
        words += ["--output", f"{work}/y_{i}.npy"]
    for i, what in enumerate(record):
        words += ["--record", f"{what}={work}/r_{i}.npy"]
    sfc(*words)
    values = [np.load(f"{work}/y_{i}.npy") for i in range(len(outputs))]
    return values, [np.load(f"{work}/r_{i}.npy") for i in range(len(record))]


def same_bits(what, got, want):
    """A NaN is a NaN, whatever its payload."""
    got = got.astype(F32).reshape(want.shape)
    same = (got.view(np.uint32) == want.view(np.uint32)) | (np.isnan(got) & np.isnan(want))
    wrong = int((~same).sum())
    if wrong:
        sys.exit(f"{what}: {wrong} of {want.size} differ")


def compare(path, work, states, inputs, outputs, *more, seed=0):
    """Both ways and as CPU code; how many values were compared, and how many are not zero."""
    rng = np.random.default_rng(seed)
    x = {name: rng.normal(0, 1, (N, STEPS, k)).astype(F32) for name, k in inputs if name not in states}
    want = fed_back(path, work, x, states, outputs, STEPS)
    left = [name for name, _ in outputs if name not in states.values()]
    for target in ([], ["--target", "cpu"]):
        got, _ = in_steps(path, work, x, left, STEPS, *more, *target)
        for name, values in zip(left, got):
            same_bits(f"{os.path.basename(path)}{' on cpu' if target else ''}: {name}", values, want[name])
    return sum(want[n].size for n in left), sum(int((want[n] != 0).sum()) for n in left)


TABLES = {  # states, inputs, outputs, options
    "leaky": ({"m1": "m1_out", "m2": "m2_out"}, [("x", 4)], [("s2", 3), ("m1_out", 5), ("m2_out", 3)]),
    "channels": ({"v_in": "v"}, [("x", 4)], [("s", 3), ("v", 3)]),
    "synaptic": ({"syn": "syn_next", "mem": "mem_next"}, [("x", 4)],
                 [("s", 3), ("syn_next", 3), ("mem_next", 3)]),
    "recurrent": ({"spk_prev": "spk", "mem": "mem_new"}, [("x", 4)],
                  [("out", 3), ("spk", 3), ("mem_new", 3)]),
    "readout": ({"v": "v_next"}, [("x", 4)], [("out", 2), ("v_next", 3)]),
    "sigmoid_gate": ({"v": "v_next"}, [("x", 4)], [("s", 3), ("v_next", 3)], "--state", "v=v_next"),
}


def compare_unrolled(path, work, shape):
    """Folded, and as CPU code, against `--state none`: the same bits."""
    x = np.random.default_rng(3).normal(0, 1, (N, *shape)).astype(F32)
    np.save(f"{work}/x.npy", x)
    got = []
    for more in (["--state", "none"], [], ["--target", "cpu"]):
        sfc(path, "--input", f"{work}/x.npy", "--output", f"{work}/y.npy", *more)
        got.append(np.load(f"{work}/y.npy").astype(F32))
    for values in got[1:]:
        same_bits(os.path.basename(path), values, got[0])
    if not 0 < got[0].sum() < got[0].size:
        sys.exit(f"{path}: all or no spikes")
    print(f"{os.path.basename(path)}: {got[0].size} values unrolled, the same bits")


# ---- Random models. ----

def random_model(rng):
    """One to three states of one shape, random elementwise ops on them and on two projections."""
    states = [f"v{i}" for i in range(rng.integers(1, 4))]
    nodes = [linear("x", "w1", "i1"), linear("x", "w2", "i2"), node("Mul", ["v0", "cc"], ["d"]),
             node("Add", ["d", "i1"], ["t"])]
    values, flags = [*states, "i1", "i2", "t", *states], []
    for n in range(rng.integers(6, 16)):
        y, a, b = f"t{n}", *rng.choice(values, 2)
        constant = rng.choice(["c1", "c2", "cc", "zero", "one"])
        kind = rng.integers(0, 12)
        if kind < 6:
            op = ["Add", "Sub", "Mul", "Div", "Max", "Min"][rng.choice(6, p=[.3, .25, .25, .06, .07, .07])]
            pair = [a, b] if rng.random() < 0.5 else [a, constant] if rng.random() < 0.7 else [constant, a]
            nodes.append(node(op, pair, [y]))
        elif kind < 8:
            op = rng.choice(["Abs", "Relu", "Sqrt", "Floor", "Neg"], p=[.3, .3, .1, .2, .1])
            nodes.append(node(op, [a], [y]))
        elif kind == 8:
            nodes.append(node("Clip", [a, "low", "high"], [y]))
        elif kind == 9 and flags:
            nodes.append(node("Where", [rng.choice(flags), a, b], [y]))
        else:
            op = rng.choice(["Greater", "GreaterOrEqual", "Less", "LessOrEqual"])
            nodes.append(node(op, [a, rng.choice([b, constant])], [y + "_b"]))
            flags.append(y + "_b")
            nodes.append(node("Cast", [y + "_b"], [y], to=1))
        values.append(y)
    nodes += [node("Add", [values[-1], "t"], ["t_last"]), *spike("t_last", "c1", "s"),
              linear("s", "w3", "y")]
    made = [*[v for v in values if v.startswith("t")], "t_last", "t_last"]
    nodes += [node("Clip", [rng.choice(made), "low", "high"], [v + "_next"]) for v in states]
    outputs = [("s", 3), ("y", 2), *[(v + "_next", 3) for v in states]]
    constants = [weights("w1", 3, 4, rng.integers(99)), weights("w2", 3, 4, rng.integers(99)),
                 weights("w3", 2, 3, rng.integers(99)), f32("c1", [0.3]), f32("c2", [-0.7]),
                 f32("cc", [0.9, -0.2, 1.5]), f32("zero", [0.0]), f32("one", [1.0]), f32("low", -1.25),
                 f32("high", 1.75)]
    return states, outputs, step_model(nodes, [("x", 4), *[(v, 3) for v in states]], outputs, constants)


def compare_random(folder, count):
    active = folded = 0
    for seed in range(count):
        rng = np.random.default_rng(seed)
        states, outputs, made = random_model(rng)
        path = os.path.join(folder, f"random{seed}.onnx")
        with open(path, "wb") as file:
            file.write(made)
        table = {v: v + "_next" for v in states}
        text = subprocess.run(["sfc", "import", path], capture_output=True, text=True)
        folded += "state %" in text.stdout
        more = [word for v in states for word in ("--state", f"{v}={v}_next")]
        active += compare(path, folder, table, [("x", 4)], outputs, *more, seed=seed)[1]
    print(f"{count} random models the same; {folded} keep states in populations, {active} values are not zero")


# ---- spikingjelly's step files. ----

def plif(folder, work):
    """0 spikes differ from spikingjelly's in all steps; membranes are those of the model fed back."""
    traces = np.load(folder + "/traces.npz")
    x = (np.load(folder + "/input.npy").astype(F32) / F32(255)).reshape(-1, 1, 784)
    shapes = [tuple(traces[f"spikes_{j}_shape"]) for j in range(2)]
    want = [np.unpackbits(traces[f"spikes_{j}"])[:np.prod(s)].reshape(s).swapaxes(0, 1)
            for j, s in enumerate(shapes)]
    steps = shapes[0][0]
    x = np.repeat(x, steps, 1)
    outputs = [("spikes", 10), ("v0_next", 128), ("v1_next", 10)]
    for name in ("step_dynamo", "step_plain_dynamo"):
        path = f"{folder}/{name}.onnx"
        fed = fed_back(path, work, {"image": x}, {"v0": "v0_next", "v1": "v1_next"}, outputs, steps)
        got, (s0, s1, v0, v1) = in_steps(path, work, {"image": x}, ["spikes"], steps,
                                         record=("ge", "ge_1", "ge:v", "ge_1:v"))
        same_bits("membrane 0", v0, fed["v0_next"])
        same_bits("membrane 1", v1, fed["v1_next"])
        cpu, _ = in_steps(path, work, {"image": x}, ["spikes"], steps, "--target", "cpu")
        wrong = [int((a.reshape(b.shape) != b).sum()) for a, b in
                 ((s0, want[0]), (s1, want[1]), (got[0], want[1]), (cpu[0], want[1]))]
        far = [float(np.abs(v.swapaxes(0, 1) - traces[f"mem_{j}"]).max()) for j, v in ((0, v0), (1, v1))]
        print(f"{name}: spikes {int(s0.sum())} and {int(s1.sum())} in {steps} steps, {wrong} differ;"
              f" membranes within {'1e-5' if max(far) < 1e-5 else max(far)}")


def main():
    command, folder, *words = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    if command == "models":
        for name, make in MODELS.items():
            with open(os.path.join(folder, name + ".onnx"), "wb") as file:
                file.write(make())
    elif command == "compare":
        for name, (states, inputs, outputs, *more) in TABLES.items():
            count, active = compare(os.path.join(folder, name + ".onnx"), folder, states, inputs, outputs, *more)
            if not active:
                sys.exit(f"{name}: no spikes")
            print(f"{name}: {count} values, the same bits")
    elif command == "unrolled":
        for name in ("rows", "scan", "loop"):
            compare_unrolled(os.path.join(folder, name + ".onnx"), folder, (ROWS, 1, 4))
        compare_unrolled(os.path.join(folder, "same_input.onnx"), folder, (4,))
        for path in words:
            compare_unrolled(path, folder, (4,))
    elif command == "random":
        compare_random(folder, int(words[0]))
    elif command == "plif":
        os.makedirs(words[0], exist_ok=True)
        plif(folder, words[0])


if __name__ == "__main__":
    main()
