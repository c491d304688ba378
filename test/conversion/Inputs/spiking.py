#!/usr/bin/env python3
"""Spiking networks of shared/models/frameworks: float, and as 8-bit integers.

usage: spiking.py MODELS DATA WORK FLOAT INTEGER TARGET=COUNT ..

FLOAT, INTEGER: test images that the float network and the integers on CPU code are
run on. Each TARGET compiles the network, must verify, and is run on its simulator
with the first COUNT images, whose spikes must give the same answers as CPU code.
On 10,000 images the float network must be within 0.05 point of what the README of the
models states, and the integers within 0.5 point of the float network, with samples of
the training images for the steps of the input and the log.
"""
import os
import re
import subprocess
import sys

import numpy as np

# folder, convention, steps, encoding, right of 10,000 as the framework states
NETWORKS = [
    ("sinabs_cnn", "sinabs", 20, "current", 9823),
    ("snntorch_cnn", "snntorch", 6, "current", 9791),
    ("snntorch_mlp", "snntorch", 25, "current", 9773),
    ("snntorch_recurrent", "snntorch", 28, "rows", 9551),
    ("spikingjelly_cnn", "spikingjelly", 6, "current", 9722),
]
CALIBRATION = 64


def sfc(*words):
    done = subprocess.run(["sfc", *map(str, words)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"sfc {' '.join(map(str, words))}: exit {done.returncode}: {done.stderr}")
    return done.stdout + done.stderr


def images(data, which, count, encoding, path):
    """The first images; rows: one row of pixels a step."""
    name = os.path.join(data, which + "-images-idx3-ubyte.gz")
    if encoding != "rows":
        return name
    import gzip
    with gzip.open(name) as f:
        f.read(16)
        x = np.frombuffer(f.read(count * 784), np.uint8).reshape(count, 28, 28)
    np.save(path, x)
    return path


def right(text):
    return int(re.search(r"accuracy: (\d+) of", text).group(1))


def check(row, models, data, work, counts, targets):
    folder, convention, steps, encoding, stated = row
    net = os.path.join(work, folder + ".sf")
    sfc("import", os.path.join(models, folder, "model.nir"), "--convention", convention, "-o", net)
    test = images(data, "t10k", 10000, encoding, os.path.join(work, "test.npy"))
    train = images(data, "train", CALIBRATION, encoding, os.path.join(work, "train.npy"))
    labels = ["--labels", os.path.join(data, "t10k-labels-idx1-ubyte.gz")]
    whole = [] if encoding == "rows" else ["--steps", steps]
    passes = f"canonicalize,quantize-neurons{{steps={steps}}},@"
    calib = ["--calib", train, "--calib-labels",
             os.path.join(data, "train-labels-idx1-ubyte.gz"), "--calib-samples", CALIBRATION]

    def accuracy(what, count):
        return right(sfc("run", what, "--input", test, *labels, *whole, "--samples", count,
                         "--decide", "sum"))

    def answers(what, count):
        out = os.path.join(work, "y.npy")
        sfc("run", what, "--input", test, *whole, "--samples", count, "--output", out)
        return np.load(out)

    failed = []
    found = accuracy(net, counts[0])
    if counts[0] == 10000 and abs(found - stated) > 5:
        failed.append("float")
    cpu = os.path.join(work, folder + ".cpu")
    told = sfc("compile", net, "--target", "cpu", "--passes", passes + "cpu", *calib, "-o", cpu)
    if not re.search(r"accuracy on \d+ calibration samples: float [\d.]+ %, integer", told):
        failed.append("closing lines")
    whole8 = accuracy(cpu, counts[1])
    if counts[1] == 10000 and whole8 < stated - 50:
        failed.append("integer")
    line = f"{folder}: float {found} of {counts[0]}, 8 bits {whole8} of {counts[1]}"
    for target, count in targets:
        out = os.path.join(work, f"{folder}.{target}")
        sfc("compile", net, "--target", target, "--passes", passes + target, *calib, "-o", out)
        done = subprocess.run(["sfc", "verify", out], capture_output=True, text=True)
        if done.returncode != 0:
            print(done.stdout + done.stderr)
            failed.append("verify " + target)
        same = np.array_equal(answers(out, count), answers(cpu, count))
        line += f", {target} {'as' if same else 'NOT AS'} cpu on {count}"
        if not same:
            failed.append(target)
    print(line + (" WRONG: " + ", ".join(failed) if failed else ""), flush=True)
    return bool(failed)


def main():
    models, data, work = sys.argv[1:4]
    os.makedirs(work, exist_ok=True)
    counts = [int(n) for n in sys.argv[4:6]]
    targets = [(t.split("=")[0], int(t.split("=")[1])) for t in sys.argv[6:]]
    wrong = sum(check(row, models, data, work, counts, targets) for row in NETWORKS)
    print(f"{len(NETWORKS)} networks, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
