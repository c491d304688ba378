"""The discrete equations of the neuron zoo (conversion reference 3), a line of numpy each,
in float32 and in the order in which they are written. Nothing here reads the library.

Each row: parameters with the ranges to draw them from, the input's mean and deviation, the
states with what they start at, and the step, which takes states, input and parameters and
gives what is sent. constant: the input is an intensity in [0, 1], the same in every step;
spikes: it is spikes; host: reads or sends what no chip does; units: of which a whole
number is a multiple (a chip stores mantissas)."""
from types import SimpleNamespace as Row

import numpy as np

F = np.float32
MODELS = {}


def model(name, params, drive=(0.4, 0.8), states="v", start=None, fixed=None,
          constant=False, spikes=False, host=None, units=None):
    def keep(step):
        MODELS[name] = Row(params=params, drive=drive, states=states.split(),
                           start=start or {}, fixed=fixed or {}, step=step,
                           integer=spikes, constant=constant, spikes=spikes,
                           host=host, units=units or {})
        return step
    return keep


def theta(value):  # the step function
    return value.astype(F)


def exp(x):
    """IR reference 6.1: f32 throughout, each operation rounded."""
    n = np.rint(x * F(1.44269504))
    r = (x - n * F(0.693359375)) - n * F(-2.12194440e-4)
    p = np.full_like(x, F(1.9875691500e-4))
    for c in (1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2,
              1.6666665459e-1, 5.0000001201e-1):
        p = p * r + F(c)
    y = p * (r * r) + r + F(1)
    half = np.trunc(n / 2).astype(int)
    y = np.ldexp(np.ldexp(y, half), n.astype(int) - half)
    return np.where(x > F(88.72283), F(np.inf),
                    np.where(x < F(-87.33654), F(0), y)).astype(F)


TH = {"theta": (0.6, 1.4)}
VR = {"vr": (-0.3, 0.2)}
TAU = {"tau": (1.2, 6.0)}

# ---- SpikingJelly, 3.1: s = [H >= theta].


def sj_fire(s, h, p, soft):
    z = theta(h >= p.theta)
    s.v = np.where(z > 0, h - p.theta, h) if soft else np.where(z > 0, p.vr, h)
    return z


def spikingjelly(name, params, charge, **more):
    """Both resets of one charge equation H(s, x, p, vr)."""
    @model(name, {**params, **TH, **VR}, start={"v": "vr"}, **more)
    def hard(s, x, p):
        return sj_fire(s, charge(s, x, p, p.vr), p, False)

    @model(name + "_soft", {**params, **TH}, **more)
    def soft(s, x, p):
        return sj_fire(s, charge(s, x, p, F(0)), p, True)


def cuba(s, x, p, vr):
    s.c = s.c * p.dc + x
    return s.v * p.dv + s.c


K = {"k": (0.1, 0.9)}
spikingjelly("sj_if", {}, lambda s, x, p, vr: s.v + x)
spikingjelly("sj_lif", TAU, lambda s, x, p, vr: s.v + (x - (s.v - vr)) / p.tau,
             drive=(1.0, 2.0))
spikingjelly("sj_lif_whole", TAU,
             lambda s, x, p, vr: s.v - (s.v - vr) / p.tau + x)
spikingjelly("sj_plif", K, lambda s, x, p, vr: s.v + (x - (s.v - vr)) * p.k,
             drive=(1.0, 2.0))
spikingjelly("sj_plif_whole", K,
             lambda s, x, p, vr: s.v - (s.v - vr) * p.k + x)
spikingjelly("sj_cuba_lif", {"dc": (0.2, 0.9), "dv": (0.2, 0.9)}, cuba,
             states="c v", drive=(0.1, 0.4))


GAIN = {"k": (0.5, 1.5), **TAU}
spikingjelly("sj_klif", GAIN, lambda s, x, p, vr: np.maximum(
    p.k * (s.v + (x - (s.v - vr)) / p.tau), F(0)), drive=(1.0, 2.0))
spikingjelly("sj_klif_whole", GAIN, lambda s, x, p, vr: np.maximum(
    p.k * (s.v - (s.v - vr) / p.tau + x), F(0)))

QUAD = {"a0": (0.5, 1.5), "rest": (-0.2, 0.1), "critical": (0.5, 1.0)}


def quadratic(s, x, p):
    return x + p.a0 * (s.v - p.rest) * (s.v - p.critical)


def izhikevich_node(s, x, p, vr):
    return s.v + (quadratic(s, x, p) - s.w) / p.tau


spikingjelly("sj_qif", {**QUAD, **TAU},
             lambda s, x, p, vr: s.v + quadratic(s, x, p) / p.tau,
             drive=(0.8, 1.5))
spikingjelly("sj_eif", {"delta": (0.5, 1.5), "rheobase": (0.5, 1.0),
                        "rest": (-0.2, 0.1), **TAU},
             lambda s, x, p, vr: s.v + (
                 x + p.rest - s.v
                 + p.delta * exp((s.v - p.rheobase) / p.delta)) / p.tau,
             drive=(0.6, 1.5))


def adapted(name, more, start, soft):
    @model(name, {**QUAD, "tau_w": (1.5, 5.0), "a": (-0.5, 0.5),
                  "b": (0.0, 0.5), **TAU, **TH, **more},
           drive=(0.8, 1.5), states="v w", start=start)
    def step(s, x, p):
        h = izhikevich_node(s, x, p, None)
        s.w = s.w + (p.a * (h - p.rest) - s.w) / p.tau_w
        z = sj_fire(s, h, p, soft)
        s.w = s.w + p.b * z
        return z


adapted("sj_izhikevich", VR, {"v": "vr"}, False)
adapted("sj_izhikevich_soft", {}, {}, True)


# ---- snnTorch, 3.2: R from the membrane of the step before, s = [mem > theta].

BETA = {"beta": (0.3, 0.98), **TH}
SYN = {"alpha": (0.2, 0.9), **BETA}


def snntorch(name, params, rule, states="mem", **more):
    @model(name, params, states=states, **more)
    def step(s, x, p):
        return rule(s, x, p, theta(s.mem > p.theta))


def late(equation):
    """mem = equation, then the test."""
    def rule(s, x, p, r):
        s.mem = equation(s, x, p, r)
        return theta(s.mem > p.theta)
    return rule


def undelayed(equation, zero=False):
    """reset_delay = False: the residue of what R took already."""
    def rule(s, x, p, r):
        h = equation(s, x, p, r)
        z = theta(h > p.theta)
        s.mem = h - (z - r) * (h if zero else p.theta)
        return z
    return rule


def current(s, x, p):
    s.syn = p.alpha * s.syn + x
    return p.beta * s.mem + s.syn


def leaky(s, x, p, r):
    return p.beta * s.mem + x - r * p.theta


def synaptic(s, x, p, r):
    return current(s, x, p) - r * p.theta


snntorch("snntorch_leaky", BETA, late(leaky))
snntorch("snntorch_leaky_zero", BETA,
         late(lambda s, x, p, r: p.beta * (1 - r) * s.mem + x))
snntorch("snntorch_leaky_none", BETA, late(lambda s, x, p, r:
                                           p.beta * s.mem + x))
snntorch("snntorch_leaky_now", BETA, undelayed(leaky), drive=(0.8, 1.5))
snntorch("snntorch_synaptic", SYN, late(synaptic), "syn mem",
         drive=(0.1, 0.4))
snntorch("snntorch_synaptic_zero", SYN,
         late(lambda s, x, p, r: (1 - r) * current(s, x, p)), "syn mem",
         drive=(0.1, 0.4))
snntorch("snntorch_synaptic_now", SYN, undelayed(synaptic), "syn mem",
         drive=(0.3, 0.8))


def lapicque(s, x, p, r):
    return x * p.gain + p.beta * s.mem


def rleaky(s, x, p, r):
    return p.beta * s.mem + x + p.v * s.spk


def recurrent(rule):
    """Keeps the last spike, which the equation feeds back."""
    def step(s, x, p, r):
        s.spk = rule(s, x, p, r)
        return s.spk
    return step


snntorch("snntorch_synaptic_none", SYN, late(lambda s, x, p, r: current(
    s, x, p)), "syn mem", drive=(0.1, 0.4))
for base, charge, more, states, wrap in (
        ("rleaky", rleaky, {"v": (-0.5, 0.5)}, "mem spk", recurrent),
        ("lapicque", lapicque, {"gain": (0.5, 1.5)}, "mem", lambda r: r)):
    less = (lambda f: lambda s, x, p, r: f(s, x, p, r) - r * p.theta)(charge)
    void = (lambda f: lambda s, x, p, r: (1 - r) * f(s, x, p, r))(charge)
    for suffix, rule, drive in (
            ("", late(less), (0.4, 0.8)), ("_zero", late(void), (0.4, 0.8)),
            ("_none", late(charge), (0.1, 0.6)),
            ("_now", undelayed(less), (0.8, 1.5)),
            ("_now_zero", undelayed(void, True), (0.4, 0.8))):
        snntorch("snntorch_" + base + suffix, {**more, **BETA}, wrap(rule),
                 states, drive=drive)


def alpha(reset):
    def rule(s, x, p, r):
        e, i = p.alpha * s.e + x, p.beta * s.i - x
        mem = p.tau * (e + i)
        if reset == "subtract":
            old = s.i
            s.e = e - p.theta * r
            s.i = i - (p.beta * old - x) * r
            s.mem = mem + old * r
        else:
            keep = 1 - r if reset == "zero" else F(1)
            s.e, s.i, s.mem = e * keep, i * keep, mem * keep
        return theta(s.mem > p.theta)
    return rule


ALPHA = {"alpha": (0.85, 0.95), "beta": (0.5, 0.8), "tau": (1.2, 3.0), **TH}
for suffix, reset in (("", "subtract"), ("_zero", "zero"), ("_none", "none")):
    snntorch("snntorch_alpha" + suffix, ALPHA, alpha(reset), "e i mem",
             drive=(0.5, 0.8))

# ---- Norse, 3.3: s = [H > theta].

NORSE = {"km": (0.05, 0.5), "ks": (0.1, 0.6), "leak": (-0.1, 0.2), **TH, **VR}
BOX = {"km": (0.1, 0.8), "leak": (-0.1, 0.2), **TH}


def norse_reset(s, h, p, z):
    s.v = (1 - z) * h + z * p.vr


@model("norse_lif", NORSE, states="i v", drive=(0.8, 1.5))
def norse_lif(s, x, p):
    i = s.i + x
    h = s.v + p.km * ((p.leak - s.v) + i)
    s.i = i - p.ks * i
    z = theta(h > p.theta)
    norse_reset(s, h, p, z)
    return z


@model("norse_lif_box", {**BOX, **VR}, drive=(1.2, 2.0))
def norse_lif_box(s, x, p):
    h = s.v + p.km * (x + p.leak - s.v)
    z = theta(h > p.theta)
    norse_reset(s, h, p, z)
    return z


@model("norse_lif_box_soft", BOX, drive=(1.2, 2.0))
def norse_lif_box_soft(s, x, p):
    h = s.v + p.km * (x + p.leak - s.v)
    z = theta(h > p.theta)
    s.v = h - z * p.theta
    return z


@model("norse_iaf", {**TH, **VR})
def norse_iaf(s, x, p):
    h = s.v + x
    z = theta(h > p.theta)
    norse_reset(s, h, p, z)
    return z


@model("norse_lif_refrac", NORSE, states="i v rho", drive=(1.0, 2.0),
       fixed={"period": 3})
def norse_lif_refrac(s, x, p):
    before = s.v
    z = norse_lif(s, x, p)
    held = s.rho > 0
    s.v = np.where(held, before, s.v)
    z = np.where(held, F(0), z)
    s.rho = np.maximum(s.rho - 1, 0)
    s.rho = np.where(z > 0, p.period, s.rho)
    return z


@model("alif", {"km": (0.05, 0.5), "ks": (0.1, 0.6), "ka": (0.01, 0.3),
                "beta": (0.1, 1.0), **TH}, states="i v b", drive=(0.8, 1.5),
       start={"b": "theta"})
def alif(s, x, p):
    h = s.v + p.km * ((F(0) - s.v) + s.i)
    s.i = s.i - p.ks * s.i + x
    s.b = s.b + p.ka * (p.theta - s.b)
    z = theta(h > s.b)
    s.v = (1 - z) * h
    s.b = s.b + p.beta * z
    return z


@model("norse_ada_lif", {"kb": (0.7, 0.99), "beta": (0.1, 1.0), **NORSE},
       states="i v b", drive=(0.8, 1.5))
def norse_ada_lif(s, x, p):
    h = s.v + p.km * ((p.leak - s.v) + s.i - s.b)
    s.i = s.i - p.ks * s.i + x
    z = theta(h > p.theta)
    s.b = p.kb * s.b + p.beta * z
    s.v = h - z * (p.theta - p.vr)
    return z


@model("adex", {"ka": (0.01, 0.3), "c": (0.0, 1.0), "jump": (0.0, 0.5),
                "delta": (0.3, 0.8), **NORSE}, states="i v w",
       drive=(0.6, 1.2))
def adex(s, x, p):
    i = s.i + x
    h = s.v + p.km * ((p.leak - s.v) + p.delta * exp((s.v - p.theta) / p.delta)
                      + i - s.w)
    s.i = i - p.ks * i
    z = theta(h > p.theta)
    s.w = s.w + p.ka * (p.c * (s.v - p.leak) - s.w) + p.jump * z
    norse_reset(s, h, p, z)
    return z


@model("izhikevich", {"h": (0.1, 0.3), "a": (0.02, 0.1), "b": (0.2, 0.25),
                      "c": (-65.0, -50.0), "d": (2.0, 8.0)}, states="v u",
       drive=(20.0, 15.0), start={"v": -65.0, "u": -13.0})
def izhikevich(s, x, p):
    h = s.v + p.h * (F(0.04) * (s.v * s.v) + F(5) * s.v + F(140) - s.u + x)
    u = s.u + p.h * p.a * (p.b * s.v - s.u)
    z = theta(h > 30)
    s.v = np.where(z > 0, p.c, h)
    s.u = np.where(z > 0, u + p.d, u)
    return z
