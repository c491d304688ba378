#!/usr/bin/env python3
"""Derives the polynomials of codegen/math.c and prints codegen/math_coefficients.def.

Each row approximates a smooth function on an interval by the polynomial that
interpolates it in the Chebyshev nodes, worked out in 60 decimal digits and rounded
to binary64 at the end. That is within a small factor of the best one. The error in
the comment is measured: the largest relative error of the binary64 evaluation by
Horner's rule against the function, on points between the nodes.

    math_polynomials.py > codegen/math_coefficients.def
"""
from decimal import Decimal as D
from decimal import getcontext

getcontext().prec = 60
PI = D("3.14159265358979323846264338327950288419716939937510582097494459230781640"
       "62862089986280348253421170679")


def cosine(x):
    term, total, n = D(1), D(1), 0
    while abs(term) > D(10) ** -58:
        n += 2
        term *= -x * x / (n * (n - 1))
        total += term
    return total


def series(first, ratio):
    """first * (1 + ratio(1) + ratio(1) ratio(2) + ..)"""
    term, total, n = first, first, 0
    while term and abs(term) > D(10) ** -58 * abs(total):
        n += 1
        term *= ratio(n)
        total += term
    return total


def expm1_over(r):
    """(exp(r) - 1) / r"""
    return series(D(1), lambda n: r / (n + 1))


def atanh_over(z):
    """atanh(s) / s of z = s^2"""
    return series(D(1), lambda n: z * (2 * n - 1) / (2 * n + 1))


def erf_over(z):
    """erf(x) / x of z = x^2"""
    scale = 2 / PI.sqrt()
    return scale * series(D(1), lambda n: -z * (2 * n - 1) / (n * (2 * n + 1)))


def erfcx_over(shift):
    """exp(y^2) erfc(y) / u of u = 1 / (y + shift)"""
    def function(u):  # the continued fraction of erfc, from its 3000th term
        y = 1 / u - shift
        tail = y
        for k in range(3000, 0, -1):
            tail = y + D(k) / 2 / tail
        return 1 / (tail * PI.sqrt() * u)
    return function


def interpolate(function, low, high, degree):
    """Coefficients, constant first."""
    middle, half = (low + high) / 2, (high - low) / 2
    nodes = [middle + half * cosine(PI * (2 * k + 1) / (2 * degree + 2))
             for k in range(degree + 1)]
    values = [function(x) for x in nodes]
    for gap in range(1, degree + 1):  # Newton's divided differences
        for k in range(degree, gap - 1, -1):
            values[k] = (values[k] - values[k - 1]) / (nodes[k] - nodes[k - gap])
    out = [D(0)] * (degree + 1)
    for k in range(degree, -1, -1):  # out = out * (x - nodes[k]) + values[k]
        for n in range(degree, 0, -1):
            out[n] = out[n - 1] - nodes[k] * out[n]
        out[0] = values[k] - nodes[k] * out[0]
    return [float(c) for c in out]


def measured(function, low, high, coefficients):
    worst = D(0)
    for k in range(201):
        x = float(low + (high - low) * k / 200)
        y = 0.0
        for c in reversed(coefficients):
            y = y * x + c
        exact = function(D(x))
        worst = max(worst, abs(D(y) / exact - 1))
    return worst


LN2 = D(2).ln()
ROOT = D(2).sqrt()
TANGENT = ((ROOT - 1) / (ROOT + 1)) ** 2
ERF_SPLIT = D(1)
SHIFT = D("2.5")
ROWS = [
    ("EXPM1", "(exp(r) - 1) / r, |r| <= ln(2) / 2", expm1_over,
     -LN2 / 2, LN2 / 2, 8),
    ("ATANH", "atanh(s) / s of s^2, s <= (sqrt 2 - 1) / (sqrt 2 + 1)", atanh_over,
     D(0), TANGENT, 6),
    ("ERF", "erf(x) / x of x^2, x <= 1", erf_over, D(0), ERF_SPLIT, 10),
    ("ERFCX", "exp(y^2) erfc(y) (y + 5/2) of 1 / (y + 5/2), 1 <= y <= 27",
     erfcx_over(SHIFT), 1 / (27 + SHIFT), 1 / (ERF_SPLIT + SHIFT), 13),
]


def main():
    print("/* clang-format off */")
    print("/* math_coefficients.def - polynomials of math.c, constant first. Written "
          "by\n * scripts/math_polynomials.py; do not edit. */")
    for name, what, function, low, high, degree in ROWS:
        coefficients = interpolate(function, low, high, degree)
        error = measured(function, low, high, coefficients)
        print("\n/* %s: relative error at most %.1e. */" % (what, error))
        print("SF_POLYNOMIAL(%s," % name)
        print(",\n".join("  %s" % c.hex() for c in coefficients) + ")")
    high = D(float(LN2) // 2 ** -32 * 2 ** -32)  # times 2^10 it is exact
    print("\n/* ln(2) in two parts, the first of 32 bits. */")
    print("SF_NUMBER(LN2_HIGH, %s)" % float(high).hex())
    print("SF_NUMBER(LN2_LOW, %s)" % float(LN2 - high).hex())
    print("\n#undef SF_POLYNOMIAL\n#undef SF_NUMBER")


if __name__ == "__main__":
    main()
