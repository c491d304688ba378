"""Calibration samples for tests of passes: whole numbers, so that every sum is exact.

usage: samples.py OUT.npy COUNT LOW HIGH SHAPE..
"""
import sys

import numpy as np

out, count, low, high = sys.argv[1], *map(int, sys.argv[2:5])
shape = [int(word) for word in sys.argv[5:]]
size = int(np.prod([count] + shape))
# A walk through all of low .. high that starts anew in no sample.
values = low + (np.arange(size) * 7) % (high - low + 1)
np.save(out, values.reshape([count] + shape).astype(np.float32))
