"""The MNIST test images through sf-loihi2-sim: how many are right?

usage: mnist.py DIR MNIST_FOLDER WORK_FOLDER

The encoder is `e += x; spike if e > 255, then e = 0` on bytes, 20 steps; the class is
the output that spiked most.
"""
import glob
import gzip
import json
import os
import subprocess
import sys

import numpy as np

STEPS = 20
folder, data, work = sys.argv[1:]


def idx(pattern, header):
    path = glob.glob(f"{data}/{pattern}")[0]
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rb") as file:
        return np.frombuffer(file.read()[header:], np.uint8)


labels = idx("*t10k-labels*", 8)
images = idx("*t10k-images*", 16).reshape(len(labels), 784).astype(np.int32)
spikes = np.zeros((len(labels), STEPS, 784), np.uint8)
charge = np.zeros_like(images)
for step in range(STEPS):
    charge += images
    spikes[:, step] = charge > 255
    charge[charge > 255] = 0
os.makedirs(work, exist_ok=True)
np.save(f"{work}/x.npy", spikes)
subprocess.run(["sf-loihi2-sim", folder, "--input", f"x={work}/x.npy", "--output", work],
               check=True, stdout=subprocess.DEVNULL)
with open(f"{work}/counts.json") as file:
    layers = json.load(file)["populations"]
sent = np.load(f"{work}/{next(l['file'] for l in layers if l['output'])}")
for steps in (sent.shape[1], STEPS):
    right = int((sent[:, :steps].sum(axis=1).argmax(axis=1) == labels).sum())
    print(f"{steps} steps: {right} of {len(labels)}")
