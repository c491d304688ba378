"""Arithmetic of docs/ir.md 5, 6 and 6.1 on Python integers, fractions and
numpy.float32. Slow and obvious."""
import math
from fractions import Fraction

import numpy as np

F = np.float32


class Overflow(Exception):
    """An integer without a mode that does not fit."""


def round_fraction(x, how):
    """Fraction to integer."""
    low = math.floor(x)
    half = Fraction(1, 2)
    if how == "floor":
        return low
    if how == "ceil":
        return math.ceil(x)
    if how == "zero":
        return math.trunc(x)
    if how == "half-up":
        return math.floor(x + half)
    if how == "half-away":
        return math.floor(x + half) if x >= 0 else math.ceil(x - half)
    if how == "half-even":
        if x - low == half:
            return low if low % 2 == 0 else low + 1
        return math.floor(x + half)
    raise ValueError(how)


def fit(value, scalar, mode):
    bits = 1 if scalar == "spike" else int(scalar[1:])
    low, high = (0, 1) if scalar == "spike" else (-2 ** (bits - 1),
                                                  2 ** (bits - 1) - 1)
    if low <= value <= high:
        return value
    if mode == "sat":
        return low if value < low else high
    if mode == "wrap":
        value %= 2 ** bits
        return value - 2 ** bits if value > high else value
    raise Overflow(value)


def float_to_int(x, scale, how, scalar, mode):
    x = float(x)
    if math.isnan(x):
        return fit(0, scalar, mode)
    if math.isinf(x):
        if mode == "wrap":
            return 0
        return fit(2 ** 200 if x > 0 else -2 ** 200, scalar, mode)
    return fit(round_fraction(Fraction(x) * Fraction(float(scale)), how),
               scalar, mode)


def fraction_to_f32(x):
    """Nearest binary32, ties to even."""
    if x == 0:
        return F(0)
    sign, x = (-1, -x) if x < 0 else (1, x)
    exponent = max(math.floor(math.log2(x)) - 1, -149 - 24)
    while x >= Fraction(2) ** (exponent + 1):
        exponent += 1
    exponent = max(exponent, -126)
    unit = Fraction(2) ** (exponent - 23)
    steps = round_fraction(x / unit, "half-even")
    value = steps * unit
    if value >= Fraction(2) ** 128:
        return F(sign * math.inf)
    return F(sign * float(value))


def exp32(x):
    x = F(x)
    if np.isnan(x):
        return x
    if x > F(88.72283):
        return F(math.inf)
    if x < F(-87.33654):
        return F(0)
    n = np.rint(F(x * F(1.44269504)))
    r = F(F(x - F(n * F(0.693359375))) - F(n * F(-2.12194440e-4)))
    p = F(1.9875691500e-4)
    for c in (1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2,
              1.6666665459e-1, 5.0000001201e-1):
        p = F(F(p * r) + F(c))
    y = F(F(F(p * F(r * r)) + r) + F(1))
    whole = int(n)
    half = int(whole / 2)
    return F(F(y * F(2.0 ** half)) * F(2.0 ** (whole - half)))


def philox(key, counter):
    """Philox4x32-10."""
    m0, m1, w0, w1 = 0xD2511F53, 0xCD9E8D57, 0x9E3779B9, 0xBB67AE85
    k0, k1 = key
    c = list(counter)
    for _ in range(10):
        a, b = m0 * c[0], m1 * c[2]
        c = [(b >> 32) ^ c[1] ^ k0, b & 0xffffffff,
             (a >> 32) ^ c[3] ^ k1, a & 0xffffffff]
        k0, k1 = (k0 + w0) & 0xffffffff, (k1 + w1) & 0xffffffff
    return c


def draw(seed, element, step, occurrence):
    word = philox((seed & 0xffffffff, seed >> 32 & 0xffffffff),
                  (element, step & 0xffffffff, occurrence, step >> 32))[0]
    return word - 2 ** 32 if word >= 2 ** 31 else word
