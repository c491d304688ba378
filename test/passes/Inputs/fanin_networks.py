"""Random integer networks, split to a random fan-in, against themselves: `--check-exact` runs
both on the interpreter. Every projection, rounding and mode, synaptic delays, groups, padding,
recurrence; spikes or graded inputs.

usage: fanin_networks.py COUNT LINKS [FIRST]     LINKS: graded or binary

Prints how many were split, and how many the pass refused, by reason. Any other failure ends
with 1 and the network.
"""
import collections
import random
import re
import subprocess
import sys

NEURON = """  neuron @lif_T(%x: T) -> spike {
    param %theta: i32 in [0, 2147483647]
    state %v: i32 = 3
    %k = shr %v {shift = 1, round = floor} : i32
    %h = add.sat %k, %x : i32
    %s = gt %h, %theta
    %n = select %s, 0, %h
    next %v = %n
    emit %s
  }
"""
ROUNDS = ["floor", "ceil", "zero", "half-up", "half-away", "half-even"]
KINDS = ["linear", "conv", "conv1", "group", "convt", "sparse", "pool", "two", "loop", "delays",
         "batch", "shift", "each", "wrap", "sat", "graded"]
# What the pass says when it does not split, which is right of it.
REFUSALS = ["its partial sums take as many messages", "spikes say nothing below zero", "a thermometer at most",
            "its partial sums are always 0",
            "and its populations on chip need"]


class Network:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.kind = self.r.choice(KINDS)
        self.blobs, self.ops, self.read = "", "", "i"
        self.input, self.sum, self.mode = "spike", "i24", ""
        make = {"conv": self.space, "group": self.space, "convt": self.space}
        self.shape = make.get(self.kind, getattr(self, self.kind, self.dense))()

    def blob(self, name, shape, low, high, bits):
        count = 1
        for extent in shape:
            count *= extent
        numbers = ", ".join(str(self.r.randint(low, high)) for _ in range(count))
        extents = ", ".join(map(str, shape))
        self.blobs += f"  blob @{name} : i{bits}[{extents}] = dense [{numbers}]\n"

    def bias(self, count):
        if self.r.random() < 0.4:
            return ""
        self.blob("b", (count,), -9, 9, 6)
        return ", @b"

    def project(self, op, attrs, shape):
        text = " {" + ", ".join(attrs) + "}" if attrs else ""
        extents = ", ".join(map(str, shape))
        self.ops += f"    %i = {op}{self.mode} %x, @w{self.tail}{text} : {self.sum}[{extents}]\n"

    def dense(self):
        r, n, m, attrs = self.r, self.r.randint(2, 13), self.r.randint(1, 5), []
        high, bits = (120, 8) if self.kind in ("wrap", "sat") else (7, 4)
        self.blob("w", (m, n), -high, high, bits)
        self.tail = self.bias(m)
        if self.kind == "graded":
            self.input = "i5"
        if self.kind == "shift":
            attrs = [f"shift = {r.randint(1, 3)}", f"round = {r.choice(ROUNDS)}"]
        if self.kind == "each":
            attrs = [f"shift = {r.randint(-2, 3)}", f"round = {r.choice(ROUNDS)}", "each = true"]
        if self.kind == "delays":
            self.blob("d", (m, n), 0, 3, 7)
            attrs = ["delays = @d"]
        if self.kind in ("wrap", "sat"):
            self.mode, self.sum = "." + self.kind, f"i{r.choice([6, 8])}"
        self.project("linear", attrs, (m,))
        self.extents = (n,)
        return (m,)

    def two(self):
        shape = self.dense()
        self.blob("v", (shape[0], self.extents[0]), -7, 7, 4)
        self.ops += (f"    %i2 = linear %x, @v : i9[{shape[0]}]\n"
                     f"    %j = add %i, %i2 : i24[{shape[0]}]\n")
        self.read = "j"
        return shape

    def loop(self):
        shape = self.dense()
        self.blob("v", (shape[0], shape[0]), -7, 7, 4)
        self.ops = (f"    %r = delay %h {{steps = {self.r.randint(1, 6)}}} : spike[{shape[0]}]\n"
                    + self.ops + f"    %i2 = linear %r, @v : i9[{shape[0]}]\n"
                    f"    %j = add %i, %i2 : i24[{shape[0]}]\n")
        self.read = "j"
        return shape

    def batch(self):
        n, m = self.r.randint(2, 9), self.r.randint(1, 4)
        rows = tuple(self.r.randint(1, 3) for _ in range(self.r.randint(1, 4)))
        self.blob("w", (m, n), -7, 7, 4)
        self.tail = self.bias(m)
        self.project("linear", [], rows + (m,))
        self.extents = rows + (n,)
        return rows + (m,)

    def conv1(self):
        r = self.r
        c, o, k, pad, n = (r.randint(1, 4), r.randint(1, 3), r.randint(1, 4), r.randint(0, 2),
                           r.randint(4, 8))
        self.blob("w", (o, c, k), -7, 7, 4)
        self.tail = self.bias(o)
        shape = (o, n + 2 * pad - k + 1)
        self.project("conv", [f"pad = {pad}"], shape)
        self.extents = (c, n)
        return shape

    def space(self):
        r, back = self.r, self.kind == "convt"
        groups = r.choice([2, 3]) if self.kind == "group" else r.choice([1, 1, 2]) if back else 1
        c, o = r.randint(1, 4) * groups, r.randint(1, 2) * groups
        kernel, stride, pad = (r.randint(1, 4), r.randint(1, 3)), r.randint(1, 2), r.randint(0, 1)
        size = (r.randint(7, 9), r.randint(7, 9))
        dilation = r.randint(1, 2)
        more = r.randint(0, max(stride, dilation) - 1) if back else 0
        self.blob("w", (o, c // groups) + kernel, -7, 7, 4)
        self.tail = self.bias(o)
        shape = (o,) + tuple(
            (n - 1) * stride - 2 * pad + dilation * (k - 1) + 1 + more if back
            else (n + 2 * pad - dilation * (k - 1) - 1) // stride + 1 for n, k in zip(size, kernel))
        attrs = [f"stride = {stride}", f"pad = {pad}", f"dilation = {dilation}",
                 f"groups = {groups}"]
        if more:
            attrs.append(f"out_pad = {more}")
        self.project("convt" if back else "conv", attrs, shape)
        self.extents = (c,) + size
        return shape

    def pool(self):
        r = self.r
        c, kernel, stride = r.randint(1, 3), (r.randint(2, 4), r.randint(1, 4)), r.randint(1, 2)
        size = (r.randint(4, 8), r.randint(4, 8))
        pad = r.randint(0, 1) if min(kernel) > 1 else 0
        shape = (c,) + tuple((n + 2 * pad - k) // stride + 1 for n, k in zip(size, kernel))
        extents = ", ".join(map(str, shape))
        self.ops = (f"    %i = pool %x {{kind = sum, kernel = [{kernel[0]}, {kernel[1]}], "
                    f"stride = {stride}, pad = {pad}}} : i24[{extents}]\n")
        self.extents = (c,) + size
        return shape

    def sparse(self):
        r, n, m = self.r, self.r.randint(3, 13), self.r.randint(1, 6)
        edges = sorted({(r.randrange(m), r.randrange(n)) for _ in range(r.randint(3, 40))})
        numbers = ", ".join(f"{i}, {j}" for i, j in edges)
        self.blobs += f"  blob @e : i32[{len(edges)}, 2] = dense [{numbers}]\n"
        self.blob("w", (len(edges),), -7, 7, 4)
        delays = ""
        if r.random() < 0.4:
            self.blob("d", (len(edges),), 0, 3, 7)
            delays = ", delays = @d"
        self.ops = f"    %i = sparse %x, @e, @w {{rows = {m}{delays}}} : i24[{m}]\n"
        self.extents = (n,)
        return (m,)

    def text(self):
        shape, extents = (", ".join(map(str, s)) for s in (self.shape, self.extents))
        return (f"module @m {{\n{self.blobs}{NEURON.replace('T', self.sum)}"
                f"  network @main(%x: {self.input}[{extents}]) -> (spike[{shape}]) {{\n{self.ops}"
                f"    %h = neurons @lif_{self.sum}(%{self.read}) "
                f"{{theta = {self.r.randint(0, 12)}}} : spike[{shape}]\n    return %h\n  }}\n}}\n")


def main(count, links, first):
    said = collections.Counter()
    for seed in range(first, first + count):
        network = Network(seed)
        text, fanin = network.text(), network.r.randint(2, 6)
        done = subprocess.run(
            ["sf-opt", "-", "--verify-each", "--check-exact=6", f"--seed={seed + 1}", "--stats",
             "--passes=legalize,fanin-fanout-balancing{fanin=%d,links=%s},balance-delays{dmin=1}"
             % (fanin, links)], input=text, capture_output=True, text=True)
        if done.returncode == 0:
            splits = re.search(r"(\d+)\s+fanin-fanout-balancing: sums that were split", done.stderr)
            said["split" if int(splits.group(1)) else "small enough"] += 1
            continue
        reason = [r for r in REFUSALS if r in done.stderr]
        if not reason:
            print(text, done.stderr, f"seed {seed}, fanin = {fanin}, {links}", sep="\n")
            return 1
        said["refused: " + reason[0]] += 1
    for line in sorted(said):
        print(f"{said[line]:5} {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 0))
