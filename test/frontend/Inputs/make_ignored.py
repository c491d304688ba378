"""A network whose neuron has every field that is ignored, in both text encodings."""
import os
import sys

import h5py
import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../oracle"))
from make_netx import dense, lif, write  # noqa: E402


def build(root):
    dense(root, 0, np.array([[2, 4], [6, -8]]),
          lif(refDelay=2, gradedSpike=True, wgtExp=1, messageBits=16))
    del root["layer/0/type"]
    root["layer/0"].create_dataset("type", data="dense",
                                   dtype=h5py.string_dtype("ascii"))


write(sys.argv[1], build)
