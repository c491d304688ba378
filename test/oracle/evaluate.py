"""An evaluator of the spiking IR, written from docs/ir.md alone: tensors are flat
Python lists, integers are Python's, f32 is numpy.float32, one element at a time.
It is the second opinion on the interpreter; it shares no code with it."""
import itertools
import math
from fractions import Fraction

import numpy as np

import analog
from sf_number import (F, Overflow, draw, exp32, fit, float_to_int,
                       fraction_to_f32, round_fraction)

np.seterr(all="ignore")


def product(shape):
    return math.prod(shape)


def positions(shape):
    return itertools.product(*[range(n) for n in shape])


def flat(shape, position):
    at = 0
    for extent, p in zip(shape, position):
        at = at * extent + p
    return at


class Tensor:
    def __init__(self, scalar, shape, data):
        self.scalar, self.shape, self.data = scalar, tuple(shape), data

    @property
    def is_float(self):
        return self.scalar == "f32"

    def at(self, *position):
        return self.data[flat(self.shape, position)]

    def broadcast(self, shape):
        """The element list as if it had `shape`."""
        out = []
        for p in positions(shape):
            tail = p[len(shape) - len(self.shape):]
            out.append(self.at(*[0 if n == 1 else q
                                 for n, q in zip(self.shape, tail)]))
        return out


def zero(scalar):
    return F(0) if scalar == "f32" else 0


def typed(scalar, number):
    return F(number) if scalar == "f32" else int(number)


# ---- Neuron functions. ------------------------------------------------------------

COMPARE = {"eq": lambda a, b: a == b, "ne": lambda a, b: a != b,
           "lt": lambda a, b: a < b, "le": lambda a, b: a <= b,
           "gt": lambda a, b: a > b, "ge": lambda a, b: a >= b}
LOGIC = {"and": lambda a, b: a & b, "or": lambda a, b: a | b,
         "xor": lambda a, b: a ^ b}
FLOAT = {
    "add": lambda a, b: F(a + b), "sub": lambda a, b: F(a - b),
    "mul": lambda a, b: F(a * b), "div": lambda a, b: F(a / b),
    "neg": lambda a: F(-a), "abs": lambda a: F(abs(a)),
    "sqrt": lambda a: F(np.sqrt(a)), "min": lambda a, b: a if a < b else b,
    "max": lambda a, b: a if a > b else b, "floor": lambda a: F(np.floor(a)),
    "ceil": lambda a: F(np.ceil(a)), "trunc": lambda a: F(np.trunc(a)),
    "rint": lambda a: F(np.rint(a)), "exp": exp32}


def integer(op, a, attrs):
    how = attrs.get("round", "floor")
    if op == "add":
        return a[0] + a[1]
    if op == "sub":
        return a[0] - a[1]
    if op == "mul":
        return a[0] * a[1]
    if op == "mulshr":
        return round_fraction(Fraction(a[0] * a[1], 2 ** attrs["shift"]), how)
    if op == "shr":
        return round_fraction(Fraction(a[0], 2 ** attrs["shift"]), how)
    if op == "shl":
        return a[0] * 2 ** attrs["shift"]
    if op == "div":
        return round_fraction(Fraction(a[0], a[1]), how) if a[1] else 0
    return {"neg": lambda: -a[0], "abs": lambda: abs(a[0]),
            "min": lambda: min(a), "max": lambda: max(a),
            "widen": lambda: a[0]}[op]()


class Neuron:
    def __init__(self, text, blobs):
        self.text, self.blobs = text, blobs
        self.scalar = dict(text.inputs)
        self.scalar.update({p[0]: p[1] for p in text.params})
        self.scalar.update({s[0]: s[1] for s in text.states})
        for s in text.stmts:
            self.scalar[s.result] = self.result_type(s)

    def result_type(self, s):
        if s.type:
            return s.type
        if s.op in COMPARE or s.op in LOGIC or s.op == "not":
            return "spike"
        if s.op == "rand":
            return "i32"
        if s.op == "lookup":
            return self.blobs[s.blob].type.scalar
        if s.op == "select":
            named = [o for o in s.operands[1:] if isinstance(o, str)]
            return self.scalar[named[0]]
        return "f32"

    def operand(self, s, index, values):
        o = s.operands[index]
        if isinstance(o, str):
            return values[o]
        if s.op in COMPARE:
            other = s.operands[1 - index]
            scalar = self.scalar[other] if isinstance(other, str) else (
                "f32" if isinstance(o, float) else "i32")
        elif s.op == "int":
            scalar = "f32"
        elif s.op in ("float", "lookup"):
            scalar = "i32"
        else:
            scalar = self.scalar[s.result]
        return typed(scalar, o)

    def statement(self, s, values, moment, occurrence):
        a = [self.operand(s, k, values) for k in range(len(s.operands))]
        scalar = self.scalar[s.result]
        if s.op in COMPARE:
            return int(COMPARE[s.op](a[0], a[1]))
        if s.op in LOGIC:
            return LOGIC[s.op](a[0], a[1])
        if s.op == "not":
            return 1 - a[0]
        if s.op == "select":
            return a[1] if a[0] else a[2]
        if s.op == "int":
            return float_to_int(a[0], 1, s.attrs.get("round", "floor"), scalar,
                                s.mode)
        if s.op == "float":
            return F(a[0])
        if s.op == "lookup":
            table = self.blobs[s.blob].data
            return typed(scalar, table[max(0, min(len(table) - 1, a[0]))])
        if s.op == "rand":
            return draw(moment[0], moment[1], moment[2], occurrence)
        if scalar == "f32":
            return FLOAT[s.op](*a)
        return fit(integer(s.op, a, s.attrs), scalar, s.mode)

    def run(self, inputs, params, states, moment):
        values = dict(zip([i[0] for i in self.text.inputs], inputs))
        values.update(params)
        values.update(states)
        draws = 0
        for s in self.text.stmts:
            values[s.result] = self.statement(s, values, moment, draws)
            draws += s.op == "rand"
        new = {}
        for name, scalar, _ in self.text.states:
            o = self.text.next.get(name, name)
            new[name] = values[o] if isinstance(o, str) else typed(scalar, o)
        emits = [values[o] if isinstance(o, str) else typed(t.scalar, o)
                 for o, t in zip(self.text.emits, self.text.results)]
        return emits, new


# ---- Sums (section 5). --------------------------------------------------------------

class Sum:
    """One output: terms in order, then shift, bias and overflow step."""

    def __init__(self, op, scalar, bias=0):
        self.scalar, self.mode = scalar, op.mode
        self.shift = op.attrs.get("shift", 0)
        self.how = op.attrs.get("round", "floor")
        self.each = op.attrs.get("each", "false") == "true"
        self.bias = bias
        self.total = F(F(0) + F(bias)) if scalar == "f32" else 0

    def scale(self, x):
        return round_fraction(Fraction(x) / Fraction(2) ** self.shift, self.how)

    def add(self, w, x):
        if self.scalar == "f32":
            if x != 0:
                self.total = F(self.total + F(F(w) * F(x)))
        else:
            self.total += self.scale(w * x) if self.each else w * x

    def end(self):
        if self.scalar == "f32":
            return self.total
        total = self.total if self.each else self.scale(self.total)
        return fit(total + self.bias, self.scalar, self.mode)


class Network:
    def __init__(self, module, network):
        self.module, self.network = module, network
        self.types = dict(network.arguments)
        for op in network.ops:
            self.types.update(zip(op.results, op.types))
        self.neurons = {n: Neuron(t, module.blobs)
                        for n, t in module.neurons.items()}
        self.reset()

    def reset(self):
        self.step_number = 0
        self.past = {name: [] for name in self.types}
        self.states = {}

    # ---- operands

    def use(self, name):
        if name.startswith("@"):
            blob = self.module.blobs[name]
            return Tensor(blob.type.scalar, blob.type.shape,
                          [typed(blob.type.scalar, n) for n in blob.data])
        t = self.types[name]
        return Tensor(t.scalar, t.shape, self.values[name])

    def before(self, name, steps):
        """The elements of `steps` steps ago; 0: this step's."""
        if steps == 0:
            return self.values[name]
        history = self.past[name]
        if steps > len(history):
            t = self.types[name]
            return [zero(t.scalar)] * product(t.shape)
        return history[-steps]

    # ---- one step (section 7)

    def step(self, inputs):
        self.values = {}
        for (name, t), data in zip(self.network.arguments, inputs):
            self.values[name] = [typed(t.scalar, x) for x in data]
        for op in self.network.ops:
            if op.op == "delay":
                self.values[op.results[0]] = self.before(
                    op.uses[0], op.attrs.get("steps", 1))
        for op in self.network.ops:
            if op.op != "delay":
                self.run_op(op)
        for name in self.past:
            self.past[name].append(self.values[name])
        self.step_number += 1
        return self.values

    def run_op(self, op):
        if op.op == "neurons":
            return self.run_neurons(op)
        method = getattr(self, "op_" + op.op, None)
        t = op.types[0]
        try:
            if method:
                data = method(op, t)
            else:
                data = analog.run(op, t, [self.use(u) for u in op.uses])
        except Overflow as overflow:
            raise Overflow("%s step %d: %s" % (op.results[0], self.step_number,
                                               overflow))
        self.values[op.results[0]] = data
        return None

    def run_neurons(self, op):
        function = self.neurons[op.neuron]
        t = self.step_number
        shape = op.types[0].shape
        count = product(shape)
        params = {}
        for name, scalar, default in function.text.params:
            argument = op.attrs.get(name[1:], default)
            if isinstance(argument, str):
                params[name] = self.use(argument).broadcast(shape)
            else:
                params[name] = [typed(scalar, argument)] * count
        start, period = op.attrs.get("start", 0), self.network.attrs.get("period")
        key = op.results[0]
        if key not in self.states or (period and t >= start and
                                      (t - start) % period == 0):
            self.states[key] = [
                {name: params[first][e] if isinstance(first, str)
                 else typed(scalar, first)
                 for name, scalar, first in function.text.states}
                for e in range(count)]
        results = [[] for _ in op.results]
        for e in range(count):
            if t < start:
                emits = [zero(x.scalar) for x in op.types]
            else:
                try:
                    emits, self.states[key][e] = function.run(
                        [self.values[u][e] for u in op.uses],
                        {n: v[e] for n, v in params.items()},
                        self.states[key][e], (op.attrs.get("seed", 0), e, t))
                except Overflow as overflow:
                    raise Overflow("%s step %d: %s" % (key, t, overflow))
            for out, x in zip(results, emits):
                out.append(x)
        for name, data in zip(op.results, results):
            self.values[name] = data

    # ---- projections

    def op_linear(self, op, t):
        x, w = self.use(op.uses[0]), self.use(op.uses[1])
        bias = self.use(op.uses[2]) if len(op.uses) > 2 else None
        m, n = w.shape
        delays = self.use(op.attrs["delays"]) if "delays" in op.attrs else None
        out = []
        for row in range(len(x.data) // n):
            for i in range(m):
                s = Sum(op, t.scalar, bias.data[i] if bias else 0)
                for j in range(n):
                    ago = delays.at(i, j) if delays else 0
                    s.add(w.at(i, j), self.before(op.uses[0], ago)[row * n + j])
                out.append(s.end())
        return out

    def op_sparse(self, op, t):
        x, index, w = [self.use(u) for u in op.uses]
        delays = self.use(op.attrs["delays"]) if "delays" in op.attrs else None
        sums = [Sum(op, t.scalar) for _ in range(op.attrs["rows"])]
        for e in range(index.shape[0]):
            ago = delays.data[e] if delays else 0
            sums[index.at(e, 0)].add(
                w.data[e], self.before(op.uses[0], ago)[index.at(e, 1)])
        return [s.end() for s in sums]

    def op_matmul(self, op, t):
        a, b = self.use(op.uses[0]), self.use(op.uses[1])
        m, k, n = a.shape[-2], a.shape[-1], b.shape[-1]
        out = []
        def leading(tensor, lead):
            return [0 if e == 1 else p for e, p in zip(tensor.shape, lead)]

        for lead in positions(t.shape[:-2]):
            left, right = leading(a, lead), leading(b, lead)
            for i in range(m):
                for j in range(n):
                    s = Sum(op, t.scalar)
                    for q in range(k):
                        s.add(b.at(*right, q, j), a.at(*left, i, q))
                    out.append(s.end())
        return out

    @staticmethod
    def axes(op, name, count, default):
        value = op.attrs.get(name, default)
        return value if isinstance(value, list) else [value] * count

    def op_conv(self, op, t):
        return self.convolve(op, t, False)

    def op_convt(self, op, t):
        return self.convolve(op, t, True)

    def convolve(self, op, t, transposed):
        x, w = self.use(op.uses[0]), self.use(op.uses[1])
        bias = self.use(op.uses[2]) if len(op.uses) > 2 else None
        d = len(x.shape) - 1
        stride = self.axes(op, "stride", d, 1)
        pad = self.axes(op, "pad", 2 * d, 0)
        dilation = self.axes(op, "dilation", d, 1)
        groups = op.attrs.get("groups", 1)
        inputs, outputs = x.shape[0] // groups, t.shape[0] // groups
        out = []
        for o in range(t.shape[0]):
            group = o // outputs
            for place in positions(t.shape[1:]):
                s = Sum(op, t.scalar, bias.data[o] if bias else 0)
                for k in positions(w.shape[2:]):
                    source = self.source(place, k, stride, pad, dilation,
                                         x.shape[1:], transposed)
                    for c in range(inputs):
                        if source:
                            s.add(w.at(o, c, *k),
                                  x.at(group * inputs + c, *source))
                out.append(s.end())
        return out

    @staticmethod
    def source(place, k, stride, pad, dilation, shape, transposed):
        """Input position of a tap, or None in the padding."""
        out = []
        for axis, (p, q) in enumerate(zip(place, k)):
            if transposed:
                at, rest = divmod(p + pad[axis] - q * dilation[axis],
                                  stride[axis])
                if rest:
                    return None
            else:
                at = p * stride[axis] - pad[axis] + q * dilation[axis]
            if not 0 <= at < shape[axis]:
                return None
            out.append(at)
        return out

    # ---- pool, reduce

    @staticmethod
    def gather(op, t, elements, kind, divisor):
        if t.scalar == "f32":
            total = F(0)
            for n, x in enumerate(elements):
                if kind == "max":
                    total = F(x) if n == 0 or not total > F(x) else total
                else:
                    total = F(total + F(x))
            return F(total / F(divisor)) if kind in ("avg", "mean") else total
        value = max(elements) if kind == "max" else sum(elements)
        return fit(value, t.scalar, op.mode)

    def op_pool(self, op, t):
        x = self.use(op.uses[0])
        d = len(x.shape) - 1
        kernel = self.axes(op, "kernel", d, 1)
        stride = self.axes(op, "stride", d, 1)
        pad = self.axes(op, "pad", 2 * d, 0)
        dilation = self.axes(op, "dilation", d, 1)
        out = []
        for c in range(t.shape[0]):
            for place in positions(t.shape[1:]):
                inside = []
                for k in positions(kernel):
                    source = self.source(place, k, stride, pad, dilation,
                                         x.shape[1:], False)
                    if source:
                        inside.append(x.at(c, *source))
                divisor = product(kernel) if op.attrs.get("count_pad") == \
                    "true" else len(inside)
                out.append(self.gather(op, t, inside, op.attrs["kind"],
                                       divisor))
        return out

    def op_reduce(self, op, t):
        x = self.use(op.uses[0])
        axes = self.axes(op, "axes", 1, 0)
        groups = {}
        for p in positions(x.shape):
            key = tuple(q for n, q in enumerate(p) if n not in axes)
            groups.setdefault(key, []).append(x.at(*p))
        return [self.gather(op, t, groups[k], op.attrs["kind"], len(groups[k]))
                for k in sorted(groups)]

    # ---- elementwise, moves

    def elementwise(self, op, t):
        a, b = [self.use(u).broadcast(t.shape) for u in op.uses]
        if t.scalar == "f32":
            return [FLOAT[op.op](F(x), F(y)) for x, y in zip(a, b)]
        return [fit(integer(op.op, [x, y], {}), t.scalar, op.mode)
                for x, y in zip(a, b)]

    op_add = op_sub = op_mul = op_min = op_max = elementwise

    @staticmethod
    def scaled(v, scale):
        """The exact product, rounded once; a zero is signed as IEEE signs it."""
        if v == 0 or scale == 0:
            return F(F(v) * F(scale))
        return fraction_to_f32(v * Fraction(float(scale)))

    def op_convert(self, op, t):
        x = self.use(op.uses[0])
        scale = F(op.attrs.get("scale", 1.0))
        how = op.attrs.get("round", "half-even")
        if t.scalar == "f32":
            if x.is_float:
                return [F(v * scale) for v in x.data]
            return [self.scaled(v, scale) for v in x.data]
        return [float_to_int(v, scale, how, t.scalar, op.mode)
                for v in x.data]

    def op_reshape(self, op, t):
        return list(self.use(op.uses[0]).data)

    def op_transpose(self, op, t):
        x, perm = self.use(op.uses[0]), self.axes(op, "perm", 1, 0)
        out = []
        for p in positions(t.shape):
            source = [0] * len(p)
            for axis, from_axis in enumerate(perm):
                source[from_axis] = p[axis]
            out.append(x.at(*source))
        return out

    def op_slice(self, op, t):
        x = self.use(op.uses[0])
        d = len(x.shape)
        begin, step = self.axes(op, "begin", d, 0), self.axes(op, "step", d, 1)
        return [x.at(*[b + s * q for b, s, q in zip(begin, step, p)])
                for p in positions(t.shape)]

    def op_concat(self, op, t):
        parts = [self.use(u) for u in op.uses]
        axis = op.attrs["axis"]
        out = []
        for p in positions(t.shape):
            q = list(p)
            for part in parts:
                if q[axis] < part.shape[axis]:
                    out.append(part.at(*q))
                    break
                q[axis] -= part.shape[axis]
        return out

    # ---- exact analog ops

    @staticmethod
    def channels(op, tensor, shape):
        """Scale or zero point for each element."""
        if "axis" in op.attrs and len(tensor.shape) == 1:
            axis = op.attrs["axis"] % len(shape)
            return [tensor.data[p[axis]] for p in positions(shape)]
        return tensor.broadcast(shape)

    def op_quantize(self, op, t):
        x, scale = self.use(op.uses[0]), self.use(op.uses[1])
        zero_point = [0] * len(x.data)
        if len(op.uses) > 2:
            zero_point = self.channels(op, self.use(op.uses[2]), t.shape)
        out = []
        for v, s, z in zip(x.data, self.channels(op, scale, t.shape),
                           zero_point):
            q = F(v / s)
            if np.isnan(q):
                whole = 0
            elif np.isinf(q):
                whole = 2 ** 200 if q > 0 else -2 ** 200
            else:
                whole = round_fraction(Fraction(float(q)),
                                       op.attrs.get("round", "half-even"))
            q = fit(whole + z, t.scalar, "sat")
            q = min(max(q, op.attrs.get("low", q)), op.attrs.get("high", 2**31))
            out.append(q)
        return out

    def op_dequantize(self, op, t):
        x, scale = self.use(op.uses[0]), self.use(op.uses[1])
        zero_point = [0] * len(x.data)
        if len(op.uses) > 2:
            zero_point = self.channels(op, self.use(op.uses[2]), t.shape)
        return [self.scaled(v - z, s) for v, s, z in
                zip(x.data, self.channels(op, scale, t.shape), zero_point)]

    def op_argmax(self, op, t):
        x = self.use(op.uses[0])
        axis = op.attrs.get("axis", -1) % len(x.shape)
        rest = x.shape[:axis] + x.shape[axis + 1:]
        out = []
        for p in positions(rest):
            row = [x.at(*p[:axis], k, *p[axis:]) for k in range(x.shape[axis])]
            best = 0
            for k, v in enumerate(row):
                if v > row[best] or (v == v and row[best] != row[best]):
                    best = k
            out.append(fit(best, t.scalar, op.mode))
        return out
