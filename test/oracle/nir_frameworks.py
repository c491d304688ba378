"""Networks of the frameworks against the spikes that the frameworks recorded.

usage: nir_frameworks.py MODELS WORK

MODELS is ../shared/models. Counts spikes that differ, layer by layer."""
import json
import os
import subprocess
import sys

import numpy as np

ROWS = {
    "sinabs_cnn": ("sinabs", ["1", "3", "7"]),
    "snntorch_cnn": ("snntorch", ["1", "4", "7"]),
    "snntorch_mlp": ("snntorch", ["1", "3"]),
    "snntorch_recurrent": ("snntorch", ["1.lif", "3"]),
    "spikingjelly_cnn": ("spikingjelly", ["_1", "_4", "_7"]),
}
# One potential of snntorch_mlp is 1.6e-8 above the threshold in binary64, less than
# the rounding of a sum of 784 products: with the sums of docs/ir.md 5 it spikes in step
# 14, in torch in step 15.
ALLOWED = {("snntorch_mlp", "1"): 2}


def stimulus(folder, steps):
    """[samples, steps, ..] of f32, as the README of the models encodes it."""
    with open(os.path.join(folder, "info.json")) as text:
        info = json.load(text)
    config = info.get("config", info)
    pixels = np.load(os.path.join(folder, "input.npy"))
    if config["enc"] == "if":
        return np.moveaxis(pixels, 1, 0).astype(np.float32)
    pixels = pixels.astype(np.float32) / np.float32(255)
    if config["enc"] == "rows":
        return pixels
    return np.repeat(pixels[:, None], steps, axis=1)


def recorded(traces, layer):
    spikes = traces["spikes_%d" % layer]
    key = "spikes_%d_shape" % layer
    if key in traces:
        shape = traces[key]
        spikes = np.unpackbits(spikes)[:np.prod(shape)].reshape(shape)
    return np.moveaxis(spikes, 1, 0)  # [samples, steps, ..]


def compare(models, work, name):
    folder = os.path.join(models, "frameworks", name)
    convention, layers = ROWS[name]
    traces = np.load(os.path.join(folder, "traces.npz"))
    want = [recorded(traces, i) for i in range(len(layers))]
    data = stimulus(folder, want[0].shape[1])
    if data.ndim == 4 and name.endswith("cnn"):
        data = data[:, :, None]
    elif not name.endswith("recurrent"):
        data = data.reshape(data.shape[0], data.shape[1], -1)
    path = os.path.join(work, "x.npy")
    np.save(path, data)
    command = ["sfc", "run", os.path.join(folder, "model.nir"), "--convention",
               convention, "--input", path]
    for i, layer in enumerate(layers):
        command += ["--record", "%s=%s/s%d.npy" % (layer, work, i)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit("%s\n%s" % (" ".join(command), done.stderr))
    failed = 0
    for i, layer in enumerate(layers):
        have = np.load("%s/s%d.npy" % (work, i)).astype(np.int64)
        wrong = np.count_nonzero(have.reshape(want[i].shape) != want[i])
        failed += max(0, wrong - ALLOWED.get((name, layer), 0))
        print("%s layer %s: %d of %d spikes, %d steps differ" %
              (name, layer, want[i].sum(), want[i].size, wrong))
    return failed


def main(models, work):
    os.makedirs(work, exist_ok=True)
    failed = sum(compare(models, work, name) for name in sorted(ROWS))
    print("%d networks, %d spikes differ beyond what is allowed" % (len(ROWS), failed))
    return failed != 0


sys.exit(main(sys.argv[1], sys.argv[2]))
