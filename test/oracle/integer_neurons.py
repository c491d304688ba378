"""The networks of models/nir as 8-bit integers: the spikes of an own evaluation, and
the same ones on all targets.

usage: integer_neurons.py MODELS WORK [SAMPLES]

MODELS is ../shared/models/nir. The weights are read from what import writes; units,
thresholds and decays follow from them as docs/rationale.md says, here in numpy. The
Braille networks get random events, the convolutional one of sinabs is only compared
between the interpreter and the targets."""
import json
import os
import subprocess
import sys

import numpy as np

STEPS = 64
# file, has biases, (alpha, beta) of both layers
BRAILLE = [
    ("braille_noDelay_bias_zero", True, [(0.55, 0.9), (0.5, 0.55)]),
    ("braille_noDelay_noBias_subtract", False, [(0.75, 0.85), (0.45, 0.7)]),
]


def run(*words):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, words))}: exit {done.returncode}: {done.stderr}")
    return done.stdout


def tensors(path, text):
    """Weights by name: the safetensors file, and what the text holds itself."""
    out = {}
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
        data = file.read()
    for name, row in header.items():
        if name != "__metadata__":
            begin, end = row["data_offsets"]
            out[name] = np.frombuffer(data[begin:end], np.float32).reshape(row["shape"])
    for line in text.splitlines():
        if line.lstrip().startswith("blob") and "dense" in line:
            values = line[line.index("dense [") + 7:line.rindex("]")].split(",")
            out[line.split("@")[1].split(" ")[0]] = np.array(values, np.float32)
    return {name: values.astype(np.float64) for name, values in out.items()}


def nearest(x):
    return (np.sign(x) * np.floor(np.abs(x) + 0.5)).astype(np.int64)


def clip(x):
    return np.clip(x, -2**31, 2**31 - 1)


def units(weights):
    """The unit of a population, and each projection's exponent."""
    most = [np.abs(w).max() for w in weights]
    exponents = [min(7, round(np.log2(m / min(most)))) for m in most]
    return max(m / 127 / 2**e for m, e in zip(most, exponents)), exponents


class Cuba:
    """i = alpha i + x, v = beta v + i, minus theta = 1 on a spike, in fixed point."""

    def __init__(self, unit, alpha, beta, shape):
        self.bits = min(16, max(0, 19 - int(np.ceil(np.log2(1 / unit)))))
        self.theta = int(nearest(np.array(2**self.bits / unit)))
        self.factors = [self.factor(np.float32(f)) for f in (alpha, beta)]
        self.i = np.zeros(shape, np.int64)
        self.v = np.zeros(shape, np.int64)

    @staticmethod
    def factor(value):
        bits = 15 - int(np.ceil(np.log2(float(value))))
        return int(nearest(np.array(float(value) * 2**bits))), bits

    @staticmethod
    def times(x, factor):
        return (x * factor[0] + (1 << (factor[1] - 1))) >> factor[1]

    def step(self, x):
        self.i = clip(self.times(self.i, self.factors[0]) + clip(x << self.bits))
        h = clip(self.times(self.v, self.factors[1]) + self.i)
        spikes = h > self.theta
        self.v = np.where(spikes, h - self.theta, h)
        return spikes.astype(np.int64)


def braille(t, biased, decays, events):
    unit1, (e1, e2) = units([t["fc1.w"], t["lif1.w_rec.w"]])
    w1, w2 = nearest(t["fc1.w"] / unit1 / 2**e1), nearest(t["lif1.w_rec.w"] / unit1 / 2**e2)
    unit2, (e3,) = units([t["fc2.w"]])
    w3 = nearest(t["fc2.w"] / unit2 / 2**e3)
    b1 = b2 = b3 = 0
    if biased:
        b1, b2 = nearest(t["fc1.b"] / unit1), nearest(t["lif1.w_rec.b"] / unit1)
        b3 = nearest(t["fc2.b"] / unit2)
    count = len(events)
    hidden, out = Cuba(unit1, *decays[0], (count, len(w1))), Cuba(unit2, *decays[1], (count, 7))
    last = np.zeros((count, len(w1)), np.int64)
    sent = []
    for step in range(STEPS):
        x = ((events[:, step] @ w1.T) << e1) + b1 + ((last @ w2.T) << e2) + b2
        last = hidden.step(x)
        sent.append(out.step(((last @ w3.T) << e3) + b3))
    return np.stack(sent, 1)


def verify_everywhere(net, work, passes, calib):
    told = []
    for target in ("cpu", "spinnaker2", "loihi2"):
        out = os.path.join(work, target)
        run("sfc", "compile", net, "--target", target, "--passes", passes + target, *calib,
            "-o", out)
        told.append(f"{target} {'identical' in run('sfc', 'verify', out)}")
    return ", ".join(told)


def main():
    models, work = sys.argv[1:3]
    samples = int(sys.argv[3]) if len(sys.argv) > 3 else 8
    os.makedirs(work, exist_ok=True)
    random = np.random.default_rng(5)
    failed = 0
    for name, biased, decays in BRAILLE:
        net, small = (os.path.join(work, name + end) for end in (".sf", ".int.sf"))
        run("sfc", "import", os.path.join(models, name + ".nir"), "-o", net)
        events = (random.random((samples, STEPS, 12)) < 0.15).astype(np.uint8)
        x, y = os.path.join(work, "x.npy"), os.path.join(work, "y.npy")
        np.save(x, events)
        calib = ["--calib", x, "--input-scale", 1]
        passes = "canonicalize,quantize-neurons,@"
        run("sf-opt", net, "--passes=canonicalize,quantize-neurons", *calib, "-o", small)
        run("sfc", "run", small, "--input", x, "--input-scale", 1, "--output", y)
        have = np.load(y).astype(np.int64)
        with open(net) as text:
            t = tensors(net[:-3] + ".safetensors", text.read())
        want = braille(t, biased, decays, events.astype(np.int64))
        differ = np.count_nonzero(have.reshape(want.shape) != want)
        print(f"{name}: {want.sum()} spikes, {differ} differ;",
              verify_everywhere(net, work, passes, calib), flush=True)
        failed += differ != 0 or want.sum() == 0
    net = os.path.join(work, "cnn.sf")
    run("sfc", "import", os.path.join(models, "cnn_sinabs.nir"), "-o", net)
    events = os.path.join(work, "events.npy")
    np.save(events, (random.random((2, 16, 2, 34, 34)) < 0.05).astype(np.uint8))
    print("cnn_sinabs:", verify_everywhere(net, work, "canonicalize,quantize-neurons,@",
                                           ["--calib", events, "--input-scale", 1]))
    return 1 if failed else 0


sys.exit(main())
