"""Random networks around random neuron functions."""
import numpy as np

from random_text import ROUNDS, NeuronText, Random, f32_text

SHAPES = [(3,), (5,), (2, 4), (2, 3, 4), (4, 3, 3), (2, 6), (3,), (5,), (2, 4),
          (2, 3, 4), (4, 3, 3), (2, 1, 3, 2), (1, 2, 1, 2, 1, 2, 1, 3)]
ANALOG = ["relu", "clip", "leaky_relu", "prelu", "elu", "gelu", "silu",
          "sigmoid", "tanh", "hardsigmoid", "hardswish", "exp", "erf", "sqrt",
          "abs", "floor", "div", "softmax", "layernorm", "rmsnorm",
          "groupnorm", "instancenorm", "batchnorm", "lrn", "log", "pow",
          "softplus"]


def type_text(scalar, shape):
    return scalar + ("[%s]" % ", ".join(map(str, shape)) if shape else "")


class NetworkText(Random):
    """`text` is a module; `inputs` an array [steps, shape..] an argument;
    `tolerant` the names of values that only agree within a tolerance."""

    def __init__(self, seed, analog=False):
        super().__init__(seed)
        self.blob_lines, self.neuron_lines, self.lines = [], [], []
        self.pool, self.count, self.tolerant = [], 0, set()
        self.arguments = []
        for n in range(1 + self.below(2)):
            scalar = "f32" if analog else self.pick(
                ["spike", "spike", "f32", "i8", "i5", "i16"])
            self.arguments.append(("%%x%d" % n, scalar, self.pick(SHAPES)))
        self.pool += self.arguments
        feedback = self.start_feedback()
        for _ in range(4 + self.below(8)):
            self.statement(analog)
        self.finish_feedback(feedback)
        self.period = self.pick([0, 0, 0, 3, 4])
        self.steps = 8
        self.inputs = [self.input(a) for a in self.arguments]
        self.text = self.assemble()

    def input(self, argument):
        _, scalar, shape = argument
        dtype = np.float32 if scalar == "f32" else np.int32
        out = np.zeros((self.steps - 2,) + shape, dtype)
        for index in np.ndindex(out.shape):
            if self.chance(0.6):
                out[index] = self.word(scalar)
        return out

    def assemble(self):
        head = ", ".join("%s: %s" % (n, type_text(s, sh))
                         for n, s, sh in self.arguments)
        name, scalar, shape = self.pool[-1]
        attrs = " {period = %d}" % self.period if self.period else ""
        return "module @m {\n%s\n%s\nnetwork @n(%s) -> (%s)%s {\n  %s\n" \
            "  return %s\n}\n}\n" % (
                "\n".join(self.blob_lines), "\n".join(self.neuron_lines), head,
                type_text(scalar, shape), attrs, "\n  ".join(self.lines), name)

    # ---- naming

    def fresh(self):
        self.count += 1
        return "%%v%d" % self.count

    def blob(self, scalar, shape, words=None):
        name = "@b%d" % len(self.blob_lines)
        if words is None:
            words = [self.word(scalar) for _ in range(int(np.prod(shape)))]
        text = [f32_text(w) if scalar == "f32" else str(w) for w in words]
        self.blob_lines.append("blob %s : %s = dense [%s]" % (
            name, type_text(scalar, shape), ", ".join(text)))
        return name

    def add(self, text, scalar, shape, tolerant=False, sources=()):
        name = self.fresh()
        self.lines.append("%s = %s : %s" % (name, text,
                                            type_text(scalar, shape)))
        self.pool.append((name, scalar, tuple(shape)))
        if tolerant or any(s in self.tolerant for s in sources):
            self.tolerant.add(name)
        return name

    def any(self, test):
        found = [p for p in self.pool if test(p) and p[0] not in self.tolerant]
        return self.pick(found) if found else None

    # ---- recurrence: a delay whose operand comes later

    def start_feedback(self):
        if self.chance(0.5):
            return None
        shape, scalar = self.pick([(3,), (5,)]), self.pick(["spike", "i8"])
        steps = 1 + self.below(3)
        name = self.fresh()
        self.lines.append("%s = delay %%loop {steps = %d} : %s" % (
            name, steps, type_text(scalar, shape)))
        self.pool.append((name, scalar, shape))
        return scalar, shape

    def finish_feedback(self, feedback):
        if not feedback:
            return
        scalar, shape = feedback
        a = self.any(lambda p: p[2] == shape)
        if not a:
            a = self.pool[-1]
            self.neurons([a])
            a = self.pool[-1]
        if a[2] != shape:
            self.linear_to(a, int(np.prod(shape)))
            a = self.pool[-1]
        before = len(self.lines)
        self.neurons([a], [scalar])
        self.lines[before] = self.lines[before].replace(
            self.pool[-1][0] + " =", "%loop =", 1)
        self.pool[-1] = ("%loop", scalar, shape)

    # ---- ops

    def statement(self, analog):
        names = ["linear", "linear", "conv", "convt", "sparse", "pooling",
                 "matmul", "elementwise", "elementwise", "reduce", "concat",
                 "slice", "reshape", "transpose", "convert", "delay",
                 "neuron_op", "neuron_op", "neuron_op", "quantize",
                 "dequantize", "argmax"]
        if analog:
            names = ["analog"] * 5 + ["linear", "conv", "pooling", "elementwise"]
        getattr(self, self.pick(names))()

    def sum_type(self, source_scalar):
        """Weight scalar, result scalar and attributes of a projection."""
        if source_scalar == "f32" or (source_scalar == "spike" and
                                      self.chance(0.3)):
            return "f32", "f32", "", []
        scalar = self.scalar_int()
        attrs = []
        if self.chance(0.5):
            attrs.append("shift = %d" % self.pick([1, 3, 7, 12, 20, -1, -5]))
            attrs.append("round = " + self.pick(ROUNDS))
            if self.chance(0.5):
                attrs.append("each = true")
        mode = self.mode(scalar)
        return self.scalar_int(), scalar, mode, attrs

    def delays(self, attrs, shape):
        if self.chance(0.3):
            words = [self.below(5) for _ in range(int(np.prod(shape)))]
            attrs.append("delays = " + self.blob("i7", shape, words))

    @staticmethod
    def attr_text(attrs):
        return " {%s}" % ", ".join(attrs) if attrs else ""

    def linear(self):
        a = self.pick(self.pool)
        if a[2]:
            self.linear_to(a, 1 + self.below(5))

    def linear_to(self, a, m):
        if m > 1 and len(a[2]) > 1 and a[2][-1] != np.prod(a[2]):
            pass
        weight, scalar, mode, attrs = self.sum_type(a[1])
        n = a[2][-1]
        uses = [a[0], self.blob(weight, (m, n))]
        if self.chance(0.5):
            uses.append(self.blob("f32" if scalar == "f32" else "i16", (m,)))
        self.delays(attrs, (m, n))
        self.add("linear%s %s%s" % (mode, ", ".join(uses),
                                    self.attr_text(attrs)),
                 scalar, a[2][:-1] + (m,), sources=[a[0]])

    def conv(self):
        self.window(False)

    def convt(self):
        self.window(True)

    def window(self, transposed):
        a = self.any(lambda p: len(p[2]) in (2, 3))
        if not a:
            return
        weight, scalar, mode, attrs = self.sum_type(a[1])
        d, c = len(a[2]) - 1, a[2][0]
        groups = self.pick([g for g in (1, 2, 4) if c % g == 0])
        o = groups * (1 + self.below(2))
        kernel = [1 + self.below(3) for _ in range(d)]
        stride = [1 + self.below(3) for _ in range(d)]
        dilation = [1 + self.below(2) for _ in range(d)]
        pad = [self.below(3) for _ in range(2 * d)]
        out_pad = [self.below(s) for s in stride]
        shape = []
        for n in range(d):
            reach = dilation[n] * (kernel[n] - 1) + 1
            if transposed:
                extent = ((a[2][1 + n] - 1) * stride[n] - pad[n] - pad[d + n] +
                          reach + out_pad[n])
            else:
                extent = (a[2][1 + n] + pad[n] + pad[d + n] - reach)
                extent = extent // stride[n] + 1 if extent >= 0 else 0
            if not 1 <= extent <= 12:
                return
            shape.append(extent)
        uses = [a[0], self.blob(weight, (o, c // groups, *kernel))]
        if self.chance(0.5):
            uses.append(self.blob("f32" if scalar == "f32" else "i16", (o,)))
        head = ["stride = %s" % stride, "pad = %s" % pad,
                "dilation = %s" % dilation, "groups = %d" % groups]
        if transposed:
            head.append("out_pad = %s" % out_pad)
        self.add("%s%s %s%s" % ("convt" if transposed else "conv", mode,
                                ", ".join(uses), self.attr_text(head + attrs)),
                 scalar, [o] + shape, sources=[a[0]])

    def sparse(self):
        a = self.any(lambda p: len(p[2]) == 1)
        if not a:
            return
        weight, scalar, mode, attrs = self.sum_type(a[1])
        rows, n = 1 + self.below(5), a[2][0]
        edges = [(i, j) for i in range(rows) for j in range(n)
                 if self.chance(0.5)]
        if not edges:
            return
        index = self.blob("i32", (len(edges), 2), [q for e in edges for q in e])
        weights = self.blob(weight, (len(edges),))
        self.delays(attrs, (len(edges),))
        self.add("sparse%s %s, %s, %s%s" % (
            mode, a[0], index, weights,
            self.attr_text(["rows = %d" % rows] + attrs)), scalar, (rows,))

    def pool_kind(self, a, mean):
        kinds = ["sum", "max"] + ([mean] if a[1] == "f32" else [])
        kind = self.pick(kinds)
        scalar, mode = a[1], ""
        if kind == "sum" and a[1] != "f32":
            scalar = self.scalar_int()
            mode = self.mode(scalar)
        return kind, scalar, mode

    def pooling(self):
        a = self.any(lambda p: len(p[2]) == 3)
        if not a:
            return
        kind, scalar, mode = self.pool_kind(a, "avg")
        kernel = [1 + self.below(3), 1 + self.below(3)]
        stride = [1 + self.below(2), 1 + self.below(3)]
        dilation = [self.pick([1, 1, 2]), self.pick([1, 1, 2])]
        pad = [self.below(k) for k in kernel * 2]
        shape = [a[2][0]]
        for n in range(2):
            reach = dilation[n] * (kernel[n] - 1) + 1
            extent = a[2][1 + n] + pad[n] + pad[2 + n] - reach
            if extent < 0 or (dilation[n] > a[2][1 + n] and pad[n]):
                return
            shape.append(extent // stride[n] + 1)
            last = (shape[-1] - 1) * stride[n] - pad[n]
            if last >= a[2][1 + n]:
                return
        attrs = ["kind = " + kind, "kernel = %s" % kernel,
                 "stride = %s" % stride, "pad = %s" % pad,
                 "dilation = %s" % dilation]
        if kind == "avg" and self.chance(0.5):
            attrs.append("count_pad = true")
        self.add("pool%s %s%s" % (mode, a[0], self.attr_text(attrs)), scalar,
                 shape, sources=[a[0]])

    def reduce(self):
        a = self.pick(self.pool)
        kind, scalar, mode = self.pool_kind(a, "mean")
        axes = [n for n in range(len(a[2])) if self.chance(0.5)]
        if not axes:
            return
        keep = self.chance(0.5)
        shape = [1 if n in axes else q for n, q in enumerate(a[2])
                 if keep or n not in axes]
        attrs = ["kind = " + kind, "axes = %s" % axes]
        if keep:
            attrs.append("keep = true")
        self.add("reduce%s %s%s" % (mode, a[0], self.attr_text(attrs)), scalar,
                 shape, sources=[a[0]])

    def matmul(self):
        a = self.any(lambda p: len(p[2]) >= 2)
        if not a:
            return
        swapped = a[2][:-2] + (a[2][-1], a[2][-2])
        perm = list(range(len(a[2]) - 2)) + [len(a[2]) - 1, len(a[2]) - 2]
        b = self.add("transpose %s {perm = %s}" % (a[0], perm), a[1], swapped)
        if len(swapped) > 2 and self.chance(0.5):
            b = self.add("slice %s {begin = 0, end = %s}" % (
                b, [1] + list(swapped[1:])), a[1], (1,) + swapped[1:])
        scalar = "f32" if a[1] == "f32" else self.scalar_int()
        self.add("matmul%s %s, %s" % (self.mode(scalar), a[0], b), scalar,
                 a[2][:-1] + (a[2][-2],))

    def elementwise(self):
        a = self.pick(self.pool)
        op = self.pick(["add", "sub", "mul", "min", "max"])
        if a[1] == "f32":
            scalar = "f32"
        elif a[1] == "spike" and op == "max" and self.chance(0.5):
            scalar = "spike"
        else:
            scalar = self.scalar_int()
        same = [p[0] for p in self.pool
                if p[2] == a[2] and (p[1] == "f32") == (a[1] == "f32") and
                (scalar != "spike" or p[1] == "spike")]
        b, tolerant = self.pick(same), []
        if self.chance(0.4) and scalar != "spike":
            shape = tuple(q if self.chance(0.5) else 1 for q in a[2])
            b = self.blob("f32" if scalar == "f32" else self.scalar_int(),
                          shape)
        elif a[2] and self.chance(0.3):
            a, b = self.narrowed(a, b)
        mode = "" if scalar in ("spike", "f32") else self.mode(scalar)
        self.add("%s%s %s, %s" % (op, mode, a[0], b), scalar, a[2],
                 sources=[a[0], b])

    def narrowed(self, a, b):
        """Streams that broadcast to the shape of `a`, on both sides."""
        ends = [[], []]
        for extent in a[2]:
            side = self.below(3)
            ends[0].append(1 if side == 0 else extent)
            ends[1].append(1 if side == 1 else extent)
        names = [self.add("slice %s {begin = 0, end = %s}" % (use, end),
                          [p[1] for p in self.pool if p[0] == use][0], end,
                          sources=[use])
                 for use, end in zip((a[0], b), ends)]
        return (names[0], a[1], a[2]), names[1]

    def concat(self):
        a = self.pick(self.pool)
        same = [p for p in self.pool if p[1] == a[1] and p[2] == a[2] and a[2]]
        if not same:
            return
        b, axis = self.pick(same), self.below(len(a[2]))
        shape = list(a[2])
        shape[axis] *= 2
        if np.prod(shape) < 100:
            self.add("concat %s, %s {axis = %d}" % (a[0], b[0], axis), a[1],
                     shape, sources=[a[0], b[0]])

    def slice(self):
        a = self.pick(self.pool)
        if not a[2]:
            return
        begin = [self.below(q) for q in a[2]]
        end = [self.integer(b + 1, q) for b, q in zip(begin, a[2])]
        step = [1 + self.below(2) for _ in a[2]]
        shape = [-((b - e) // s) for b, e, s in zip(begin, end, step)]
        for n in range(len(step)):
            if self.chance(0.3):
                begin[n], end[n] = end[n] - 1, begin[n] - 1
                step[n] = -step[n]
        self.add("slice %s {begin = %s, end = %s, step = %s}" % (
            a[0], begin, end, step), a[1], shape, sources=[a[0]])

    def reshape(self):
        a = self.pick(self.pool)
        use = a[0]
        if self.chance(0.3):
            use = self.blob(a[1], a[2])
        self.add("reshape %s" % use, a[1], (int(np.prod(a[2])),),
                 sources=[a[0]])

    def transpose(self):
        a = self.pick(self.pool)
        if a[2]:
            perm = [int(n) for n in self.r.permutation(len(a[2]))]
            self.add("transpose %s {perm = %s}" % (a[0], perm), a[1],
                     [a[2][n] for n in perm], sources=[a[0]])

    def convert(self):
        a = self.any(lambda p: True)
        scale = self.pick(["1.0", "0.1", "-3.5", "64.0", "1e-3", "0.0078125",
                           "1e30"])
        attrs = ["scale = " + scale]
        if a[1] == "f32" or self.chance(0.3):
            scalar = self.scalar_int()
            mode = self.pick([".sat", ".wrap"])
            if a[1] == "f32":
                attrs.append("round = " + self.pick(ROUNDS))
            else:
                attrs = []
        else:
            scalar, mode = "f32", ""
        self.add("convert%s %s%s" % (mode, a[0], self.attr_text(attrs)), scalar,
                 a[2])

    def delay(self):
        a = self.pick(self.pool)
        self.add("delay %s {steps = %d}" % (a[0], 1 + self.below(4)), a[1],
                 a[2], sources=[a[0]])

    def quantize(self):
        self.quantized(lambda p: p[1] == "f32" and p[2], "quantize")

    def dequantize(self):
        self.quantized(lambda p: p[1] not in ("f32", "spike") and p[2],
                       "dequantize")

    def quantized(self, test, op):
        a = self.any(test)
        if not a:
            return
        axis = self.below(len(a[2])) if self.chance(0.5) else None
        shape = (a[2][axis],) if axis is not None else ()
        count = int(np.prod(shape))
        scale = self.blob("f32", shape or (1,), [
            self.pick([0.5, 0.1, 3.0, 0.0078125]) for _ in range(count)])
        scalar = self.scalar_int() if op == "quantize" else "f32"
        uses = [a[0], scale]
        if self.chance(0.5):
            uses.append(self.blob(scalar if op == "quantize" else a[1],
                                  shape or (1,)))
        attrs = ["axis = %d" % axis] if axis is not None else []
        if op == "quantize":
            attrs += self.limits(scalar)
        self.add("%s %s%s" % (op, ", ".join(uses), self.attr_text(attrs)),
                 scalar, a[2])

    def limits(self, scalar):
        half = 2 ** (int(scalar[1:]) - 2)
        low, attrs = -half, []
        if self.chance(0.5):
            attrs.append("round = " + self.pick(ROUNDS))
        if self.chance(0.4):
            low = self.integer(-half, half)
            attrs.append("low = %d" % low)
        if self.chance(0.4):
            highest = min(half + 1, 2 * half - 1)  # of i2: 1
            attrs.append("high = %d" % self.integer(low, highest))
        return attrs

    def argmax(self):
        a = self.any(lambda p: len(p[2]) > 0 and p[1] != "spike")
        if not a:
            return
        axis = self.below(len(a[2]))
        keep = self.chance(0.5)
        shape = [1 if n == axis else q for n, q in enumerate(a[2])
                 if keep or n != axis]
        self.add("argmax %s {axis = %d%s}" % (
            a[0], axis, ", keep = true" if keep else ""), "i16", shape)

    # ---- populations

    def neuron_op(self):
        a = self.any(lambda p: True)
        same = [p for p in self.pool
                if p[2] == a[2] and p[0] not in self.tolerant]
        self.neurons([a] + ([self.pick(same)] if self.chance(0.4) else []))

    def neurons(self, operands, emits=None):
        name = "@f%d" % len(self.neuron_lines)
        shape = operands[0][2]
        emits = emits or [self.pick(["spike", "spike", self.scalar_int(),
                                     "f32"])
                          for _ in range(1 + self.chance(0.3))]
        function = NeuronText(self.below(2 ** 31), name,
                              [o[1] for o in operands], emits, self.blob)
        self.neuron_lines.append(function.text)
        attrs = []
        for param, scalar, default in function.params:
            choice = self.below(3)
            if choice == 0 and default is not None:
                continue
            if choice == 1:
                extents = [q if self.chance(0.6) else 1 for q in shape]
                value = self.blob(scalar, extents)
            else:
                value = function.literal(scalar)
            attrs.append("%s = %s" % (param[1:], value))
        if self.chance(0.3):
            attrs.append("start = %d" % self.below(4))
        if self.chance(0.3):
            attrs.append("seed = %d" % self.pick([1, 77, 2 ** 32 - 5]))
        results = [self.fresh() for _ in emits]
        types = [type_text(s, shape) for s in emits]
        self.lines.append("%s = neurons %s(%s)%s : %s" % (
            ", ".join(results), name, ", ".join(o[0] for o in operands),
            self.attr_text(attrs),
            types[0] if len(types) == 1 else "(%s)" % ", ".join(types)))
        for r, s in reversed(list(zip(results, emits))):
            self.pool.append((r, s, shape))

    # ---- analog ops

    def analog(self):
        op = self.pick(ANALOG)
        a = self.pick([p for p in self.pool if p[1] == "f32" and p[2]])
        uses, attrs, shape = [a[0]], [], a[2]
        positive = lambda count: [0.5 + abs(self.r.normal())
                                  for _ in range(count)]
        some = lambda count: [self.r.normal() for _ in range(count)]
        if op in ("prelu", "div"):
            uses.append(self.blob("f32", (shape[0],) + (1,) * (len(shape) - 1),
                                  positive(shape[0])))
        elif op == "clip":
            attrs += ["min = -0.5", "max = 0.75"]
        elif op in ("leaky_relu", "elu"):
            attrs.append("alpha = 0.3")
        elif op == "gelu" and self.chance(0.5):
            attrs.append("approximate = tanh")
        elif op == "softmax":
            attrs.append("axis = %d" % self.below(len(shape)))
        elif op in ("layernorm", "rmsnorm"):
            axis = self.below(len(shape))
            attrs.append("axis = %d" % axis)
            count = int(np.prod(shape[axis:]))
            uses.append(self.blob("f32", shape[axis:], positive(count)))
            if op == "layernorm" and self.chance(0.5):
                uses.append(self.blob("f32", shape[axis:], some(count)))
        elif op in ("groupnorm", "instancenorm", "batchnorm"):
            if len(shape) < 2:
                return
            c = shape[0]
            if op == "groupnorm":
                attrs.append("groups = %d" % self.pick(
                    [g for g in (1, 2, 4) if c % g == 0]))
            uses.append(self.blob("f32", (c,), positive(c)))
            uses.append(self.blob("f32", (c,), some(c)))
            if op == "batchnorm":
                uses.append(self.blob("f32", (c,), some(c)))
                uses.append(self.blob("f32", (c,), positive(c)))
        elif op == "lrn":
            if len(shape) < 2:
                return
            attrs += ["size = %d" % (1 + self.below(4)), "alpha = 0.3"]
        elif op == "pow":
            uses = [self.add("abs " + a[0], "f32", shape, True),
                    self.blob("f32", shape[:-1] + (1,), some(
                        int(np.prod(shape[:-1]))))]
        elif op in ("sqrt", "log"):
            b = self.add("abs " + a[0], "f32", shape, True)
            uses = [b]
        elif op == "exp":
            b = self.add("clip %s {min = -20.0, max = 20.0}" % a[0], "f32",
                         shape, True)
            uses = [b]
        self.add("%s %s%s" % (op, ", ".join(uses), self.attr_text(attrs)),
                 "f32", shape, True)
