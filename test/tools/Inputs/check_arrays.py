"""What sfc-run.test recorded against the network written out in numpy."""
import os
import sys

import numpy as np

folder = sys.argv[1]
x, z, i, v = (np.load(os.path.join(folder, n + ".npy")) for n in "xziv")
w = np.array([[10, -20, 30], [4, 6, -8]])
for sample in range(3):
    potential = np.zeros(2, int)
    for t in range(4):
        current = w @ x[sample, t]
        potential = potential + current
        spikes = potential > 12
        potential[spikes] = 0
        assert (i[sample, t] == current).all(), (sample, t, i[sample, t], current)
        assert (z[sample, t] == spikes).all(), (sample, t)
        assert (v[sample, t] == potential).all(), (sample, t)
