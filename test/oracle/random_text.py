"""Random modules that docs/ir.md allows, as text, with inputs. Small tensors, every
op, mode and rounding; most integers carry a mode, some do not and may overflow."""
import numpy as np

ROUNDS = ["floor", "ceil", "zero", "half-up", "half-away", "half-even"]
COMPARE = ["eq", "ne", "lt", "le", "gt", "ge"]
UNARY_F32 = ["neg", "abs", "sqrt", "floor", "ceil", "trunc", "rint", "exp"]
BINARY_F32 = ["add", "sub", "mul", "div", "min", "max"]
UNARY_INT = ["neg", "abs"]
BINARY_INT = ["add", "sub", "mul", "min", "max", "div", "mulshr"]


def f32_text(x):
    x = float(np.float32(x))
    if np.isinf(x):
        return "inf" if x > 0 else "-inf"
    text = repr(x)
    return text if "." in text or "e" in text else text + ".0"


class Random:
    def __init__(self, seed):
        self.r = np.random.Generator(np.random.PCG64(seed))

    def below(self, n):
        return int(self.r.integers(n))

    def pick(self, items):
        return items[self.below(len(items))]

    def chance(self, p):
        return self.r.random() < p

    def integer(self, low, high):
        return int(self.r.integers(low, high + 1))

    def word(self, scalar):
        """A value of the type, edges included."""
        if scalar == "spike":
            return self.below(2)
        if scalar == "f32":
            return float(np.float32(self.pick([
                self.r.normal(), self.r.normal() * 100, 0.0, 1.0, -1.0, 0.5,
                self.r.normal() * 1e6, 1e-3])))
        bits = int(scalar[1:])
        low, high = -2 ** (bits - 1), 2 ** (bits - 1) - 1
        if self.chance(0.15):
            return self.pick([low, high, 0, -1, min(1, high)])
        small = min(high, 2 ** self.below(bits))
        return self.integer(max(low, -small), small)

    def scalar_int(self):
        return "i%d" % self.pick([2, 3, 5, 8, 8, 12, 16, 24, 24, 31, 32, 32])

    def mode(self, scalar):
        if scalar == "f32":
            return ""
        if scalar == "i32" and self.chance(0.3):
            return ""
        return self.pick([".sat", ".wrap", ".wrap"])


class NeuronText(Random):
    """One random neuron function."""

    def __init__(self, seed, name, inputs, emits, blobs):
        super().__init__(seed)
        self.lines, self.pool, self.count, self.blobs = [], [], 0, blobs
        self.params = []
        for n, scalar in enumerate(inputs):
            self.pool.append(("%%in%d" % n, scalar))
        head = ", ".join("%s: %s" % p for p in self.pool)
        self.make_params()
        states = self.make_states()
        for _ in range(3 + self.below(12)):
            self.statement()
        for s, scalar in states:
            if self.chance(0.9):
                self.lines.append("next %s = %s" % (s, self.value(scalar)))
        out = [self.value(scalar) for scalar in emits]
        self.lines.append("emit " + ", ".join(out))
        result = emits[0] if len(emits) == 1 else "(%s)" % ", ".join(emits)
        # next and emit refer to values that value() may just have made
        tail = [x for x in self.lines if x.startswith(("next", "emit"))]
        body = [x for x in self.lines if not x.startswith(("next", "emit"))]
        self.text = "neuron %s(%s) -> %s {\n  %s\n}\n" % (
            name, head, result, "\n  ".join(body + tail))

    def make_params(self):
        for n in range(self.below(3)):
            scalar = self.pick(["f32", self.scalar_int()])
            name = "%%p%d" % n
            text = "param %s: %s" % (name, scalar)
            default = None
            if self.chance(0.5):
                default = self.literal(scalar)
                text += " = " + default
            self.params.append((name, scalar, default))
            self.lines.append(text)
            self.pool.append((name, scalar))

    def make_states(self):
        out = []
        for n in range(self.below(4)):
            scalar = self.pick(["f32", "spike", self.scalar_int(),
                                self.scalar_int()])
            name = "%%s%d" % n
            first = self.literal(scalar)
            same = [p[0] for p in self.params if p[1] == scalar]
            if same and self.chance(0.4):
                first = self.pick(same)
            self.lines.append("state %s: %s = %s" % (name, scalar, first))
            out.append((name, scalar))
        self.pool += out
        return out

    def literal(self, scalar):
        word = self.word(scalar)
        return f32_text(word) if scalar == "f32" else str(word)

    def fresh(self, scalar):
        name = "%%v%d" % self.count
        self.count += 1
        self.pool.append((name, scalar))
        return name

    def of(self, want):
        """Operand: a value whose scalar satisfies `want`, or None."""
        names = [p for p in self.pool if want(p[1])]
        return self.pick(names) if names else None

    def value(self, scalar):
        """Name of a value of exactly this scalar; makes one if there is none."""
        found = [p[0] for p in self.pool if p[1] == scalar]
        if found and self.chance(0.9):
            return self.pick(found[-4:])
        if scalar == "f32":
            a = self.of(lambda s: s != "f32")
            name = self.fresh("f32")
            self.lines.append("%s = float %s" % (name, a[0] if a else "3"))
        elif scalar == "spike":
            a = self.of(lambda s: s not in ("spike", "f32"))
            name = self.fresh("spike")
            self.lines.append("%s = gt %s, 0" % (name, a[0]) if a else
                              "%s = ge 1, 0" % name)
        else:
            a = self.of(lambda s: s != "f32")
            b = None if a else self.value("f32")
            name = self.fresh(scalar)
            if a:
                self.lines.append("%s = widen%s %s : %s" % (
                    name, self.pick([".sat", ".wrap"]), a[0], scalar))
            else:
                self.lines.append("%s = int.sat %s {round = %s} : %s" % (
                    name, b, self.pick(ROUNDS), scalar))
        return name

    def operand(self, scalar_test, kind):
        a = self.of(scalar_test)
        if a and self.chance(0.85):
            return a[0]
        return None if kind == "spike" else self.literal(
            "f32" if kind == "f32" else "i16")

    def is_int(self, s):
        return s not in ("f32", "spike")

    def statement(self):
        getattr(self, "make_" + self.pick([
            "integer", "integer", "integer", "integer", "f32", "f32",
            "compare", "logic", "select", "to_int", "to_float", "widen",
            "lookup", "rand"]))()

    def make_integer(self):
        op = self.pick(UNARY_INT + BINARY_INT + BINARY_INT + ["shr", "shl"])
        a = self.of(self.is_int)
        if not a:
            return
        scalar = self.scalar_int()
        # literals stand where the result's type admits them
        b = self.of(self.is_int)
        attrs = []
        if op in ("mulshr", "shr", "shl"):
            top = 62 if op == "mulshr" else 31
            attrs.append("shift = %d" % self.pick([0, 1, 4, 12, top,
                                                   self.below(top + 1)]))
        if op in ("mulshr", "shr", "div"):
            attrs.append("round = " + self.pick(ROUNDS))
        operands = a[0] + (", " + b[0] if op in BINARY_INT else "")
        mode = self.mode(scalar)
        text = " {%s}" % ", ".join(attrs) if attrs else ""
        self.lines.append("%s = %s%s %s%s : %s" % (
            self.fresh(scalar), op, mode, operands, text, scalar))

    def make_f32(self):
        op = self.pick(UNARY_F32 + BINARY_F32 * 2)
        a = self.of(lambda s: s == "f32")
        if not a:
            return
        operands = a[0]
        if op in BINARY_F32:
            operands += ", " + self.operand(lambda s: s == "f32", "f32")
        self.lines.append("%s = %s %s" % (self.fresh("f32"), op, operands))

    def make_compare(self):
        kind = self.pick(["f32", "int"])
        test = (lambda s: s == "f32") if kind == "f32" else self.is_int
        a = self.of(test)
        if not a:
            return
        b = self.operand(test, kind)
        if kind == "int" and not b.startswith("%"):
            b = self.literal(a[1])
        self.lines.append("%s = %s %s, %s" % (
            self.fresh("spike"), self.pick(COMPARE), a[0], b))

    def make_logic(self):
        op = self.pick(["and", "or", "xor", "not"])
        a = self.of(lambda s: s == "spike")
        b = self.of(lambda s: s == "spike")
        if a:
            self.lines.append("%s = %s %s" % (
                self.fresh("spike"), op,
                a[0] if op == "not" else a[0] + ", " + b[0]))

    def make_select(self):
        c = self.of(lambda s: s == "spike")
        if not c:
            return
        a = self.pick(self.pool)
        if self.chance(0.3):
            b = self.literal(a[1])
        else:
            b = self.pick([p[0] for p in self.pool if p[1] == a[1]])
        x, y = (a[0], b) if self.chance(0.5) else (b, a[0])
        self.lines.append("%s = select %s, %s, %s" % (
            self.fresh(a[1]), c[0], x, y))

    def make_to_int(self):
        a = self.of(lambda s: s == "f32")
        if a:
            scalar = self.scalar_int()
            self.lines.append("%s = int%s %s {round = %s} : %s" % (
                self.fresh(scalar), self.pick([".sat", ".wrap"]), a[0],
                self.pick(ROUNDS), scalar))

    def make_to_float(self):
        a = self.of(lambda s: s != "f32")
        if a:
            self.lines.append("%s = float %s" % (self.fresh("f32"), a[0]))

    def make_widen(self):
        a = self.of(lambda s: s != "f32")
        if a:
            scalar = self.scalar_int()
            self.lines.append("%s = widen%s %s : %s" % (
                self.fresh(scalar), self.mode(scalar), a[0], scalar))

    def make_lookup(self):
        a = self.of(self.is_int)
        if a:
            scalar = self.pick(["f32", self.scalar_int()])
            blob = self.blobs(scalar, (2 + self.below(6),))
            self.lines.append("%s = lookup %s, %s : %s" % (
                self.fresh(scalar), blob, a[0], scalar))

    def make_rand(self):
        self.lines.append("%s = rand : i32" % self.fresh("i32"))
