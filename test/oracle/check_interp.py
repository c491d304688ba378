"""Compares the interpreter with evaluate.py on random networks: every value of
every step, bit for bit (analog ops within the tolerance of docs/ir.md 4), the place
of an overflow, and the counts of every population.

    check_interp.py INTERP_DUMP --count N [--seed S] [--keep DIR]
"""
import argparse
import collections
import os
import re
import subprocess
import sys
import tempfile

import numpy as np

import counts
import evaluate
import random_network
import sf_text

TOLERANCE = 2e-5  # analog ops after one another


def oracle(text, inputs, steps):
    module = sf_text.read(text)
    network = evaluate.Network(module, module.networks["@n"])
    series = {name: [] for name in network.types}
    for t in range(steps):
        data = [list(x[t].ravel()) if t < len(x) else [0] * x[0].size
                for x in inputs]
        values = network.step(data)
        for name in series:
            series[name].append(values[name])
    return network, series


def differences(network, series, tolerant, folder):
    for name, steps in series.items():
        t = network.types[name]
        got = np.load(os.path.join(folder, name[1:] + ".npy"))
        dtype = np.float32 if t.scalar == "f32" else np.int64
        want = np.array(steps, dtype=dtype).reshape(got.shape)
        if name in tolerant:
            same = np.isclose(got, want, rtol=TOLERANCE, atol=TOLERANCE,
                              equal_nan=True)
        elif t.scalar == "f32":
            same = (got.view(np.uint32) == want.view(np.uint32)) | (
                np.isnan(got) & np.isnan(want))
        else:
            same = got == want
        if not same.all():
            at = tuple(int(n) for n in np.argwhere(~same)[0])
            yield "%s at %s: interpreter %r, oracle %r" % (
                name, at, got[at], want[at])


def check(seed, dump, keep):
    made = random_network.NetworkText(seed, analog=seed % 6 == 5)
    with tempfile.TemporaryDirectory() as folder:
        model = os.path.join(folder, "m.sf")
        with open(model, "w") as file:
            file.write(made.text)
        files = []
        for n, x in enumerate(made.inputs):
            files.append(os.path.join(folder, "input%d.npy" % n))
            np.save(files[-1], x)
        run = subprocess.run([dump, model, str(made.steps), folder] + files,
                             stderr=subprocess.PIPE, text=True)
        problem, kind = compare(made, run, folder)
    if problem and keep:
        with open(os.path.join(keep, "seed%d.sf" % seed), "w") as file:
            file.write(made.text)
    return problem, kind, made.text


def compare(made, run, folder):
    try:
        network, series = oracle(made.text, made.inputs, made.steps)
    except evaluate.Overflow as overflow:
        name, step = re.match(r"%(\S+) step (\d+)", str(overflow)).groups()
        if "[overflow]" not in run.stderr:
            return "oracle: %s; interpreter: %s" % (overflow,
                                                    run.stderr), "overflow"
        if "'%%%s'" % name not in run.stderr or \
                "step %s," % step not in run.stderr + ",":
            if not re.search(r"step %s\b" % step, run.stderr):
                return "oracle: %s; interpreter: %s" % (
                    overflow, run.stderr), "overflow"
        return None, "overflow"
    if run.returncode != 0:
        return "interpreter: " + run.stderr, "equal"
    for difference in differences(network, series, made.tolerant, folder):
        return difference, "equal"
    want = counts.count(network, series, made.steps)
    with open(os.path.join(folder, "counts.txt")) as file:
        for line in file:
            name, *numbers = line.split()
            if tuple(map(int, numbers)) != want.pop(name):
                return "counts: " + line, "equal"
    if want:
        return "counts missing: %s" % want, "equal"
    return None, "equal"


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("dump")
    arguments.add_argument("--count", type=int, default=40)
    arguments.add_argument("--seed", type=int,
                           default=int(os.environ.get("SF_SEED", "1")))
    arguments.add_argument("--keep")
    options = arguments.parse_args()
    failed, kinds, words = 0, collections.Counter(), collections.Counter()
    for n in range(options.count):
        seed = options.seed * 1000003 + n
        problem, kind, text = check(seed, options.dump, options.keep)
        kinds[kind] += 1
        words.update(set(re.findall(r"= ([a-z_]+)", text)))
        if problem:
            failed += 1
            print("seed %d: %s" % (seed, problem))
    print("%d networks, %d differ; %d stopped by the same overflow; ops: %s" % (
        options.count, failed, kinds["overflow"],
        " ".join("%s:%d" % w for w in sorted(words.items()))))
    sys.exit(1 if failed else 0)


main()
