"""Runs a compiled folder on sf-loihi2-sim and its IR on the interpreter with the same
random spikes; every population, step and count must be equal.

usage: compare.py DIR INTERP_DUMP WORK_FOLDER
"""
import json
import os
import subprocess
import sys
import xml.etree.ElementTree as xml

import numpy as np

SAMPLES, INPUT_STEPS, STEPS = 5, 9, 14


def random_inputs(folder, work):
    """An array for each input of the configuration, saved; {name: array}."""
    random, arrays = np.random.default_rng(1), {}
    for node in xml.parse(f"{folder}/loihi2/config.xml").getroot().iter("input"):
        shape = [int(n) for n in node.get("shape").split()]
        spikes = random.random([SAMPLES, INPUT_STEPS] + shape) < 0.3
        arrays[node.get("name")] = spikes.astype(np.uint8)
        np.save(f"{work}/{node.get('name')}.npy", spikes.astype(np.uint8))
    return arrays


def simulate(folder, names, work):
    command = ["sf-loihi2-sim", folder, "--steps", str(STEPS), "--output", f"{work}/sim"]
    for name in names:
        command += ["--input", f"{name}={work}/{name}.npy"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    with open(f"{work}/sim/counts.json") as file:
        return json.load(file)["populations"]


def interpret(folder, dump, arrays, sample, work):
    paths = []
    for name, array in arrays.items():
        paths.append(f"{work}/{name}-one.npy")
        np.save(paths[-1], array[sample])
    os.makedirs(f"{work}/interp", exist_ok=True)
    subprocess.run([dump, f"{folder}/ir/model.sf", str(STEPS), f"{work}/interp"] + paths,
                   check=True)
    counts = {}
    for line in open(f"{work}/interp/counts.txt"):
        name, *numbers = line.split()
        counts[name] = np.array([int(n) for n in numbers])
    return counts


def main():
    folder, dump, work = sys.argv[1:]
    os.makedirs(work, exist_ok=True)
    arrays = random_inputs(folder, work)
    layers = simulate(folder, arrays, work)
    differences, totals = 0, {}
    for sample in range(SAMPLES):
        for name, counts in interpret(folder, dump, arrays, sample, work).items():
            totals[name] = totals.get(name, 0) + counts
        for layer in layers:
            got = np.load(f"{work}/sim/{layer['file']}")[sample]
            expected = np.load(f"{work}/interp/{layer['name']}.npy")
            if not expected.any():
                print(f"{layer['name']} is silent in sample {sample}")
            differences += int((got != expected).sum())
    for layer in layers:
        got = [layer[k] for k in ("events_in", "spikes_out", "updates")]
        if list(totals[layer["name"]][1:]) != got:
            print(f"{layer['name']}: counts {got}, expected {totals[layer['name']][1:]}")
            differences += 1
    print(f"{SAMPLES} samples, {len(layers)} populations, {differences} differences")


main()
