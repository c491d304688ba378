"""Small arrays for sfc-run.test and full-disk.test."""
import os
import sys

import numpy as np

folder = sys.argv[1]
rng = np.random.default_rng(1)


def save(name, array):
    np.save(os.path.join(folder, name), array)


save("x.npy", (rng.random((3, 4, 3)) < 0.5).astype(np.uint8))
save("constant.npy", np.array([[1, 0, 1], [0, 1, 0], [1, 1, 1]], np.uint8))
save("y.npy", np.array([0, 1, 0], np.int64))
save("long.npy", np.zeros((400, 4, 3), np.uint8))
save("wrong.npy", np.zeros((3, 5), np.uint8))
save("values.npy", np.array([[1, 7, 0]] * 3, np.uint8))
save("bytes.npy", np.array([[51, 255]], np.uint8))
