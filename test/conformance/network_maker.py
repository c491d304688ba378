"""Random small networks as text, drawn so that every row of a table is drawn often.

A row is an op, an attribute of one, a mode, a rounding or a neuron function (ROWS).
Every choice asks first for the row that lags most behind its share (Tally), then
chance. All of it follows from one seed: the same seed and number of networks give the
same texts.
"""
import collections
import functools
import random
import re
import subprocess

ROUNDINGS = ["floor", "ceil", "zero", "half-up", "half-away", "half-even"]
LIF = {"di": lambda r: r.choice([0, 410, 1024, 4096]),
       "dv": lambda r: r.choice([0, 128, 410, 4096]),
       "bias": lambda r: r.choice([0, 64, 1280, -640]),
       "vth": lambda r: 64 * r.randint(5, 40)}
RESONATOR = {"cos": lambda r: r.randint(3000, 4000), "sin": lambda r: r.randint(800, 2400),
             "vth": lambda r: 64 * r.randint(3, 20)}
LEAKY = {"dv": lambda r: r.choice([0, 128, 1024]), "theta": lambda r: r.randint(5, 40)}

# name: (operands, bits of each, param makers, element type emitted)
NEURONS = {
    "loihi_lif": (1, 24, LIF, "spike"),
    "loihi_lif_reset": (1, 24, {**LIF, "interval": lambda r: r.randint(3, 9),
                                "first": lambda r: r.randint(0, 4)}, "spike"),
    "if_int": (1, 24, {"theta": lambda r: r.randint(5, 40)}, "spike"),
    "if_int_zero": (1, 24, {"theta": lambda r: r.randint(5, 40)}, "spike"),
    "lif_int": (1, 24, LEAKY, "spike"),
    "lif_int_zero": (1, 24, LEAKY, "spike"),
    "stbif": (1, 32, {"d": lambda r: r.randint(8, 30), "q0": lambda r: r.randint(0, 20),
                      "smin": lambda r: r.randint(-3, 0),
                      "smax": lambda r: r.randint(2, 15)}, "i2"),
    "sigma_delta": (1, 24, {"bias": lambda r: 4096 * r.randint(-3, 3),
                            "vth": lambda r: 4096 * r.randint(1, 4)}, "i26"),
    "delta": (1, 20, {"vth": lambda r: 4096 * r.randint(1, 9)}, "i26"),
    "sigma": (1, 24, {}, "i32"),
    "rf": (2, 24, RESONATOR, "spike"),
    "rf_iz": (2, 24, RESONATOR, "spike"),
    "relay": (1, 24, {}, "i24"),
    "product": (2, 16, {}, "i32"),
    "noisy": (1, 24, {}, "spike"),
}
HOST_NEURONS = {  # all on f32
    "li": ({"beta": lambda r: r.choice([0.5, 0.875])}, "f32"),
    "if": ({"theta": lambda r: r.choice([0.75, 4.5])}, "spike"),
    "lif": ({"beta": lambda r: r.choice([0.5, 0.9])}, "spike"),
}
NOISY = """  neuron @noisy(%x: i24) -> spike {
    state %v: i32 = 0
    %r = rand
    %a = shr %r {shift = 26, round = floor} : i6
    %h = add.sat %v, %x : i32
    %u = add %a, 40 : i8
    %s = gt %h, %u
    %n = select %s, 0, %h
    next %v = %n
    emit %s
  }
"""
NARROW = ("spike", "i2", "i4", "i8")  # their sums fit the width of all targets
PROJECTIONS = ["linear", "sparse", "conv", "convt", "pool"]
ELEMENTWISE = ["add", "sub", "mul", "min", "max"]
OF_STREAMS = ELEMENTWISE + ["convert", "blob addend"]

# What only a part of the targets takes: it stands in every second network.
GENERAL = ({"mode sat", "@noisy", "neurons.seed", "sub", "mul", "min", "max", "convert",
            "blob addend"} | {"round " + r for r in ROUNDINGS if r != "half-away"})

F32_WAYS = ["convert.scale", "linear f32", "reduce mean", "pool avg"]  # from integers
HOST_ROWS = (["@" + n for n in HOST_NEURONS] + F32_WAYS +
             ["@count", "matmul", "reduce sum", "reduce max", "neurons.on"])
CHIP_ROWS = (
    PROJECTIONS + ELEMENTWISE +
    ["convert", "delay", "concat", "slice", "slice.step", "reshape", "transpose"] +
    [f"{op}.{a}" for op in PROJECTIONS[:4] for a in ("shift", "each")] +
    [f"{op}.{a}" for op in ("linear", "conv", "convt") for a in ("bias",)] +
    ["linear.delays", "sparse.delays", "shift negative"] +
    [f"{op}.{a}" for op in ("conv", "convt")
     for a in ("stride", "pad", "dilation", "groups", "one axis")] +
    ["convt.out_pad", "pool sum", "pool max", "pool.stride", "pool.pad"] +
    ["mode wrap", "mode sat", "mode none"] + ["round " + r for r in ROUNDINGS] +
    ["@" + n for n in NEURONS] +
    ["param a neuron", "neurons.start", "neurons.seed", "period", "recurrence",
     "addend twice", "blob addend", "input spike", "input i8"])
ROWS = CHIP_ROWS + HOST_ROWS


@functools.lru_cache(maxsize=None)
def neuron_text(name):
    if name == "noisy":
        return NOISY
    out = subprocess.run(["sfc", "neurons", name], check=True,
                         capture_output=True, text=True).stdout
    return re.search(r"(?ms)^ *neuron .*?^ *}\n", out).group(0)


class Tally:
    """How often each row was drawn, and how often it should have been by now."""

    def __init__(self, per_network):
        self.used = collections.Counter()
        self.per_network, self.share = per_network, 0.0

    def next_network(self):
        self.share += self.per_network

    def missing(self, row):
        return self.share - self.used[row]


def dims(shape):
    return "[" + ", ".join(map(str, shape)) + "]" if shape else ""


def size_of(shape):
    size = 1
    for d in shape:
        size *= d
    return size


class Network:
    """One network as text. `profile` "loihi": what every target should take.

    A stream is (name, shape, scalar)."""

    def __init__(self, seed, profile, tally):
        self.r = random.Random(seed)
        self.profile, self.tally = profile, tally
        tally.next_network()
        self.blobs, self.ops, self.used = [], [], collections.Counter()
        self.neurons, self.streams, self.results = [], [], []
        self.names = 0

    # ---- Choices.

    def use(self, row):
        self.used[row] += 1
        self.tally.used[row] += 1

    def legal(self, row):
        return self.profile == "general" or row not in GENERAL

    def wants(self, row, chance=0.1):
        """Draws what lags behind most of the time, the rest by chance."""
        if not self.legal(row):
            return False
        return self.r.random() < (0.9 if self.tally.missing(row) > 0 else chance)

    def choose(self, rows):
        rows = [row for row in rows if self.legal(row)]
        if self.r.random() < 0.2:
            return self.r.choice(rows)
        most = max(self.tally.missing(row) for row in rows)
        return self.r.choice([r for r in rows if self.tally.missing(r) == most])

    def choose_op(self, ops):
        """The op that lags most, itself or in one of its attributes and kinds."""
        def missing(op):
            return max(self.tally.missing(row) for row in CHIP_ROWS if self.legal(row) and
                       (row == op or re.match(op + "[ .]", row)))
        most = max(missing(op) for op in ops)
        if self.r.random() < 0.2:
            return self.r.choice(ops)
        return self.r.choice([op for op in ops if missing(op) == most])

    def lags(self, rows):
        return any(self.legal(row) and self.tally.missing(row) > 0 for row in rows)

    # ---- Text.

    def name(self, base):
        self.names += 1
        return f"{base}{self.names}"

    def blob(self, scalar, shape, values):
        name = self.name("w")
        text = ", ".join(map(str, values))
        self.blobs.append(f"  blob @{name} : {scalar}{dims(shape)} = dense [{text}]")
        return "@" + name

    def weights(self, shape):
        def one():
            if self.r.random() < 0.05:
                return self.r.choice([-128, 126])
            return self.r.choice([0, 0, 2, 4, -2, -6, 8, 12, 20, -14, 26])
        return self.blob("i9", shape, [one() for _ in range(size_of(shape))])

    def emit(self, op, scalar, shape, result=None):
        result = result or self.name("i")
        self.ops.append(f"    %{result} = {op} : {scalar}{dims(shape)}")
        return (result, shape, scalar)

    # ---- Before a projection: delays, moves, sums and the like of streams.

    def source(self):
        """A stream narrow enough to be weighed in the width of all targets."""
        found = [s for s in self.streams if s[2] in NARROW]
        small = [s for s in found if self.takes_elementwise(s)]
        return self.r.choice(small if small and self.lags(OF_STREAMS) else found)

    def takes_elementwise(self, s):
        """What it gives stays narrow, and the population that it becomes small."""
        return s[2] in ("spike", "i2") and size_of(s[1]) <= 60

    def delayed(self, s):
        self.use("delay")
        return self.emit(f"delay %{s[0]} {{steps = {self.r.randint(1, 4)}}}", s[2], s[1])

    def reshaped(self, s, shape):
        if list(s[1]) == list(shape):
            return s
        self.use("reshape")
        return self.emit(f"reshape %{s[0]}", s[2], shape)

    def flat(self, s):
        return self.reshaped(s, [size_of(s[1])])

    def elementwise(self, s):
        """Of the stream and itself some steps ago: both have one shape."""
        kind = self.choose(ELEMENTWISE + ["convert"])
        self.use(kind)
        if kind == "convert":
            return self.emit(f"convert %{s[0]}", "i4", s[1])
        if self.wants("blob addend", 0.2):
            self.use("blob addend")
            w = self.blob("i2", s[1], [self.r.randint(-1, 1) for _ in range(size_of(s[1]))])
            return self.emit(f"{kind} %{s[0]}, {w}", "i4", s[1])
        other = self.delayed(s)
        keeps = s[2] == "spike" and kind in ("mul", "min", "max")
        return self.emit(f"{kind} %{s[0]}, %{other[0]}", "spike" if keeps else "i4", s[1])

    def cut(self, s):
        s = self.flat(s)
        begin = self.r.randint(0, s[1][0] // 4)
        step = 2 if self.wants("slice.step", 0.3) else 1
        size = (s[1][0] - begin + step - 1) // step
        self.use("slice")
        text = f"slice %{s[0]} {{begin = [{begin}], end = [{s[1][0]}]"
        if step != 1:
            self.use("slice.step")
            text += f", step = [{step}]"
        return self.emit(text + "}", s[2], [size])

    def joined(self, s):
        others = [o for o in self.streams if o[2] == s[2] and size_of(o[1]) <= 20]
        if not others:
            return s
        a, b = self.flat(s), self.flat(self.r.choice(others))
        self.use("concat")
        return self.emit(f"concat %{a[0]}, %{b[0]} {{axis = 0}}", s[2],
                         [a[1][0] + b[1][0]])

    def turned(self, s):
        if len(s[1]) != 3:
            return s
        self.use("transpose")
        perm = self.r.choice([[0, 2, 1], [2, 0, 1], [1, 0, 2]])
        return self.emit(f"transpose %{s[0]} {{perm = {perm}}}", s[2],
                         [s[1][p] for p in perm])

    def prepared(self, s, flat):
        if self.wants("delay"):
            s = self.delayed(s)
        if self.wants("transpose") and not flat:
            s = self.turned(s)
        if self.takes_elementwise(s) and (self.lags(OF_STREAMS) or self.r.random() < 0.1):
            s = self.elementwise(s)
        if flat and size_of(s[1]) > 6 and (self.wants("slice") or self.wants("slice.step")):
            s = self.cut(s)
        if flat and size_of(s[1]) < 30 and self.wants("concat"):
            s = self.joined(s)
        return self.flat(s) if flat else s

    # ---- Projections: each gives a current of `bits` bits.

    def mode(self, s, bits, factor=1):
        """`factor`: what shifts multiply the sum by. Without a mode the sum must fit:
        at most 200 addends of 128 times the stream's largest value."""
        largest = {"spike": 1, "i2": 2, "i4": 8, "i8": 128}.get(s[2], 1 << 26)
        rows = ["mode wrap", "mode sat"]
        if 200 * 128 * largest * factor < 1 << (bits - 1):
            rows.append("mode none")
        row = self.choose(rows)
        self.use(row)
        return {"mode wrap": ".wrap", "mode sat": ".sat", "mode none": ""}[row]

    def shift(self, op):
        """Attributes that scale it. Loihi 2 rounds each product half away from zero,
        and sums not at all."""
        rules = ["round " + r for r in ROUNDINGS]
        wanted = [op + ".shift", op + ".each", "shift negative"]
        if not (self.lags(wanted + rules) or self.r.random() < 0.15):
            return []
        self.use(op + ".shift")
        if self.wants("shift negative", 0.1) and not self.lags(rules):
            self.use("shift negative")
            text = ["shift = -1"]
            if self.wants(op + ".each"):
                self.use(op + ".each")
                text.append("each = true")
            return text
        rule, each = "half-away", True
        if self.profile == "general":
            rule = self.choose(rules)[6:]
            each = self.wants(op + ".each", 0.5)
        self.use("round " + rule)
        text = [f"shift = {self.r.choice([1, 2])}", f"round = {rule}"]
        if each:
            self.use(op + ".each")
            text.append("each = true")
        return text

    def bias(self, op, size):
        if not self.wants(op + ".bias", 0.2):
            return ""
        self.use(op + ".bias")
        return ", " + self.blob("i13", [size], [self.r.randint(-9, 9) for _ in range(size)])

    def synaptic_delays(self, op, shape):
        if not self.wants(op + ".delays"):
            return []
        self.use(op + ".delays")
        values = [self.r.randint(0, 5) for _ in range(size_of(shape))]
        return [f"delays = {self.blob('i7', shape, values)}"]

    def project(self, op, s, operands, attrs, bits, shape):
        factor = 4 if any("shift = -" in a for a in attrs) else 1
        text = f" {{{', '.join(attrs)}}}" if attrs else ""
        self.use(op)
        return self.emit(f"{op}{self.mode(s, bits, factor)} %{s[0]}{operands}{text}",
                         f"i{bits}", shape)

    def linear(self, stream, bits, size):
        s = self.prepared(stream, True)
        shape = [size, s[1][0]]
        operands = ", " + self.weights(shape) + self.bias("linear", size)
        attrs = self.shift("linear") + self.synaptic_delays("linear", shape)
        return self.project("linear", s, operands, attrs, bits, [size])

    def sparse(self, stream, bits, size):
        s = self.prepared(stream, True)
        edges = sorted({(self.r.randrange(size), self.r.randrange(s[1][0]))
                        for _ in range(3 * size)})
        index = self.blob("i32", [len(edges), 2], [v for e in edges for v in e])
        operands = f", {index}, {self.weights([len(edges)])}"
        attrs = [f"rows = {size}"] + self.shift("sparse")
        attrs += self.synaptic_delays("sparse", [len(edges)])
        return self.project("sparse", s, operands, attrs, bits, [size])

    def window(self, op, row, value, others):
        """An attribute of a convolution: `value` when it is wanted."""
        return value if self.wants(f"{op}.{row}", 0.15) else others

    def window_attrs(self, op, stride, pad, dilation, groups):
        rows = [("stride", stride, 1), ("pad", pad, 0), ("dilation", dilation, 1),
                ("groups", groups, 1)]
        attrs = []
        for row, value, default in rows:
            if value != default:
                self.use(f"{op}.{row}")
                attrs.append(f"{row} = {value}")
        return attrs

    def convolution(self, op, stream, bits):
        s = self.prepared(stream, False)
        if len(s[1]) == 3 and self.wants(op + ".one axis", 0.1):
            s = self.reshaped(s, [s[1][0], s[1][1] * s[1][2]])
        c, image = s[1][0], s[1][1:]
        k = self.r.choice([2, 3] if self.lags([op + ".dilation", op + ".pad"]) else [1, 2, 3])
        stride = self.window(op, "stride", 2, 1)
        dilation = self.window(op, "dilation", 2, 1) if k > 1 else 1
        pad = self.window(op, "pad", 1, 0) if k > 1 or op == "conv" else 0
        groups = self.window(op, "groups", c, 1)
        wide = dilation * (k - 1) + 1
        more = 0
        if op == "convt" and max(stride, dilation) > 1 and self.wants("convt.out_pad", 0.2):
            more = 1
        if op == "convt":
            out = [(n - 1) * stride - 2 * pad + wide + more for n in image]
        else:
            out = [(n + 2 * pad - wide) // stride + 1 for n in image]
        o = groups * self.r.randint(1, 2 if groups > 1 else 3)
        if min(out) < 1 or size_of(out) * o > 150:
            return self.linear(s, bits, 6)
        if len(image) == 1:
            self.use(op + ".one axis")
        attrs = self.window_attrs(op, stride, pad, dilation, groups)
        if more:
            self.use("convt.out_pad")
            attrs.append("out_pad = 1")
        operands = ", " + self.weights([o, c // groups] + [k] * len(image))
        operands += self.bias(op, o)
        return self.project(op, s, operands, attrs + self.shift(op), bits, [o] + out)

    def pool(self, stream, bits):
        s = self.prepared(stream, False)
        c, h, w = s[1]
        kind = self.choose(["pool sum", "pool max"]) if s[2] == "spike" else "pool sum"
        least = 2 if self.lags(["pool.pad"]) and min(h, w) > 1 else 1
        kh, kw = (self.r.randint(least, max(least, min(3, n))) for n in (h, w))
        stride = 2 if self.wants("pool.stride", 0.3) else 1
        pad = 1 if min(kh, kw) > 1 and self.wants("pool.pad", 0.2) else 0
        shape = [c, (h + 2 * pad - kh) // stride + 1, (w + 2 * pad - kw) // stride + 1]
        attrs = [f"kind = {kind[5:]}", f"kernel = [{kh}, {kw}]", f"stride = {stride}"]
        if stride > 1:
            self.use("pool.stride")
        if pad:
            self.use("pool.pad")
            attrs.append("pad = 1")
        self.use("pool"), self.use(kind)
        attrs = f"{{{', '.join(attrs)}}}"
        if kind == "pool sum":
            return self.emit(f"pool{self.mode(s, bits)} %{s[0]} {attrs}", f"i{bits}", shape)
        most = self.emit(f"pool %{s[0]} {attrs}", "spike", shape)
        return self.linear(most, bits, self.r.choice([3, 5, 8]))

    def image(self, op):
        """A stream of three axes; with several channels when groups are wanted."""
        channels = 2 if op != "pool" and self.lags([op + ".groups"]) else 1
        images = [i for i in self.streams if len(i[1]) == 3 and i[2] in NARROW and
                  channels <= i[1][0] <= 8]
        if images:
            return self.r.choice(images)
        s = self.streams[0]  # at least 12 elements, a multiple of 4
        return self.reshaped(s, [2, 2, size_of(s[1]) // 4])

    def current(self, bits, shape=None):
        """A sum that a population of `shape` may take; None: any shape."""
        s = self.source()
        if shape is None:
            op = self.choose_op(PROJECTIONS)
            if op == "pool":
                return self.pool(self.image(op), bits)
            if op in ("conv", "convt"):
                return self.convolution(op, self.image(op), bits)
            size = self.r.choice([3, 5, 8])
        else:
            size, op = size_of(shape), self.choose_op(["linear", "sparse"])
        i = self.sparse(s, bits, size) if op == "sparse" else self.linear(s, bits, size)
        return i if shape is None else self.reshaped(i, shape)

    def added(self, a, b, bits):
        self.use("add")
        mode = self.choose(["mode wrap", "mode sat"])
        self.use(mode)
        return self.emit(f"add.{mode[5:]} %{a[0]}, %{b[0]}", f"i{bits}", a[1])

    # ---- Populations.

    def declare(self, neuron):
        if neuron not in self.neurons:
            self.neurons.append(neuron)

    def arguments(self, neuron, shape):
        args = []
        for param, make in NEURONS[neuron][2].items():
            if param in ("bias", "theta") and self.wants("param a neuron", 0.15):
                self.use("param a neuron")
                size = [shape[0]] + [1] * (len(shape) - 1)
                scalar = "i24" if param == "bias" and "lif" in neuron else "i32"
                values = [make(self.r) for _ in range(shape[0])]
                args.append(f"{param} = {self.blob(scalar, size, values)}")
            else:
                args.append(f"{param} = {make(self.r)}")
        if neuron != "noisy" and self.wants("neurons.start", 0.1):
            self.use("neurons.start")
            args.append(f"start = {self.r.randint(1, 4)}")
        if neuron == "noisy" and (self.lags(["neurons.seed"]) or self.r.random() < 0.5):
            self.use("neurons.seed")
            args.append(f"seed = {self.r.randint(1, 1 << 31)}")
        return f" {{{', '.join(args)}}}" if args else ""

    def population(self, neuron, currents, shape, result=None):
        self.declare(neuron)
        self.use("@" + neuron)
        operands = ", ".join("%" + c[0] for c in currents)
        out = self.emit(f"neurons @{neuron}({operands}){self.arguments(neuron, shape)}",
                        NEURONS[neuron][3], shape, result or self.name("h"))
        self.streams.append(out)
        self.results.append(out)

    def layer(self):
        neuron = self.choose(["@" + n for n in NEURONS])[1:]
        count, bits, _, scalar = NEURONS[neuron]
        if neuron == "noisy":
            return self.noise()
        first = self.current(bits)
        shape, result = first[1], self.name("h")
        if len(shape) == 1 and self.r.random() < 0.3:  # a second path
            first = self.added(first, self.current(bits, shape), bits)
        if self.wants("addend twice", 0.05):
            self.use("addend twice")
            first = self.added(first, first, bits)
        if len(shape) == 1 and scalar in ("spike", "i2") and self.wants("recurrence", 0.2):
            self.use("recurrence"), self.use("delay"), self.use("linear")
            back = self.emit(f"delay %{result} {{steps = {self.r.randint(1, 3)}}}",
                             scalar, shape)
            w = self.weights([shape[0], shape[0]])
            self.use("mode wrap")
            again = self.emit(f"linear.wrap %{back[0]}, {w}", f"i{bits}", shape)
            first = self.added(first, again, bits)
        currents = [first] + [self.current(bits, shape) for _ in range(count - 1)]
        self.population(neuron, currents, shape, result)

    def noise(self):
        """What is drawn depends on the step, so nothing may make it start later: only
        the delayed input reaches it."""
        s, size = self.flat(self.delayed(self.streams[0])), self.r.choice([3, 5, 8])
        w = self.weights([size, s[1][0]])
        i = self.project("linear", s, ", " + w, [], 24, [size])
        self.population("noisy", [i], i[1])

    # ---- The host's part: any type, any op.

    def as_f32(self, s):
        images = [i for i in self.streams[1:] if len(i[1]) == 3]
        way = self.choose([w for w in F32_WAYS if images or w != "pool avg"])
        s = self.r.choice(images) if way == "pool avg" else self.flat(s)
        if way == "linear f32":
            self.use(way)
            values = [self.r.choice([-0.5, 0.25, 1.5, 3.0, 0.1]) for _ in range(3 * s[1][0])]
            w = self.blob("f32", [3, s[1][0]], values)
            return self.emit(f"linear %{s[0]}, {w}", "f32", [3])
        self.use("convert.scale")
        f = self.emit(f"convert %{s[0]} {{scale = {self.r.choice([0.125, 0.3, 2.0])}}}",
                      "f32", s[1])
        if way == "pool avg":
            self.use(way)
            return self.emit(f"pool %{f[0]} {{kind = avg, kernel = [1, {s[1][2]}]}}", "f32",
                             [s[1][0], s[1][1], 1])
        if way == "reduce mean":
            self.use(way)
            return self.emit(f"reduce %{f[0]} {{kind = mean, axes = 0, keep = true}}",
                             "f32", [1])
        return f

    def for_host(self, neuron, s, args=""):
        self.declare(neuron)
        self.use("@" + neuron), self.use("neurons.on")
        scalar = {"count": "i32", "relay": "i24"}.get(neuron)
        scalar = scalar or HOST_NEURONS[neuron][1]
        self.results.append(self.emit(
            f"neurons @{neuron}(%{s[0]}) {{{args}on = host}}", scalar, s[1], self.name("o")))

    def integers(self, s):
        """Of a narrow stream: what is summed, compared and multiplied is small."""
        if self.wants("reduce sum", 0.3):
            self.use("reduce sum")
            s = self.emit(f"reduce %{s[0]} {{kind = sum, axes = 0, keep = true}}", "i16",
                          [1] + list(s[1][1:]))
        if len(s[1]) > 1 and self.wants("reduce max", 0.3):
            self.use("reduce max")
            axis = len(s[1]) - 1
            s = self.emit(f"reduce %{s[0]} {{kind = max, axes = {axis}}}", s[2], s[1][:-1])
        s = self.flat(s)
        a, b = self.reshaped(s, [1, s[1][0]]), self.reshaped(s, [s[1][0], 1])
        self.use("matmul")
        return self.emit(f"matmul %{a[0]}, %{b[0]}", "i24", [1, 1])

    def host_layer(self):
        row, s = self.choose(HOST_ROWS), self.r.choice(self.streams[1:])
        narrow = [n for n in self.streams[1:] if n[2] in ("spike", "i2")]
        spikes = [n for n in self.streams[1:] if n[2] == "spike"]
        if row[1:] in HOST_NEURONS or row in F32_WAYS:
            neuron = self.choose(["@" + n for n in HOST_NEURONS])[1:]
            params = HOST_NEURONS[neuron][0]
            args = "".join(f"{p} = {make(self.r)}, " for p, make in params.items())
            self.for_host(neuron, self.as_f32(s), args)
        elif row == "@count" and spikes:
            self.for_host("count", self.r.choice(spikes))
        elif narrow:
            images = [n for n in narrow if len(n[1]) > 1]
            self.for_host("relay", self.integers(self.r.choice(images or narrow)))

    # ---- The whole.

    def text(self):
        scalar = self.choose(["input spike", "input i8"])
        self.use(scalar)
        shape = self.r.choice([[12], [2, 4, 5], [1, 6, 6], [2, 4, 6]])
        self.streams.append(("x", shape, scalar[6:]))
        least, layers = self.r.randint(1, 4), 0
        while layers < least or (layers < 8 and self.lags(CHIP_ROWS)):
            self.layer()
            layers += 1
        for _ in range(6):
            if self.lags(HOST_ROWS):
                self.host_layer()
        period = ""
        if self.wants("period", 0.05):
            self.use("period")
            period = f", period = {self.r.randint(4, 7)}"
        types = ", ".join(f"{s[2]}{dims(s[1])}" for s in self.results)
        names = ", ".join("%" + s[0] for s in self.results)
        body = "\n".join(self.ops)
        neurons = "\n".join(neuron_text(n) for n in self.neurons)
        return ("module @random {\n" + "\n".join(self.blobs) + "\n" + neurons +
                f"\n  network @main(%x: {scalar[6:]}{dims(shape)}) -> ({types}) "
                f"{{steps = 12{period}}} {{\n{body}\n    return {names}\n  }}\n}}\n")
