"""The digits as the MLP of misc/mnist_mlp_pytorch was trained on them.

usage: normalized.py DATA FOLDER    x.npy: test images, calib.npy: 1,024 training images
"""
import gzip
import os
import sys

import numpy as np

for name, part, count in (("x", "t10k", 10000), ("calib", "train", 1024)):
    with gzip.open(os.path.join(sys.argv[1], part + "-images-idx3-ubyte.gz")) as file:
        pixels = np.frombuffer(file.read()[16:], np.uint8).reshape(-1, 1, 28, 28)[:count]
    np.save(os.path.join(sys.argv[2], name + ".npy"),
            ((pixels / 255 - 0.1307) / 0.3081).astype(np.float32))
