"""neuron_models.py, continued: sinabs, adaptive neurons, Lava, codes, generic ones."""
import itertools

import numpy as np

import sf_number
from neuron_models import BETA, F, MODELS, TH, model, theta

# ---- sinabs, 3.4.

SINABS = {"alpha": (0.3, 0.98), "gain": (0.3, 1.0), "vmin": (-1.0, -0.2), **TH}
CAP = {"cap": 3.0}


def sinabs_fire(s, v, th, p, single):
    if single:
        return theta(v - th >= 0)
    return np.minimum((v > 0) * np.trunc(v / th), p.cap).astype(F)


def sinabs(name, single, zero=False, syn=False, adapt=False):
    params = dict(SINABS)
    params.update({"vr": (-0.1, 0.1)} if zero else {})
    params.update({"syn": (0.2, 0.9)} if syn else {})
    params.update({"decay": (0.5, 0.98)} if adapt else {})

    @model(name, params, states="i v b", drive=(0.8, 1.5),
           fixed={} if single else CAP)
    def step(s, x, p):
        if syn:
            s.i = x = p.syn * (s.i + x)
        v = p.alpha * s.v + p.gain * x
        th = p.theta + F(1.8) * s.b if adapt else p.theta
        z = sinabs_fire(s, v, th, p, single)
        v = v * (z == 0) + p.vr if zero else v - z * th
        s.v = np.maximum(v, p.vmin).astype(F)
        if adapt:
            s.b = p.decay * s.b + (1 - p.decay) * z
        return z


for kind in itertools.product((False, True), repeat=4):
    single, zero, syn, adapt = kind
    sinabs("sinabs_%s%s%s%s" % (
        "cuba_" if syn else "", "alif" if adapt else "lif",
        "_single" if single else "", "_zero" if zero else ""),
        single, zero, syn, adapt)

# ---- Adaptive LIF, 3.6; GLIF, 3.9.


@model("adlif", {"alpha": (0.82, 0.96), "beta": (0.967, 0.99), "a": (-1, 1),
                 "b": (0, 2), **TH}, states="u w s", drive=(2.0, 4.0))
def adlif(s, x, p):
    s.w = p.beta * s.w + p.a * s.u + p.b * s.s
    s.u = p.alpha * (s.u - s.s) + (1 - p.alpha) * (x - s.w)
    s.s = theta(s.u > p.theta)
    return s.s


SEAD = {"du": (0.8, 0.96), "dw": (0.9, 0.99), "a": (0, 1), "b": (0, 2),
        "q": (0.5, 2.0), **TH}


def sead(name, euler):
    @model(name, SEAD, states="u w s", drive=(2.0, 4.0))
    def step(s, x, p):
        old_u, old_s = s.u, s.s
        u = p.du * s.u + (1 - p.du) * (x - s.w)
        s.s = theta(u > p.theta)
        s.u = u * (1 - s.s)
        au, bs = (old_u, old_s) if euler else (s.u, s.s)
        s.w = p.dw * s.w + (1 - p.dw) * (p.a * au + p.b * bs) * p.q
        return s.s


sead("se_adlif", False)
sead("ef_adlif", True)


@model("glif", {"decay": (0.3, 0.95), "linear": (0.0, 0.2),
                "gain": (0.5, 1.0), "gamma": (0.0, 1.0), "less": (0.0, 0.6),
                **TH}, states="v s", drive=(0.5, 1.0))
def glif(s, x, p):
    u = p.decay * s.v - p.linear + x * p.gain
    u = u - p.decay * s.v * p.gamma * s.s - p.less * s.s
    s.s, s.v = theta(u >= p.theta), u
    return s.s


# ---- Lava, 3.5.

LAVA = {"du": (0.1, 0.9), "dv": (0.05, 0.6), "bias": (-0.1, 0.2)}


def lava_charge(s, x, p):
    s.u = s.u * (1 - p.du) + x
    return s.v * (1 - p.dv) + s.u + p.bias


@model("lava_lif", {"vth": (0.6, 1.4), **LAVA}, states="u v")
def lava_lif(s, x, p):
    h = lava_charge(s, x, p)
    z = h > p.vth
    s.v = np.where(z, F(0), h)
    return theta(z)


@model("lava_lif_refractory", {"vth": (0.6, 1.4), **LAVA}, states="u v rho",
       fixed={"period": 2})
def lava_lif_refractory(s, x, p):
    h = lava_charge(s, x, p)
    free = s.rho == 0
    z = free & (h > p.vth)
    s.v = np.where(free & ~z, h, F(0))
    s.rho = np.where(z, p.period, np.maximum(s.rho - 1, 0))
    return theta(z)


@model("lava_lif_reset", {"vth": (0.6, 1.4), **LAVA}, states="u v t",
       fixed={"interval": 7, "first": 3})
def lava_lif_reset(s, x, p):
    keep = F((s.t[0] - p.first) % p.interval != 0)
    s.t, s.u, s.v = s.t + 1, s.u * keep, s.v * keep
    return lava_lif(s, x, p)


@model("lava_ternary_lif", {"high": (0.5, 1.5), "low": (-1.5, -0.5), **LAVA},
       states="u v", drive=(0.0, 0.8))
def lava_ternary_lif(s, x, p):
    h = lava_charge(s, x, p)
    z = theta(h > p.high) - theta(h < p.low)
    s.v = np.where(z != 0, F(0), h)
    return z


@model("lava_atrlif", {"di": (0.2, 0.8), "dv": (0.2, 0.8), "dth": (0.1, 0.5),
                       "dr": (0.1, 0.5), "step": (0.1, 1.0),
                       "bias": (-0.1, 0.2), **TH}, states="i v th r",
       drive=(1.0, 1.5), start={"th": "theta"})
def lava_atrlif(s, x, p):
    s.i = (1 - p.di) * s.i + x
    s.v = (1 - p.dv) * s.v + s.i + p.bias
    s.th = (1 - p.dth) * (s.th - p.theta) + p.theta
    s.r = (1 - p.dr) * s.r
    z = theta(s.v - s.r >= s.th)
    s.r = s.r + 2 * s.th * z
    s.th = s.th + p.step * z
    return z


@model("lava_rf", {"cos": (0.4, 0.8), "sin": (0.4, 0.6), "vth": (0.3, 0.8)},
       states="z", start={"z": 0j})
def lava_rf(s, x, p):
    old = s.z
    re = p.cos * old.real - p.sin * old.imag + x[0]
    im = p.sin * old.real + p.cos * old.imag + x[1]
    s.z = (re + 1j * im).astype(np.complex64)
    return theta((re >= p.vth) & (im >= 0) & (old.imag < 0))


@model("lava_sigma_delta", {"vth": (0.3, 1.5), "bias": (-0.2, 0.2)},
       states="sigma act res", drive=(0.0, 0.6), host="reads")
def lava_sigma_delta(s, x, p):
    s.sigma, old = s.sigma + x, s.act
    s.act = np.maximum(s.sigma + p.bias, F(0))
    delta = s.act - old + s.res
    sends = np.abs(delta) >= p.vth
    s.res = np.where(sends, F(0), delta)
    return np.where(sends, delta, F(0))


def rz(y):
    return np.sign(y) * (np.abs(y) >> 12)


def loihi(name, params, fire, fixed=None):
    """Bit-accurate charge; `fire` gives spikes and the new v."""
    @model(name, {"di": (100, 4000), "dv": (50, 2000), "bias": (-500, 900),
                  **params}, states="u v rho", drive=(60, 150), fixed=fixed,
           units={"vth": 64})
    def step(s, x, p):
        u = rz(s.u * (4096 - p.di)) + (x << 6)
        s.u = np.where(u > 2 ** 23, u - 2 ** 24,
                       np.where(u <= -2 ** 23, u + 2 ** 24, u))
        v = rz(s.v * (4096 - p.dv)) + s.u + p.bias
        return fire(s, np.clip(v, -(2 ** 23 - 1), 2 ** 23 - 1), p)
    MODELS[name].integer = True


def ternary(s, v, p):
    z = (v > p.high).astype(int) - (v < p.low)
    s.v = np.where(z != 0, 0, v)
    return z


def lif(s, v, p):
    z = v > p.vth
    s.v = np.where(z, 0, v)
    return z.astype(int)


def refractory(s, v, p):
    free = s.rho == 0
    z = free & (v > p.vth)
    s.v = np.where(free & ~z, v, 0)
    s.rho = np.where(z, p.period, np.maximum(s.rho - 1, 0))
    return z.astype(int)


loihi("loihi_lif", {"vth": (3000, 20000)}, lif)
loihi("loihi_lif_refractory", {"vth": (3000, 20000)}, refractory,
      {"period": 2})
loihi("loihi_ternary_lif", {"high": (3000, 20000), "low": (-9000, -2000)},
      ternary)

# ---- Codes, 1.5.


@model("burst", {"unit": (0.3, 0.8), "v0": (0.0, 0.3)}, start={"v": "v0"},
       fixed={"most": 4.0})
def burst(s, x, p):
    h = s.v + x
    c = np.clip(np.floor(h / p.unit), F(0), F(p.most))
    s.v = h - c * p.unit
    return c


@model("ilif", {"theta": (0.3, 0.8)}, fixed={"most": 4.0})
def ilif(s, x, p):
    h = s.v + x
    c = np.round(np.clip(h / p.theta, F(0), F(p.most)))
    s.v = h - c * p.theta
    return c


@model("multi_threshold", {"p": (0.2, 0.6), "n": (0.2, 0.6)},
       drive=(0.0, 1.5), fixed={"levels": 4})
def multi_threshold(s, x, p):
    h = s.v + x
    up = down = np.zeros_like(h)
    for k in range(p.levels):
        up = np.where(h >= p.p * F(2 ** k) - p.p / 2, F(2 ** k), up)
        down = np.where(-h >= p.n * F(2 ** k) - p.n / 2, F(2 ** k), down)
    s.v = h - up * p.p + down * p.n
    return up, down


def few_spikes(name, fixed, width):
    @model(name, {"alpha": (0.5, 40.0)}, states="u sum t", fixed=fixed)
    def step(s, x, p):
        k = int(s.t[0]) + 1
        level = p.alpha * F(2.0 ** -k)
        z = theta(s.u >= level)
        s.u = s.u - level * z
        s.sum = s.sum + x
        s.t = s.t + 1
        if k == width:
            s.u, s.sum, s.t = s.sum, np.zeros_like(s.sum), s.t * 0
        return z * F(2 ** (p.steps - k))


@model("threshold", {"theta": (-0.3, 1.0)}, states="")
def threshold(s, x, p):
    return theta(x - p.theta >= 0)


few_spikes("fs_relu", {"steps": 10}, 10)
few_spikes("fs", {"steps": 8}, 8)

# ---- Generic integrators: theta subtracted, or zero; new or old current.


def generic(name, params, charge, zero, states="v", drive=(0.4, 0.8)):
    @model(name, params, states=states, drive=drive)
    def step(s, x, p):
        h = charge(s, x, p)
        z = h > p.theta
        s.v = np.where(z, F(0) if zero else h - p.theta, h)
        return theta(z)


def cuba_new(s, x, p):
    s.i = p.alpha * s.i + x
    return p.beta * s.v + s.i


def cuba_old(s, x, p):
    old, s.i = s.i, p.alpha * s.i + x
    return p.beta * s.v + old


CUBA = {"alpha": (0.2, 0.9), **BETA}
for suffix, zero in (("", False), ("_zero", True)):
    generic("if" + suffix, TH, lambda s, x, p: s.v + x, zero)
    generic("lif" + suffix, BETA, lambda s, x, p: p.beta * s.v + x, zero)
    generic("cuba_lif" + suffix, CUBA, cuba_new, zero, "i v", (0.1, 0.4))
    generic("cuba_lif_lag" + suffix, CUBA, cuba_old, zero, "i v", (0.1, 0.4))

# ---- Refractory variants, 3.8.


def refractory_mode(name, mode, cuba):
    @model(name, {"alpha": (0.2, 0.9), **BETA} if cuba else BETA,
           states="i v rho", fixed={"period": 3, **(
               {"vr": 0.125} if mode == "clamp" else {})},
           start={"v": 0.125} if mode == "clamp" else {},
           drive=(0.3, 0.6) if cuba else (0.6, 0.8))
    def step(s, x, p):
        held = s.rho > 0
        drive = x
        if cuba:
            drive = p.alpha * s.i + x
            s.i = np.where(held & (mode == "clamp"), F(0), drive)
        h = p.beta * s.v + drive
        z = ~held & (h > p.theta)
        if mode == "clamp":
            s.v = np.where(z | held, F(p.vr), h)
        else:
            frozen = s.v if mode == "hold" else h
            s.v = np.where(held, frozen, np.where(z, h - p.theta, h))
        s.rho = np.where(z, p.period, np.maximum(s.rho - 1, 0))
        return theta(z)


for mode in ("hold", "clamp", "mask"):
    refractory_mode("lif_" + mode, mode, False)
    refractory_mode("cuba_lif_" + mode, mode, True)

# ---- Encoders, 2.7; t counts from 1.


@model("direct", {}, host="sends")
def direct(s, x, p):
    return x


@model("even_rate", {"offset": (0.0, 1.0)}, states="t", constant=True)
def even_rate(s, x, p):
    s.t = s.t + 1
    t = s.t.astype(F)
    return np.floor(t * x + p.offset) - np.floor((t - 1) * x + p.offset)


@model("bernoulli", {}, states="t", constant=True, host="sends")
def bernoulli(s, x, p):
    words = np.array([sf_number.draw(0, element, int(s.t[0]), 0)
                      for element in range(len(x))])
    s.t = s.t + 1
    return theta((words >> 8) / 2 ** 24 + 0.5 < x)


@model("latency", {}, states="t", constant=True, fixed={"steps": 16.0})
def latency(s, x, p):
    now = s.t == np.round((1 - x) * F(p.steps - 1))
    s.t = s.t + 1
    return theta(now & (x > 0))


@model("delta_event", {"theta": (0.2, 0.8)}, drive=(0.0, 0.6), states="ref")
def delta_event(s, x, p):
    z = theta(x - s.ref >= p.theta) - theta(s.ref - x >= p.theta)
    s.ref = s.ref + z * p.theta
    return z


# ---- Read-outs.


@model("count", {}, states="t", drive=(-1, 2), spikes=True, host="reads")
def count(s, x, p):
    s.t = s.t + x
    return s.t


@model("first_spike", {}, states="t", drive=(-4, 2), spikes=True, host="reads")
def first_spike(s, x, p):
    s.t = s.t + ((s.t > 0) | (x > 0))
    return s.t


@model("mean", {}, states="sum n", host="reads")
def mean(s, x, p):
    s.sum, s.n = s.sum + x, s.n + 1
    return s.sum / s.n


def integrated(s, x, p):
    s.v = p.beta * s.v + x
    return s.v


LEAK = {"beta": (0.3, 0.98)}
model("li", LEAK, host="reads")(integrated)
model("mean_li", LEAK, states="v sum n", host="reads")(
    lambda s, x, p: mean(s, integrated(s, x, p), p))
