"""neuron_models.py, continued: whole numbers, in int64 and clamped to what a state holds."""
import numpy as np

from neuron_models import F, MODELS, model
from neuron_models_more import rz

TOP = 2 ** 31 - 1


def whole(name, params, drive=(60, 150), states="v", **more):
    """A row of whole numbers; more: slack, by how much it may be off."""
    slack = more.pop("slack", 0)

    def keep(step):
        model(name, params, drive, states, **more)(step)
        MODELS[name].integer = True
        MODELS[name].slack = slack
        return step
    return keep


def sat(x, bits=32):
    return np.clip(x, -2 ** (bits - 1), 2 ** (bits - 1) - 1)


# ---- Integrators, 4.5.


def integrator(name, leaks, zero):
    more = {"dv": (0, 3000)} if leaks else {}

    @whole(name, {"theta": (100, 400), **more})
    def step(s, x, p):
        kept = rz(s.v * (4096 - p.dv)) if leaks else s.v
        h = sat(kept + x)
        z = h > p.theta
        s.v = np.where(z, 0 if zero else h - p.theta, h)
        return z.astype(int)


for leaks in (False, True):
    for zero in (False, True):
        integrator("%s_int%s" % ("lif" if leaks else "if",
                                 "_zero" if zero else ""), leaks, zero)

# ---- Lava in fixed point, 3.5. x << 6: state_exp; << 12: with spike_exp.

charged = MODELS["loihi_lif"].step


@whole("loihi_lif_reset", {"di": (100, 4000), "dv": (50, 2000),
                           "bias": (-500, 900), "vth": (3000, 20000)},
       states="u v rho t", fixed={"interval": 9, "first": 4},
       units={"vth": 64})
def loihi_lif_reset(s, x, p):
    if (s.t[0] - p.first) % p.interval == 0:
        s.u, s.v = s.u * 0, s.v * 0
    s.t = s.t + 1
    return charged(s, x, p)


def changes(s, act, p):
    delta = act - s.act + s.res
    sends = np.abs(delta) >= p.vth
    s.act, s.res = act, np.where(sends, 0, delta)
    return np.where(sends, delta, 0) >> 6


@whole("sigma_delta", {"bias": (-3000, 3000), "vth": (100, 9000)},
       states="sigma act res", drive=(0, 3000),
       units={"bias": 64, "vth": 64})
def sigma_delta(s, x, p):
    s.sigma = s.sigma + x
    return changes(s, np.maximum(s.sigma + p.bias, 0), p)


@whole("delta", {"vth": (2 ** 15, 2 ** 20)}, states="act res",
       units={"vth": 4096})
def delta(s, x, p):
    return changes(s, x << 12, p)


@whole("sigma", {}, states="sum")
def sigma(s, x, p):
    s.sum = s.sum + x
    return s.sum


def turned(s, x, p):
    edge = 2 ** 23 - 1
    return (np.clip(rz(p.cos * s.re) - rz(p.sin * s.im) + (x[0] << 6),
                    -edge, edge),
            np.clip(rz(p.sin * s.re) + rz(p.cos * s.im) + (x[1] << 6),
                    -edge, edge))


TURN = {"cos": (1500, 3000), "sin": (1500, 2800), "vth": (3000, 12000)}


@whole("rf", TURN, states="re im", drive=(0, 150), units={"vth": 64})
def rf(s, x, p):
    old = s.im
    s.re, s.im = turned(s, x, p)
    return ((s.re >= p.vth) & (s.im >= 0) & (old < 0)).astype(int)


@whole("rf_iz", TURN, states="re im", drive=(0, 150), units={"vth": 64})
def rf_iz(s, x, p):
    re, im = turned(s, x, p)
    z = im >= p.vth
    s.re, s.im = np.where(z, 0, re), np.where(z, p.vth - 1, im)
    return z.astype(int)


@whole("lava_prod", {"vth": (0, 400)}, states="", drive=(0, 150),
       fixed={"d": 2 ** 5})
def lava_prod(s, x, p):
    v = (x[0] * x[1]) >> 5
    return np.where(np.abs(v) > p.vth, v, 0)


@whole("lava_graded_vec", {"vth": (0, 200)}, states="", drive=(0, 150))
def lava_graded_vec(s, x, p):
    return np.where(np.abs(x) > p.vth, x, 0)


# ---- Exact conversion, 1.6: floor((X + half) / d) in a range.


def level(x, d, half, low, high):
    return np.clip((x + half) // d, low, high)


LEVEL = {"d": (3, 90), "half": (0, 45), "low": (-9, 1), "high": (2, 15)}


@whole("quant", LEVEL, states="", drive=(0, 300))
def quant(s, x, p):
    return level(x, p.d, p.half, p.low, p.high)


@whole("quant_gain", {"gain": (-9, 9), **LEVEL}, states="", drive=(0, 90))
def quant_gain(s, x, p):
    return level(x * p.gain, p.d, p.half, p.low, p.high)


@model("quant_input", {"s": (0.2, 1.0)}, states="", drive=(0.0, 1.0),
       fixed={"low": -4, "high": 4})
def quant_input(s, x, p):
    nearest = np.floor((x / p.s).astype(np.float64) + 0.5)
    return np.clip(nearest, p.low, p.high)


@whole("levels", {"m": (2 ** 26, 2 ** 31 - 1), "low": (-90, 0),
                  "high": (1, 90)}, states="", drive=(0, 20000))
def levels(s, x, p):
    return np.clip(((x * p.m >> 30) + 128) >> 8, p.low, p.high)


@whole("deviation", {"m": (0, 2 ** 30)}, states="", drive=(0, 20000))
def deviation(s, x, p):
    a = (x * p.m + 2 ** 29) >> 30
    return a, a * a


@whole("reciprocal", {"least": (1, 40)}, states="", drive=(20, 90))
def reciprocal(s, x, p):
    return 2 ** 30 // np.maximum(x, p.least)


@whole("rsqrt", {"epsilon": (0, 90)}, states="", drive=(0, 9000), slack=1)
def rsqrt(s, x, p):
    return np.rint(2 ** 29.5 / np.sqrt(np.maximum(x + p.epsilon, 1)))


def settle(s, charge, p):
    """Ternary spikes towards the level of the running sum."""
    h = sat(s.q + charge)
    z = (((h >= p.d) & (s.n < p.smax)).astype(int)
         - ((h < 0) & (s.n > p.smin)).astype(int))
    s.q, s.n = h - z * p.d, s.n + z
    return z


BIF = {"d": (40, 200), "q0": (0, 100), "smin": (-5, 1), "smax": (2, 9)}


@whole("stbif", BIF, states="q n", start={"q": "q0"}, drive=(10, 90))
def stbif(s, x, p):
    return settle(s, x, p)


@whole("stbif_gain", {"gain": (-9, 20), **BIF}, states="q n",
       start={"q": "q0"}, drive=(1, 9))
def stbif_gain(s, x, p):
    return settle(s, x * p.gain, p)


WEIGHED = {"gain": (-5, 9), "offset": (-20, 20)}


@whole("accumulate", {**WEIGHED, "q0": (-90, 90)}, states="q",
       start={"q": "q0"})
def accumulate(s, x, p):
    s.q = sat(s.q + x * p.gain + p.offset)
    return s.q


@whole("rate", {**WEIGHED, "theta": (100, 900), "v0": (0, 400)},
       start={"v": "v0"})
def rate(s, x, p):
    h = sat(s.v + x * p.gain + p.offset)
    z = h >= p.theta
    s.v = h - z * p.theta
    return z.astype(int)


@whole("count_max", {}, states="a b", drive=(-0.6, 1), spikes=True)
def count_max(s, x, p):
    """Counts first: what fires is the growth of the larger one."""
    before = np.maximum(s.a, s.b)
    s.a, s.b = s.a + x[0], s.b + x[1]
    return np.maximum(s.a, s.b) - before


@whole("larger", {"lead0": (-2, 3)}, states="a b",
       start={"a": "lead0"}, drive=(0, 1))
def larger(s, x, p):
    before = np.maximum(s.a, s.b)
    s.a, s.b = s.a + x[0], s.b + x[1]
    return sat(np.maximum(s.a, s.b) - before, 2)


@whole("total", {"q0": (-90, 90), "low": (-900, 0), "high": (10, 2000)},
       states="q", start={"q": "q0"}, drive=(0, 90))
def total(s, x, p):
    s.q = sat(s.q + x)
    return np.clip(s.q, p.low, p.high)


@whole("change", {}, states="last", drive=(0, 1))
def change(s, x, p):
    z, s.last = x - s.last, x
    return z


# ---- Plumbing.


@whole("relay", {}, states="", drive=(0, 1))
def relay(s, x, p):
    return x


@whole("product", {}, states="", drive=(0, 1))
def product(s, x, p):
    return x[0] * x[1]
