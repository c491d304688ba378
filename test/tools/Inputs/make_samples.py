"""Calibration samples for calibration.test, as .npy and as gzipped IDX."""
import gzip
import os
import struct
import sys

import numpy as np

folder = sys.argv[1]


def save(name, array):
    np.save(os.path.join(folder, name), array)


def save_idx(name, array):
    head = struct.pack(">BBBB", 0, 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    with gzip.open(os.path.join(folder, name), "wb") as file:
        file.write(head + array.astype(np.uint8).tobytes())


values = np.arange(6).reshape(3, 2)
save("a.npy", values.astype(np.float32) / 4)
save("a64.npy", values.astype(np.float64) / 4)
save_idx("a.gz", 51 * values)
save("b.npy", np.array([[-255, 0, 255], [1, 2, 3], [4, 5, 6]], np.int64))
save("b2.npy", np.zeros((2, 3), np.int64))
save("wide.npy", np.array([[0, 256, 0]] * 3, np.int64))
save("large.npy", np.array([[0, 1], [1e300, np.inf], [0, 0]], np.float64))
save("time.npy", np.zeros((3, 4, 2), np.float32))
save_idx("y.gz", np.array([7, 8, 9]))
save("short.npy", np.array([7, 8], np.int64))
save("negative.npy", np.array([7, -1, 9], np.int64))
save("none.npy", np.zeros((0, 2), np.float32))
save("many.npy", np.zeros((1100, 2), np.float32))
save("manyb.npy", np.zeros((1100, 3), np.int8))
