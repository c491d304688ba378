"""--every-step of sfc-outputs.test, against the network written out in numpy.

usage: check_every_step.py FOLDER, with run.json and x.npy, y.npy in it
"""
import json
import os
import sys

import numpy as np

folder = sys.argv[1]
x, y = (np.load(os.path.join(folder, n + ".npy")) for n in "xy")
w = np.array([[10, -20, 30], [4, 6, -8]])
spikes = np.zeros((3, 4, 2), int)
for sample in range(3):
    potential = np.zeros(2, int)
    for t in range(4):
        potential = potential + w @ x[sample, t]
        spikes[sample, t] = potential > 12
        potential[potential > 12] = 0
total = spikes.cumsum(axis=1)
expected = [{"steps": t + 1, "spikes": int(total[:, t].sum()),
             "correct": int((total[:, t].argmax(axis=1) == y).sum())} for t in range(4)]
assert len({row["spikes"] for row in expected}) == 4, "the test shows little"
with open(os.path.join(folder, "run.json")) as file:
    got = json.load(file)["every_step"]
assert got == expected, (got, expected)
