#!/usr/bin/env python3
"""Attention on integers, computed from the formulas of docs/onnx.md with Python's integers.

usage: integer_attention.py NETWORKS SEED

Draws networks in quantize/dequantize form: a norm (of tokens, of groups of them, or of each),
queries and keys that are products of it, with a mask or bias of positions or none, softmax, and
values; one head, all steps random. `quantize` makes integer ops of them,
`convert-to-spiking` writes them as populations, in one step, in a pipeline, or as ternary spikes
until nothing changes. Every result on the interpreter and in CPU code must be what is computed
here, element by element.
"""
import math
import os
import subprocess
import sys
import tempfile
from fractions import Fraction

import numpy as np

F = np.float32


# ---- The formulas. -----------------------------------------------------------------------


def nearest(x):
    """Half away from zero, as constants are rounded."""
    whole = math.floor(abs(Fraction(x)) + Fraction(1, 2))
    return whole if x >= 0 else -whole


def levels(x, unit, step, gain, shift, low, high):
    """x in units of `unit`, times a gain, plus a shift, in steps: 8 fraction bits, then none."""
    m = nearest(float(gain) * unit / float(step) * 2.0 ** 38)
    b = nearest(float(shift) / float(step) * 2.0 ** 8) + 128
    return min(max(((x * m >> 30) + b) >> 8, low), high)


def rsqrt(w):
    """2^29.5 / sqrt(w): four steps of Newton's from a line, on w scaled to [2^29, 2^31)."""
    z, f = max(w, 1), 1
    while z < 1 << 29:
        z, f = 4 * z, 2 * f
    y = nearest(Fraction("2.1325") * 2 ** 28) - (z * nearest(Fraction("1.2175") * 2 ** 28) >> 31)
    for _ in range(4):
        y = y * (3 * 2 ** 28 - (z * (y * y >> 28) >> 31)) >> 29
    return (y * f + 2 ** 13) >> 14


def norm(row, bits, step, epsilon, gain, shift, out):
    """layernorm (shift given) or rmsnorm of integers in one step."""
    n = len(row)
    centred = shift is not None
    c = [n * x - sum(row) for x in row] if centred else list(row)
    most = n * 2 ** bits if centred else 2 ** (bits - 1)
    reach = min(math.isqrt(2 ** 30 // n), 32767)
    m = min(reach * 2 ** 30 // most, 2 ** 30)
    a = [(x * m + 2 ** 29) >> 30 for x in c]
    unit = float(step) * 2.0 ** 30 / m / (n if centred else 1)
    v = sum(x * x for x in a) + nearest(float(F(epsilon)) * n / (unit * unit))
    r = rsqrt(min(v, 2 ** 31 - 1))
    return [levels(x * r, math.sqrt(n) * math.sqrt(2.0) * 2.0 ** -30, out[0], g,
                   0 if shift is None else shift[i], *out[1:])
            for i, (x, g) in enumerate(zip(a, gain))]


def softmax(row, step, out):
    top = max(row)
    e = [nearest(32767 * math.exp(float(step) * (x - top))) for x in row]
    r = 2 ** 30 // max(sum(e), 32767)
    return [levels(x * r, 2.0 ** -30, out[0], 1, 0, *out[1:]) for x in e]


def group_norm(rows, groups, step, epsilon, gain, shift, out):
    """groupnorm of [channels, width]: rows of a group are one vector, gains are by channel."""
    width, size, done = len(rows[0]), len(rows) // groups, []
    for first in range(0, len(rows), size):
        flat = [x for row in rows[first:first + size] for x in row]
        by_element = [[values[first + i // width] for i in range(len(flat))]
                      for values in (gain, shift)]
        flat = norm(flat, 8, step, epsilon, *by_element, out)
        done += [flat[i:i + width] for i in range(0, len(flat), width)]
    return done


def masked(rows, mask, step):
    """Scores of 8 bits and a mask, in 16 bits together."""
    most = 2 ** 15 - 2 ** 7
    return [[x + max(nearest(float(m) / float(step)), -most) for x, m in zip(*pair)]
            for pair in zip(rows, mask)]


def product(a, b, steps, out):
    unit = float(F(float(steps[0]) * float(steps[1])))
    return [[levels(sum(x * y for x, y in zip(row, column)), unit, out[0], 1, 0, *out[1:])
             for column in zip(*b)] for row in a]


# ---- Networks. ----------------------------------------------------------------------------


def number(x):
    text = repr(float(F(x)))
    return text if "." in text or "e" in text else text + ".0"


class Attention:
    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.tokens, self.width = int(rng.integers(2, 9)), int(rng.integers(2, 25))
        self.kind = str(rng.choice(["layernorm", "rmsnorm", "groupnorm", "instancenorm"]))
        divisors = [n for n in range(1, self.tokens + 1) if self.tokens % n == 0]
        self.groups = int(rng.choice(divisors))
        if self.kind == "instancenorm":
            self.groups = self.tokens
        self.epsilon = float(F(rng.choice([1e-6, 1e-5, 1e-3])))
        self.grouped = self.kind in ("groupnorm", "instancenorm")
        self.gains = self.tokens if self.grouped else self.width
        self.gain = (rng.random(self.gains) * 2 - 0.5).astype(F)
        self.shift = (rng.random(self.gains) - 0.5).astype(F)
        draw = lambda low, high: F(math.exp(rng.uniform(math.log(low), math.log(high))))
        self.s_x, self.s_n = draw(0.001, 0.5), draw(0.01, 0.04)
        self.s_a = F(float(self.s_n) ** 2 * draw(150, 150 * self.width))
        self.s_p = F(draw(0.8, 1.0) / 255)
        self.s_o = F(float(self.s_p) * float(self.s_n) * draw(150, 300))
        self.x = rng.integers(-128, 128, (4, self.tokens, self.width)) // int(rng.integers(1, 9))

        self.mask = None
        if rng.integers(3) == 1:  # causal, as exporters write it: no blob has an infinity
            self.mask = np.triu(np.full((self.tokens, self.tokens), np.finfo(F).min), 1)
        elif rng.integers(2):
            self.mask = F(self.s_a) * rng.normal(0, 40, (self.tokens, self.tokens)).astype(F)

    def normalized(self, sample):
        if self.grouped:
            return group_norm(sample, self.groups, self.s_x, self.epsilon, self.gain, self.shift,
                              (self.s_n, -128, 127))
        return [norm(row, 8, self.s_x, self.epsilon, self.gain,
                     self.shift if self.kind == "layernorm" else None, (self.s_n, -128, 127))
                for row in sample]

    def expected(self):
        signed = (-128, 127)
        out = []
        for sample in self.x.tolist():
            n = self.normalized(sample)
            a = product(n, [list(c) for c in zip(*n)], (self.s_n, self.s_n),
                        (self.s_a, *signed))
            if self.mask is not None:
                a = masked(a, self.mask, self.s_a)
            p = [softmax(row, self.s_a, (self.s_p, 0, 255)) for row in a]
            out.append(product(p, n, (self.s_p, self.s_n), (self.s_o, *signed)))
        return np.array(out)

    def text(self):
        n, d = self.tokens, self.width
        blob = lambda name, v: f"  blob @{name} : f32 = splat {number(v)}\n"
        dense = lambda name, v: (
            f"  blob @{name} : f32{list(v.shape)} = dense ["
            + ", ".join(map(number, v.flatten())) + "]\n")
        shape = f"f32[{n}, {d}]"
        op = f"{self.kind} %x.d, @gain" + ("" if self.kind == "rmsnorm" else ", @shift")
        groups = f"groups = {self.groups}, " if self.kind == "groupnorm" else ""
        site = lambda name, of, box, low=-128, high=127: (
            f"    %{name}.q = quantize %{of}, @{name}.step {{round = half-up, low = {low}, "
            f"high = {high}}} : {'i9' if low == 0 else 'i8'}{box}\n"
            f"    %{name}.d = dequantize %{name}.q, @{name}.step : f32{box}\n")
        wide, square = f"[{n}, {d}]", f"[{n}, {n}]"
        return ("module @attention {\n" + blob("x.step", self.s_x) + blob("n.step", self.s_n)
                + blob("a.step", self.s_a) + blob("p.step", self.s_p) + blob("o.step", self.s_o)
                + dense("gain", self.gain) + dense("shift", self.shift)
                + ("" if self.mask is None else dense("mask", self.mask))
                + f"  network @main(%x: {shape}) -> ({shape}) {{\n" + site("x", "x", wide)
                + f"    %n = {op} {{{groups}epsilon = {number(self.epsilon)}}} : {shape}\n"
                + site("n", "n", wide)
                + f"    %t = transpose %n.d {{perm = [1, 0]}} : f32[{d}, {n}]\n"
                + f"    %a = matmul %n.d, %t : f32{square}\n" + site("a", "a", square)
                + (f"    %p = softmax %a.d : f32{square}\n" if self.mask is None else
                   f"    %b = add %a.d, @mask : f32{square}\n"
                   f"    %p = softmax %b : f32{square}\n") + site("p", "p", square, 0, 255)
                + f"    %o = matmul %p.d, %n.d : {shape}\n" + site("o", "o", wide)
                + "    return %o.d\n  }\n}\n")


# ---- Running. -----------------------------------------------------------------------------


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(words)}: exit {done.returncode}: {done.stderr[-2000:]}")


def main():
    count, seed = int(sys.argv[1]), int(sys.argv[2])
    compared = differ = 0
    with tempfile.TemporaryDirectory() as folder:
        path = lambda name: os.path.join(folder, name)
        for n in range(count):
            network = Attention(seed + n)
            wanted = network.expected()
            np.save(path("x.npy"), (network.x * network.s_x).astype(F))
            with open(path("net.sf"), "w") as file:
                file.write(network.text())
            passes = {"rounded": "quantize"}
            for form in ("integer", "graded", "stbif"):
                passes[form] = f"quantize,convert-to-spiking{{form={form}}}"
            for form, text in passes.items():
                run("sf-opt", path("net.sf"), "--passes", text, "-o", path("out.sf"))
                for target in ((), ("--target", "cpu")):
                    run("sfc", "run", path("out.sf"), "--input", path("x.npy"), "--output",
                        path("y.npy"), *target)
                    found = np.load(path("y.npy")).reshape(wanted.shape)
                    if form == "rounded":
                        found = np.rint(found / network.s_o).astype(np.int64)
                    compared += wanted.size
                    wrong = int((found != wanted).sum())
                    differ += wrong
                    if wrong:
                        print(f"seed {seed + n}, {form} {target}: {wrong} of {wanted.size}")
    print(f"{count} networks, {compared} values, {differ} differ")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
