"""Random networks in quantize/dequantize form, and what they must give.

The integer model is computed here with numpy from its definition (conversion.md 1.6):
S = clip(floor((sum w n + b + D div 2) / D), low, high), one integer D a channel. The
text that is written says the same with f32 scales: delta = s / D. D is odd, so no sum
lies between two levels, and rounding in f32 cannot choose another one.
"""
import numpy as np


def f32(x):
    return np.float32(x)


def number(x):
    text = repr(float(np.float32(x)))
    return text if "." in text or "e" in text or "inf" in text else text + ".0"


def dense(values):
    values = np.asarray(values)
    write = number if values.dtype.kind == "f" else lambda v: str(int(v))
    return "dense [" + ", ".join(write(v) for v in values.reshape(-1)) + "]"


def dims(shape):
    return "[" + ", ".join(str(d) for d in shape) + "]"


# ---- The arithmetic. --------------------------------------------------------------------


def windows(x, kernel, stride, pad, fill):
    """[c, ky, kx, oy, ox] of x [c, h, w]; pad: top, left, bottom, right."""
    x = np.pad(x, ((0, 0), (pad[0], pad[2]), (pad[1], pad[3])), constant_values=fill)
    view = np.lib.stride_tricks.sliding_window_view(x, kernel, axis=(1, 2))
    return view[:, ::stride, ::stride].transpose(0, 3, 4, 1, 2)


def conv(x, w, b, stride, pad, groups):
    out, inner = w.shape[0], w.shape[1]
    seen = windows(x, w.shape[2:], stride, pad, 0)
    per = out // groups
    parts = [np.einsum("oikl,iklyx->oyx", w[g * per:(g + 1) * per].astype(np.int64),
                       seen[g * inner:(g + 1) * inner].astype(np.int64))
             for g in range(groups)]
    return np.concatenate(parts) + b.astype(np.int64)[:, None, None]


def rounded(acc, d, low, high):
    d = np.asarray(d, dtype=np.int64).reshape((-1,) + (1,) * (acc.ndim - 1))
    return np.clip(np.floor_divide(acc + d // 2, d), low, high)


# ---- Networks. ---------------------------------------------------------------------------


class Stream:
    """A rounded value: its name, its shape, low and high, its steps one a channel."""

    def __init__(self, name, shape, low, high, scale, value):
        self.name, self.shape, self.low, self.high = name, shape, low, high
        self.scale, self.value = scale, value

    @property
    def type(self):
        bits = 2
        while self.low < -(1 << (bits - 1)) or self.high > (1 << (bits - 1)) - 1:
            bits += 1
        return f"i{bits}{dims(self.shape)}"


class Network:
    """Grows op by op; `value`s are lists, one array a sample."""

    def __init__(self, seed, samples=3, levels=16):
        self.rng = np.random.default_rng(seed)
        self.levels, self.samples = levels, samples
        self.blobs, self.lines, self.count = [], [], 0
        self.input = None

    def name(self, stem):
        self.count += 1
        return f"{stem}{self.count}"

    def blob(self, stem, values, scalar):
        name = self.name(stem)
        values = np.asarray(values)
        self.blobs.append(f"  blob @{name} : {scalar}{dims(values.shape)} = {dense(values)}")
        return "@" + name

    def line(self, name, text):
        self.lines.append(f"    %{name} = {text}")

    # ---- rounding

    def inputs(self, shape, signed=False):
        low, high = (-128, 127) if signed else (0, 255)
        step = np.float32(1 / 255 if not signed else 1 / 64)
        self.input_shape = shape
        self.x = [(self.rng.random(shape) * (1.2 if not signed else 5)
                   - (0.1 if not signed else 2.5)).astype(np.float32)
                  for _ in range(self.samples)]
        value = [np.clip(np.floor((x / step).astype(np.float64) + 0.5), low, high)
                 .astype(np.int64) for x in self.x]
        q = self.name("q")
        s = self.blob("s", np.array(step), "f32").replace("[]", "")
        self.blobs[-1] = self.blobs[-1].replace("f32[]", "f32").replace(
            "dense [" + number(step) + "]", "splat " + number(step))
        stream = Stream(q, shape, low, high, np.array([step], np.float32), value)
        self.line(q, f"quantize %x, {s} {{round = half-up, low = {low}, high = {high}}} "
                     f": {stream.type}")
        return stream

    def site(self, accumulators, shape, kind="relu", spread=2.0):
        """Rounds a list of sums [c, ..]; %name is its value in the text."""
        name, sums = accumulators
        channels = shape[0]
        top = self.levels - 1
        low, high = (0, top) if kind != "id" else (-(self.levels // 2), self.levels // 2 - 1)
        size = np.maximum(1, np.array([max(np.abs(s[c]).max() for s in sums)
                                       for c in range(channels)]))
        d = np.maximum(1, (size / (top * spread)).astype(np.int64)) | 1
        scale = (self.rng.random(channels) * 0.02 + 0.01).astype(np.float32)
        delta = (scale.astype(np.float64) / d).astype(np.float32)
        if kind == "clip":
            # Below the last level of some channels, on no border between levels.
            limit = np.float32(scale.min() * (high - 2) + scale.min() * 0.2)
            bounds = np.floor(limit / scale.astype(np.float64) + 0.5).astype(np.int64)
            top_of = np.minimum(high, bounds)
        else:
            top_of = np.full(channels, high)
        top_of = top_of.reshape((-1,) + (1,) * (len(shape) - 1))
        value = [np.minimum(rounded(s, d, low, high), top_of) for s in sums]
        f, q = self.name("f"), self.name("q")
        self.line(f, f"dequantize %{name}, {self.blob('delta', delta, 'f32')} {{axis = 0}} "
                     f": f32{dims(shape)}")
        if kind == "relu":
            r = self.name("r")
            self.line(r, f"relu %{f} : f32{dims(shape)}")
            f = r
        if kind == "clip":
            r = self.name("r")
            self.line(r, f"clip %{f} {{min = 0.0, max = {number(limit)}}} : f32{dims(shape)}")
            f = r
        stream = Stream(q, shape, low, high, scale, value)
        self.line(q, f"quantize %{f}, {self.blob('s', scale, 'f32')} {{axis = 0, "
                     f"round = half-up, low = {low}, high = {high}}} : {stream.type}")
        return stream

    def table(self, x, kind):
        """A function of a rounded value that is no staircase of equal steps, rounded.

        Its values lie no nearer than 1e-3 of a step to a border between levels, or the
        f32 of the interpreter might choose the other one: `spread` moves them off.
        """
        function = {
            "sigmoid": lambda v: 1 / (1 + np.exp(-v)),
            "hardswish": lambda v: v * np.clip(v / 6 + 0.5, 0, 1),
            "dip": lambda v: np.abs(v) - 0.5,  # from the least to the largest level at once
        }[kind]
        low, high = {"sigmoid": (0, self.levels - 1), "hardswish": (-2, self.levels - 1),
                     "dip": (-self.levels, self.levels - 1)}[kind]
        steps = np.arange(x.low, x.high + 1)
        scale, out = np.float32(0.37), np.float32(1 / (self.levels - 2))
        if kind == "dip":
            scale, out = np.float32(1), np.float32(1 / 32)
        if kind == "hardswish":
            out = np.float32(scale * x.high / self.levels)
        for _ in range(100):
            exact = function(steps * np.float64(scale)) / np.float64(out)
            if np.abs(exact - np.floor(exact) - 0.5).min() > 1e-3:
                break
            scale = np.float32(scale * 1.01)
        levels = np.clip(np.floor(exact + 0.5), low, high).astype(np.int64)
        value = [levels[v - x.low] for v in x.value]
        f, g, q = self.name("f"), self.name("g"), self.name("q")
        self.line(f, f"dequantize %{x.name}, {self.scalar('s', scale)} : f32{dims(x.shape)}")
        if kind == "dip":
            self.line(g, f"abs %{f} : f32{dims(x.shape)}")
            f, g = g, self.name("g")
            half = self.blob("half", np.full((1,) * len(x.shape), 0.5, np.float32), "f32")
            self.line(g, f"sub %{f}, {half} : f32{dims(x.shape)}")
        else:
            self.line(g, f"{kind} %{f} : f32{dims(x.shape)}")
        stream = Stream(q, x.shape, low, high,
                        np.full(x.shape[0], out, np.float32), value)
        self.line(q, f"quantize %{g}, {self.scalar('s', out)} {{round = half-up, "
                     f"low = {low}, high = {high}}} : {stream.type}")
        return stream

    def scalar(self, stem, value):
        name = self.name(stem)
        self.blobs.append(f"  blob @{name} : f32 = splat {number(value)}")
        return "@" + name

    def average(self, x, kernel, stride, pad, kind="id"):
        """An f32 average without its padding, rounded; `quantize` makes it integer.

        The sum of a window times L / count, in parts of L: one odd divisor a channel.
        """
        sums, whole, _ = self.parts(x, kernel, stride, pad)
        shape = sums[0].shape
        low, high = (0, self.levels - 1) if kind == "relu" else (
            -(self.levels // 2), self.levels // 2 - 1)
        size = np.array([max(np.abs(s[c]).max() for s in sums) for c in range(shape[0])])
        d = np.maximum(1, size // (2 * high)) | 1
        out = (x.scale.astype(np.float64) * d / whole).astype(np.float32)
        f, g, q = self.name("f"), self.name("g"), self.name("q")
        self.line(f, f"dequantize %{x.name}, {self.blob('s', x.scale, 'f32')} {{axis = 0}} "
                     f": f32{dims(x.shape)}")
        self.line(g, f"pool %{f} {{kind = avg, kernel = {kernel}, stride = {stride}, "
                     f"pad = {dims(pad)}}} : f32{dims(shape)}")
        if kind == "relu":
            f, g = g, self.name("r")
            self.line(g, f"relu %{f} : f32{dims(shape)}")
        stream = Stream(q, shape, low, high, out, [rounded(s, d, low, high) for s in sums])
        self.line(q, f"quantize %{g}, {self.blob('s', out, 'f32')} {{axis = 0, "
                     f"round = half-up, low = {low}, high = {high}}} : {stream.type}")
        return stream

    def normalized(self, x, size, alpha=0.05, beta=0.75, bias=2.0):
        """Local response normalization between two roundings: `quantize` makes it a table."""
        step, out = np.float32(0.11), np.float32(0.11 / 12)
        channels = x.shape[0]
        value = []
        for v in x.value:
            squares = np.stack([(v[max(0, c - (size - 1) // 2):c + size // 2 + 1] ** 2)
                                .sum(axis=0) for c in range(channels)])
            total = np.float64(step) ** 2 * squares
            scale = np.power(float(np.float32(bias)) + float(np.float32(alpha)) / size * total,
                             float(np.float32(beta)))
            exact = np.float64(step) * v / scale / np.float64(out)
            assert np.abs(exact - np.floor(exact) - 0.5).min() > 1e-9
            value.append(np.clip(np.floor(exact + 0.5), 0, 255).astype(np.int64))
        f, g, q = self.name("f"), self.name("g"), self.name("q")
        self.line(f, f"dequantize %{x.name}, {self.scalar('s', step)} : f32{dims(x.shape)}")
        self.line(g, f"lrn %{f} {{size = {size}, alpha = {number(alpha)}, "
                     f"beta = {number(beta)}, bias = {number(bias)}}} : f32{dims(x.shape)}")
        stream = Stream(q, x.shape, 0, 255, np.full(channels, out, np.float32), value)
        self.line(q, f"quantize %{g}, {self.scalar('s', out)} {{round = half-up, low = 0, "
                     f"high = 255}} : {stream.type}")
        return stream

    # ---- sums

    @staticmethod
    def parts(x, kernel, stride, pad):
        """Sums of windows in equal parts, parts of a whole, and the factor of a place."""
        count = windows(np.ones((1,) + x.shape[1:], np.int64), (kernel, kernel), stride, pad,
                        0).sum(axis=(1, 2))
        whole = int(np.lcm.reduce(count.reshape(-1)))
        factor = whole // count
        return [windows(v, (kernel, kernel), stride, pad, 0).sum(axis=(1, 2)) * factor
                for v in x.value], whole, factor

    def part_sums(self, x, kernel, stride, pad):
        """The average as integers that sums read, in parts of a level."""
        value, whole, factor = self.parts(x, kernel, stride, pad)
        a, m = self.name("a"), self.name("a")
        bound = int(factor.max()) * kernel * kernel
        out = Stream(m, value[0].shape, x.low * bound, x.high * bound, x.scale / whole, value)
        kind = out.type
        self.line(a, f"pool %{x.name} {{kind = sum, kernel = {kernel}, stride = {stride}, "
                     f"pad = {dims(pad)}}} : {kind}")
        self.line(m, f"mul %{a}, {self.blob('places', factor, 'i16')} : {kind}")
        return out

    def offset(self, a, shape):
        """A constant an element, as of a position."""
        name, c = self.name("a"), self.rng.integers(-500, 501, shape)
        self.line(name, f"add %{a[0]}, {self.blob('c', c, 'i32')} : i32{dims(shape)}")
        return name, [s + c for s in a[1]]

    def weights(self, shape, bits=8):
        most = (1 << (bits - 1)) - 1
        return self.rng.integers(-most, most + 1, shape)

    def conv(self, x, out, kernel=3, stride=1, pad=1, groups=1, bias=True):
        w = self.weights((out, x.shape[0] // groups, kernel, kernel))
        b = self.rng.integers(-400, 401, out) if bias else np.zeros(out, np.int64)
        sums = [conv(v, w, b, stride, (pad,) * 4, groups) for v in x.value]
        a = self.name("a")
        words = f"conv %{x.name}, {self.blob('w', w, 'i8')}"
        if bias:
            words += f", {self.blob('b', b, 'i32')}"
        shape = sums[0].shape
        self.line(a, f"{words} {{stride = {stride}, pad = {pad}, groups = {groups}}} "
                     f": i32{dims(shape)}")
        return (a, sums), shape

    def add(self, a, b, shape):
        name = self.name("a")
        self.line(name, f"add %{a[0]}, %{b[0]} : i32{dims(shape)}")
        return (name, [p + q for p, q in zip(a[1], b[1])])

    def scaled(self, x):
        """One weight a channel: into the grid of another branch."""
        weights = self.rng.integers(1, 100, x.shape[0])
        shape = (x.shape[0],) + (1,) * (len(x.shape) - 1)
        name = self.name("a")
        self.line(name, f"mul %{x.name}, {self.blob('m', weights.reshape(shape), 'i8')} "
                        f": i32{dims(x.shape)}")
        return (name, [v * weights.reshape(shape) for v in x.value])

    def pool_sum(self, x, kernel):
        sums = [windows(v, (kernel, kernel), kernel, (0,) * 4, 0).sum(axis=(1, 2))
                for v in x.value]
        shape = sums[0].shape
        a = self.name("a")
        self.line(a, f"pool %{x.name} {{kind = sum, kernel = {kernel}, stride = {kernel}}} "
                     f": i32{dims(shape)}")
        return (a, sums), shape

    def linear(self, x, out, bias=True):
        n = int(np.prod(x.shape))
        w = self.weights((out, n))
        b = self.rng.integers(-400, 401, out) if bias else np.zeros(out, np.int64)
        sums = [w @ v.reshape(-1) + b for v in x.value]
        name = x.name
        if len(x.shape) > 1:
            name = self.name("v")
            self.line(name, f"reshape %{x.name} : {x.type.split('[')[0]}[{n}]")
        a = self.name("a")
        words = f"linear %{name}, {self.blob('w', w, 'i8')}"
        if bias:
            words += f", {self.blob('b', b, 'i32')}"
        self.line(a, f"{words} : i32[{out}]")
        return (a, sums), (out,)

    # ---- moves and maxima

    def pool_max(self, x, kernel, stride, pad=(0, 0, 0, 0)):
        value = [windows(v, (kernel, kernel), stride, pad, x.low).max(axis=(1, 2))
                 for v in x.value]
        out = Stream(self.name("p"), value[0].shape, x.low, x.high, x.scale, value)
        self.line(out.name, f"pool %{x.name} {{kind = max, kernel = {kernel}, "
                            f"stride = {stride}, pad = {dims(pad)}}} : {out.type}")
        return out

    def concat(self, a, b):
        value = [np.concatenate([p, q]) for p, q in zip(a.value, b.value)]
        out = Stream(self.name("j"), value[0].shape, min(a.low, b.low), max(a.high, b.high),
                     np.concatenate([a.scale, b.scale]), value)
        self.line(out.name, f"concat %{a.name}, %{b.name} {{axis = 0}} : {out.type}")
        return out

    def maximum(self, a, b):
        value = [np.maximum(p, q) for p, q in zip(a.value, b.value)]
        out = Stream(self.name("m"), a.shape, min(a.low, b.low), max(a.high, b.high),
                     a.scale, value)
        self.line(out.name, f"max %{a.name}, %{b.name} : {out.type}")
        return out

    # ---- the end

    def finish(self, accumulators, shape, softmax=True):
        name, self.expected = accumulators
        f = self.name("f")
        last = self.blob("s", np.array([0.0078125], np.float32), "f32")
        self.blobs[-1] = self.blobs[-1].replace("f32[1]", "f32").replace(
            "dense [0.0078125]", "splat 0.0078125")
        self.line(f, f"dequantize %{name}, {last} : f32{dims(shape)}")
        if softmax:
            y = self.name("y")
            self.line(y, f"softmax %{f} : f32{dims(shape)}")
            f = y
        self.result, self.result_shape = f, shape

    def text(self):
        return "\n".join(
            ["module @qdq {"] + self.blobs +
            [f"  network @main(%x: f32{dims(self.input_shape)}) -> "
             f"(f32{dims(self.result_shape)}) {{"] + self.lines +
            [f"    return %{self.result}", "  }", "}", ""])


def residual(seed, samples=3):
    n = Network(seed, samples)
    x = n.inputs((2, 6, 6))
    a, shape = n.conv(x, 4)
    h = n.site(a, shape)
    a, shape = n.conv(h, 4)
    g = n.site(a, shape)
    b, shape = n.conv(g, 4, kernel=1, pad=0)
    r = n.site(n.add(b, n.scaled(h), shape), shape)
    a, shape = n.pool_sum(r, 2)
    p = n.site(a, shape)
    n.finish(*n.linear(p, 5))
    return n


def depthwise(seed, samples=3):
    n = Network(seed, samples)
    x = n.inputs((3, 6, 6), signed=True)
    a, shape = n.conv(x, 6, groups=3)
    h = n.site(a, shape, "clip")
    a, shape = n.conv(h, 6, groups=6, stride=2, bias=False)
    d = n.site(a, shape)
    a, shape = n.conv(d, 4, kernel=1, pad=0)
    n.finish(*n.linear(n.site(a, shape, "id"), 5), softmax=False)
    return n


def pools(seed, samples=3):
    n = Network(seed, samples)
    x = n.inputs((1, 8, 8))
    a, shape = n.conv(x, 3)
    h = n.site(a, shape)
    p = n.pool_max(h, 2, 2)
    a, shape = n.conv(p, 3)
    g = n.site(a, shape)
    m = n.pool_max(g, 3, 2, (1, 1, 1, 1))
    k = n.pool_max(m, 2, 1)
    n.finish(*n.linear(k, 4))
    return n


def joined(seed, samples=3):
    n = Network(seed, samples)
    x = n.inputs((2, 5, 5))
    a, shape = n.conv(x, 3)
    h = n.site(a, shape)
    b, shape = n.conv(x, 3, kernel=1, pad=0)
    g = n.site(b, shape)
    j = n.concat(h, g)
    a, shape = n.conv(j, 4, pad=0, groups=2)
    k = n.site(a, shape)
    c, _ = n.conv(h, 4, pad=0)
    m = n.maximum(k, n.site(c, shape))
    n.finish(*n.linear(m, 4))
    return n


def tables(seed, samples=3):
    """Sigmoid and hard swish between two roundings, one of them joined with others."""
    n = Network(seed, samples)
    x = n.inputs((2, 5, 5), signed=True)
    a, shape = n.conv(x, 3)
    g = n.table(n.site(a, shape, "id", 1.0), "sigmoid")
    b, _ = n.conv(x, 3, kernel=1, pad=0)
    j = n.concat(g, n.site(b, shape))
    a, shape = n.conv(j, 4)
    h = n.table(n.site(a, shape, "id", 1.0), "hardswish")
    n.finish(*n.linear(h, 4))
    return n


def signed_pools(seed, samples=3):
    """Maxima of levels below zero, whose padding must not win with its 0."""
    n = Network(seed, samples)
    x = n.inputs((1, 8, 8), signed=True)
    a, shape = n.conv(x, 3)
    for s in a[1]:  # most sums are below zero, or a 0 would win unseen
        s -= 20000
    b = n.rng.integers(0, 1, 3) - 20000
    name = n.name("a")
    n.line(name, f"add %{a[0]}, {n.blob('b', b.reshape(3, 1, 1), 'i32')} : i32{dims(shape)}")
    m = n.pool_max(n.site((name, a[1]), shape, "id"), 3, 2, (1, 1, 1, 1))
    a, shape = n.conv(n.pool_max(m, 2, 1, (0, 1, 1, 0)), 3)
    k = n.pool_max(n.site(a, shape, "id"), 3, 1, (1, 0, 1, 2))
    n.finish(*n.linear(k, 4))
    return n


def averages(seed, samples=3):
    """Padded average pools: rounded, of signed levels too, and read by sums."""
    n = Network(seed, samples)
    x = n.inputs((2, 7, 7))
    a, shape = n.conv(x, 3)
    h = n.site(n.offset(a, shape), shape)
    p = n.average(h, 3, 2, (1, 1, 1, 1), "relu")
    a, shape = n.conv(n.part_sums(h, 3, 2, (1, 1, 1, 1)), 3, kernel=1, pad=0)
    j = n.concat(p, n.average(n.site(a, shape, "id"), 2, 1, (0, 1, 1, 0), "relu"))
    a, shape = n.conv(j, 4, pad=0)
    n.finish(*n.linear(n.site(n.offset(a, shape), shape), 4))
    return n


def joined_tables(seed, samples=3):
    """Levels below zero from a table, whose differences are wider than what they join."""
    n = Network(seed, samples)
    x = n.inputs((2, 5, 5), signed=True)
    a, shape = n.conv(x, 3)
    h = n.site(a, shape)  # sums of its spikes change for many steps
    g = n.table(n.site(n.conv(h, 3)[0], shape, "id", 1.0), "hardswish")
    t = n.table(n.site(n.conv(h, 3)[0], shape, "id", 0.3), "dip")
    j = n.concat(t, g)
    a, shape = n.conv(n.pool_max(j, 3, 2, (1, 1, 1, 1)), 4)
    n.finish(*n.linear(n.site(a, shape, "id"), 4))
    return n


def normalized(seed, samples=3):
    """Two local response normalizations, of windows of odd and of even size."""
    n = Network(seed, samples)
    x = n.inputs((2, 6, 6))
    a, shape = n.conv(x, 7)
    h = n.normalized(n.pool_max(n.site(a, shape), 3, 2, (1, 1, 1, 1)), 5)
    a, shape = n.conv(h, 4)
    h = n.pool_max(n.normalized(n.site(a, shape), 4), 2, 1)
    a, shape = n.conv(h, 3)
    n.finish(*n.linear(n.site(a, shape), 4))
    return n


def mixed(seed, samples=3):
    """Any of the ops, in any order."""
    n = Network(seed, samples)
    side = int(n.rng.integers(5, 9))
    x = n.inputs((int(n.rng.integers(1, 4)), side, side), bool(n.rng.integers(2)))
    a, shape = n.conv(x, int(n.rng.integers(2, 5)))
    h = n.site(a, shape, n.rng.choice(["relu", "clip", "id"]))
    for _ in range(int(n.rng.integers(1, 4))):
        small = min(h.shape[1:]) < 4
        kind = n.rng.choice(["conv", "depthwise", "residual", "max2", "max3", "sum", "join"])
        if kind == "depthwise":
            a, shape = n.conv(h, h.shape[0], groups=h.shape[0])
            h = n.site(a, shape)
        elif kind == "residual":
            a, shape = n.conv(h, h.shape[0])
            h = n.site(n.add(a, n.scaled(h), shape), shape)
        elif kind == "max2" and not small:
            h = n.pool_max(h, 2, 2)
        elif kind == "max3" and not small:
            h = n.pool_max(h, 3, 2, (1, 1, 0, 0))
        elif kind == "sum" and not small:
            a, shape = n.pool_sum(h, 2)
            h = n.site(a, shape)
        elif kind == "join" and h.low >= 0:
            a, shape = n.conv(h, 2)
            h = n.concat(h, n.site(a, shape))
        else:
            a, shape = n.conv(h, int(n.rng.integers(2, 5)),
                              stride=int(n.rng.integers(1, 3)))
            h = n.site(a, shape, n.rng.choice(["relu", "clip", "id"]))
    n.finish(*n.linear(h, 4))
    return n


KINDS = {"residual": residual, "depthwise": depthwise, "pools": pools, "joined": joined,
         "signed_pools": signed_pools, "averages": averages,
         "joined_tables": joined_tables, "normalized": normalized, "tables": tables, "mixed": mixed}
