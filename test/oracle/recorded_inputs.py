"""The vendor's recorded inputs in the order that `sfc` takes.

usage: recorded_inputs.py MODELS FOLDER

Writes lif.npy, sdnn.npy and cuba_conv.npy to FOLDER: samples first, then time
for spike trains, then channel, y, x."""
import os
import sys

import numpy as np


def channels_first(trace):
    """[x, y, channel, time] as [time, channel, y, x]."""
    return np.ascontiguousarray(trace.transpose(3, 2, 1, 0))


def main():
    models, folder = sys.argv[1:]
    misc = os.path.join(models, "misc")
    lif = np.load(os.path.join(misc, "netx_pilotnet_lif", "input.npy"))
    sdnn = np.load(os.path.join(misc, "netx_pilotnet_sdnn", "input.npy"))
    cuba = np.load(os.path.join(models, "lava-dl", "cuba_conv.npz"))["x"]
    for name, array in (
            ("lif", channels_first(lif)[np.newaxis].astype(np.uint8)),
            ("sdnn", channels_first(sdnn).astype(np.int32)),
            ("cuba_conv", np.moveaxis(cuba, -1, 1).astype(np.uint8))):
        assert np.count_nonzero(array), name
        np.save(os.path.join(folder, name + ".npy"), array)


main()
