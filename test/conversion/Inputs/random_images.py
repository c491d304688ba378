"""Random images in [0, 1) and the classes that the network as it is gives them.

usage: random_images.py MODEL SHAPE SAMPLES FOLDER   e.g. 3,16,16; x.npy, y.npy, calib*.npy
"""
import os
import subprocess
import sys

import numpy as np

model, shape, samples, folder = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
rng = np.random.default_rng(7)
for part in ("", "calib_"):
    x, y = (os.path.join(folder, f"{part}{n}.npy") for n in "xy")
    images = rng.random((samples, *map(int, shape.split(",")))).astype(np.float32)
    np.save(x, images)
    subprocess.run(["sfc", "run", model, "--input", x, "--output", y], check=True,
                   stdout=subprocess.DEVNULL)
    np.save(y, np.load(y).reshape(samples, -1).argmax(1))
