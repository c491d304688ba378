#!/usr/bin/env python3
"""Ternary spikes through functions of whole values, against integers computed here.

usage: telescoping.py NETWORKS SEED

Draws small networks, each with one of KINDS between two layers of random weights and biases:
a function of a vector, a table, a product of streams, a constant stream, a maximum, a sum that
saturates. `convert-to-spiking{form=stbif}` makes spikes of them; once these have settled, all
results on the interpreter and in CPU code must be what numpy's and Python's integers give, as
those of the integer form. NETWORKS of each kind.
"""
import math
import os
import subprocess
import sys
import tempfile

import numpy as np

from integer_attention import F, levels, norm, number, softmax

SAMPLES = 3


def blob(name, values, scalar):
    values = np.asarray(values)
    shape = f"[{', '.join(map(str, values.shape))}]" if values.ndim else ""
    text = number if scalar == "f32" else str
    data = ", ".join(text(v) for v in values.reshape(-1).tolist())
    return f"  blob @{name} : {scalar}{shape} = " + (f"dense [{data}]\n" if shape
                                                     else f"splat {data}\n")


def rounded(values, step, low, high):
    """quantize of f32 numbers, half up."""
    quotient = np.asarray(values, F) / F(step)
    return np.clip(np.floor(quotient.astype(np.float64) + 0.5), low, high).astype(np.int64)


class Network:
    def __init__(self, kind, seed):
        self.rng = rng = np.random.default_rng(seed)
        self.kind, self.blobs = kind, ""
        self.tokens, self.width = int(rng.integers(2, 6)), int(rng.integers(2, 7))
        self.shape = (self.tokens, self.width)
        self.s_x, self.s_a = F(0.125), F(rng.choice([0.25, 0.5]))
        self.low, self.high = (0, 15) if kind == "lrn" else (-20, 27)
        self.x = rng.integers(-60, 61, (SAMPLES, *self.shape))
        self.w, self.b = self.draw("w", 7, (self.width, self.width)), self.draw(
            "b", 90, (self.width,))
        self.unit = F(self.s_a / F(7))
        self.lines, self.values = [], []

    def draw(self, name, most, shape, scalar="i8"):
        values = self.rng.integers(-most, most + 1, shape)
        self.blobs += blob(name, values, scalar)
        return values

    def add(self, line, shape, scalar="i32"):
        self.lines.append(f"    {line} : {scalar}[{', '.join(map(str, shape))}]\n")

    def site(self, name, of, step, low, high, shape, scalar="i8"):
        self.blobs += blob(f"{name}.step", step, "f32")
        self.add(f"%{name}.q = quantize %{of}, @{name}.step {{round = half-up, low = {low}, "
                 f"high = {high}}}", shape, scalar)
        self.add(f"%{name}.d = dequantize %{name}.q, @{name}.step", shape, "f32")

    # ---- What stands between the layers: lines, values, of samples of levels and sums. ----

    def softmax(self, a, sums):
        step = F(1 / 255)
        self.add("%p = softmax %a.d", self.shape, "f32")
        self.site("y", "p", step, 0, 255, self.shape, "i9")
        return [[softmax(row, self.s_a, (step, 0, 255)) for row in s] for s in a.tolist()]

    def normalize(self, a, centred):
        step, gain, shift = F(0.05), (self.rng.random(self.width) + 0.5).astype(F), (
            self.rng.random(self.width) - 0.5).astype(F)
        self.blobs += blob("gain", gain, "f32") + blob("shift", shift, "f32")
        self.add("%n = layernorm %a.d, @gain, @shift {epsilon = 1e-05}" if centred else
                 "%n = rmsnorm %a.d, @gain {epsilon = 1e-05}", self.shape, "f32")
        self.site("y", "n", step, -128, 127, self.shape)
        return [[norm(row, 8, self.s_a, 1e-5, gain, shift if centred else None,
                      (step, -128, 127)) for row in s] for s in a.tolist()]

    def layernorm(self, a, sums):
        return self.normalize(a, True)

    def rmsnorm(self, a, sums):
        return self.normalize(a, False)

    def gelu(self, a, sums):
        step = F(0.03125)
        self.add("%g = gelu %a.d", self.shape, "f32")
        self.site("y", "g", step, -128, 127, self.shape)
        curve = lambda v: v / 2 * (1 + math.erf(v / math.sqrt(2)))
        return rounded(np.vectorize(curve)(a * float(self.s_a)), step, -128, 127)

    def lrn(self, a, sums):
        step, size, alpha, beta = F(0.2), 3, F(0.02), F(0.75)
        self.add(f"%n = lrn %a.d {{size = {size}, alpha = {number(alpha)}, "
                 f"beta = {number(beta)}, bias = 1.0}}", self.shape, "f32")
        self.site("y", "n", step, 0, 127, self.shape)
        padded = np.pad(a * a, ((0, 0), (1, 1), (0, 0)))
        squares = padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]
        s = float(self.s_a)
        y = s * a / (1 + float(alpha) / size * s * s * squares) ** float(beta)
        return np.clip(np.floor(y / float(step) + 0.5), 0, 127).astype(np.int64)

    def matmul(self, a, sums):
        self.add("%t = transpose %a.q {perm = [1, 0]}", self.shape[::-1], "i8")
        self.add("%y.q = matmul %a.q, %t", (self.tokens, self.tokens))
        return a @ a.transpose(0, 2, 1)

    def mul(self, a, sums):
        self.add("%y.q = mul %a.q, %a.q", self.shape)
        return a * a

    def rounded_mul(self, a, sums):
        """Rounded where it is, so the rounding is of a whole value."""
        self.add("%m = mul %a.q, %a.q", self.shape)
        self.add("%m.d = dequantize %m, @a.step", self.shape, "f32")
        step = F(5 * self.s_a)
        self.site("y", "m.d", step, -128, 127, self.shape)
        return rounded((a * a).astype(F) * self.s_a, step, -128, 127)

    def token(self, a, sums):
        token = self.draw("token", 100, (1, self.width))
        self.add("%t = reshape @token", (1, self.width), "i8")
        self.add("%y.q = concat %t, %a.q {axis = 0}", (self.tokens + 1, self.width), "i8")
        return np.concatenate([np.broadcast_to(token, (SAMPLES, *token.shape)), a], 1)

    def maximum(self, a, sums):
        weights = self.draw("u", 7, (self.width, self.width))
        self.add("%c = linear %x.q, @u", self.shape)
        self.add("%y.q = max %a, %c", self.shape)
        return np.maximum(sums, self.x @ weights.T)

    def saturated(self, a, sums):
        self.add("%y.q = add.sat %a, %a.q", self.shape, "i8")
        return np.clip(sums + a, -128, 127)

    def from_largest(self, a, sums):
        self.add("%m = reduce %a.q {kind = max, axes = [1], keep = true}", (self.tokens, 1), "i8")
        self.add("%y.q = sub %a.q, %m", self.shape)
        return a - a.max(2, keepdims=True)

    def repeated(self, a, sums):
        """A constant for more elements than the sum has."""
        place = self.draw("place", 100, self.shape)
        self.add(f"%r = slice %a {{begin = [0, 0], end = [1, {self.width}]}}", (1, self.width))
        self.add("%y.q = add %r, @place", self.shape)
        return sums[:, :1] + place

    def beside(self, a, sums):
        """The sum of a product and of spikes: the product's changes join it."""
        self.add("%m = mul %a.q, %a.q", self.shape)
        self.add("%y.q = add %m, %a", self.shape)
        return a * a + sums

    # ---- The whole. ----

    def build(self):
        """Text and results."""
        rng, body = self.rng, self.lines
        sums = self.x @ self.w.T + self.b
        a = rounded(sums.astype(F) * self.unit, self.s_a, self.low, self.high)
        self.blobs += blob("unit", self.unit, "f32")
        self.site("x", "x", self.s_x, -128, 127, self.shape)
        self.add("%a = linear %x.q, @w, @b", self.shape)
        self.add("%a.f = dequantize %a, @unit", self.shape, "f32")
        self.site("a", "a.f", self.s_a, self.low, self.high, self.shape)
        y = np.array(getattr(self, self.kind)(a, sums))
        rows, columns = y.shape[1:]
        v, c = self.draw("v", 7, (3, columns)), self.draw("c", 90, (3,))
        self.add("%z = linear %y.q, @v, @c", (rows, 3))
        self.add("%z.d = dequantize %z, @unit", (rows, 3), "f32")
        shape = ", ".join(map(str, self.shape))
        return (f"module @{self.kind} {{\n{self.blobs}"
                f"  network @main(%x: f32[{shape}]) -> (f32[{rows}, 3]) {{\n"
                + "".join(body) + "    return %z.d\n  }\n}\n", y @ v.T + c)


KINDS = ["softmax", "layernorm", "rmsnorm", "gelu", "lrn", "matmul", "mul", "rounded_mul",
         "token", "maximum", "saturated", "from_largest", "repeated", "beside"]


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(words)}: exit {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


def compare(kind, seed, path):
    network = Network(kind, seed)
    text, wanted = network.build()
    np.save(path("x.npy"), (network.x * network.s_x).astype(F))
    with open(path("net.sf"), "w") as file:
        file.write(text)
    compared = differ = 0
    for form in ("integer", "stbif"):
        run("sf-opt", path("net.sf"), "--verify-each", "--passes",
            f"quantize,convert-to-spiking{{form={form}}}", "-o", path("out.sf"))
        for target in ((), ("--target", "cpu")):
            run("sfc", "run", path("out.sf"), "--input", path("x.npy"), "--output",
                path("y.npy"), *target)
            found = np.load(path("y.npy")).reshape(wanted.shape)
            compared += wanted.size
            wrong = int((found != wanted).sum())
            differ += wrong
            if wrong:
                print(f"{kind}, seed {seed}, {form} {target}: {wrong} of {wanted.size}")
    return compared, differ


def main():
    count, seed = int(sys.argv[1]), int(sys.argv[2])
    compared = differ = 0
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            for n in range(count):
                one = compare(kind, seed + n, lambda name: os.path.join(folder, name))
                compared, differ = compared + one[0], differ + one[1]
    print(f"{count * len(KINDS)} networks, {compared} values, {differ} differ")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
