"""Networks of the vendor against what the vendor recorded: every value.

usage: netx_traces.py MODELS WORK [CASE...]

Runs `sfc run` on the file with the options that stand beside it and compares the
recorded spikes, currents and voltages. MODELS is ../shared/models; WORK is
an empty folder. Cases: tiny, lif, sdnn, cuba_conv, sdnn_dense."""
import os
import subprocess
import sys

import numpy as np

REFRACTORY_MARK = 2 << 6  # what the vendor stores for v in the step of a spike
FAILED = []


def find(models, name):
    """The folder of a network, in ../shared/models or in test/data."""
    inner = os.path.join(models, "misc", name)
    return inner if os.path.isdir(inner) else os.path.join(models, name)


def run(work, model, options, data, records, steps=None):
    """Records of `sfc run`, by name: [samples, steps, ...]."""
    path = os.path.join(work, "input.npy")
    np.save(path, data)
    command = ["sfc", "run", model, "--input", path] + options
    if steps:
        command += ["--steps", str(steps)]
    files = {}
    for i, name in enumerate(records):
        files[name] = os.path.join(work, "record%d.npy" % i)
        command += ["--record", "%s=%s" % (name, files[name])]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit("%s\nfailed with %d:\n%s" % (" ".join(command),
                                              done.returncode, done.stderr))
    return {name: np.load(file) for name, file in files.items()}


def compare(what, have, want):
    """Every element; a line for each array."""
    if have.shape != want.shape:
        print("%s: shape %s, recorded %s" % (what, have.shape, want.shape))
        FAILED.append(what)
        return
    wrong = np.argwhere(have != want)
    print("%s: %d of %d values differ, %d are not 0" %
          (what, len(wrong), want.size, np.count_nonzero(want)))
    if len(wrong):
        at = tuple(wrong[0])
        print("  first at %s: %s, recorded %s" % (at, have[at], want[at]))
        FAILED.append(what)


def channels_first(trace):
    """[x, y, channel, time] or [n, time] as [time, c, y, x] or [time, n]."""
    axes = (3, 2, 1, 0) if trace.ndim == 4 else (1, 0)
    return np.ascontiguousarray(trace.transpose(axes)).astype(np.int64)


def tiny(models, work):
    """Column 0 of every array is an empty step; no lag between layers."""
    folder = find(models, "netx_tiny_conv")

    def load(name):
        trace = np.load(os.path.join(folder, name))[0, ..., 1:]
        return np.moveaxis(trace, -1, 0).astype(np.int64)

    bias = np.load(os.path.join(folder, "input_bias.npy"))
    data = bias.transpose(2, 1, 0).astype(np.int32)[np.newaxis]
    got = run(work, os.path.join(folder, "tiny.net"), [], data,
              ["input0", "conv1", "conv2"], steps=15)
    compare("tiny input", got["input0"][0], load("input.npy"))
    compare("tiny layer 1", got["conv1"][0], load("layer1.npy"))
    compare("tiny output", got["conv2"][0], load("output.npy"))


def lif(models, work):
    """Three rules: one step of lag a layer; v of a neuron that spiked is stored
    as a mark and counts as 0; layer k (the input layer is 0) is cleared in steps
    k, k + 17, .."""
    folder = find(models, "netx_pilotnet_lif")
    layers = ["conv-1", "conv-2", "conv-3", "conv-4", "fc-0", "fc-1", "fc-2"]
    values = ["conv2", "conv3", "conv4", "conv5", "dense7", "dense8", "dense9"]
    records = ["conv1"]
    for value in values:
        records += [value, value + ":u", value + ":v"]
    spikes = channels_first(np.load(os.path.join(folder, "input.npy")))
    options = ["--skip-layers", "1", "--layer-lag", "1",
               "--reset-interval", "17", "--reset-offset", "1"]
    got = run(work, os.path.join(folder, "network.net"), options,
              spikes[np.newaxis].astype(np.uint8), records)
    for layer, value in zip(["conv-0"] + layers, ["conv1"] + values):
        compare(layer, got[value][0], channels_first(
            np.load(os.path.join(folder, layer + ".npy"))))
        for state in "uv":
            path = os.path.join(folder, "%s-%s.npy" % (layer, state))
            if not os.path.exists(path) or value == "conv1":
                continue
            want = channels_first(np.load(path))
            if state == "v":
                want = np.where((want == REFRACTORY_MARK) &
                                (got[value][0] != 0), 0, want)
            compare(layer + " " + state, got["%s:%s" % (value, state)][0], want)


def sdnn(models, work):
    """The same frame in each of 9 steps, one for every layer, with Lava's lag."""
    folder = find(models, "netx_pilotnet_sdnn")
    frame = channels_first(np.load(os.path.join(folder, "input.npy")))
    got = run(work, os.path.join(folder, "network.net"), ["--layer-lag", "1"],
              frame.astype(np.int32), ["dense9"], steps=9)
    compare("pilotnet_sdnn output", got["dense9"][0],
            channels_first(np.load(os.path.join(folder, "output.npy"))))


def cuba_conv(models, work):
    """Every spike of three layers on the 8 recorded images."""
    folder = os.path.join(models, "lava-dl")
    traces = np.load(os.path.join(folder, "cuba_conv.npz"))
    data = np.moveaxis(traces["x"], -1, 1).astype(np.uint8)
    got = run(work, os.path.join(folder, "cuba_conv.net"),
              ["--input-shape", "28,28,1", "--layer-lag", "1"], data,
              ["conv0", "conv1", "dense3"])
    for value, block in (("conv0", 0), ("conv1", 1), ("dense3", 3)):
        want = np.moveaxis(traces["slayer_block%d" % block], -1, 1)
        compare("cuba_conv block %d" % block, got[value], want)


def sdnn_dense(models, work):
    """Lava's fixed-point values, at two spike exponents, and slayer's classes."""
    folder = os.path.join(models, "lava-dl")
    traces = np.load(os.path.join(folder, "sdnn_dense.npz"))
    model = os.path.join(folder, "sdnn_dense.net")
    frames = np.rint(64 * np.moveaxis(traces["x"], -1, 1)).astype(np.int32)
    for exponent in (0, 6):
        options = ["--layer-lag", "1", "--spike-exp", str(exponent)]
        got = run(work, model, options, frames, ["input0", "dense2", "dense3"])
        suffix = "spike_exp%d" % exponent
        for value, name in (("input0", "lava_encoder"),
                            ("dense2", "lava_layer0_" + suffix),
                            ("dense3", "lava_output_" + suffix)):
            if name == "lava_encoder" and exponent != 6:
                continue
            compare("sdnn_dense %s %s" % (name, suffix),
                    got[value].reshape(8, 16, -1),
                    np.moveaxis(traces[name], -1, 1))


def classes(models, work):
    """The classes that slayer computed for sdnn_dense: Sigma output, last step."""
    folder = os.path.join(models, "lava-dl")
    traces = np.load(os.path.join(folder, "sdnn_dense.npz"))
    frames = np.rint(64 * np.moveaxis(traces["x"], -1, 1)).astype(np.int32)
    got = run(work, os.path.join(folder, "sdnn_dense.net"), ["--layer-lag", "1"],
              frames, ["dense3"])
    compare("sdnn_dense classes", got["dense3"][:, -1].argmax(axis=1),
            traces["slayer_pred"][:8])


CASES = {"tiny": tiny, "lif": lif, "sdnn": sdnn, "cuba_conv": cuba_conv,
         "sdnn_dense": sdnn_dense, "classes": classes}


def main():
    models, work = sys.argv[1], sys.argv[2]
    os.makedirs(work, exist_ok=True)
    for name in sys.argv[3:] or sorted(CASES):
        CASES[name](models, work)
    if FAILED:
        sys.exit("%d arrays differ: %s" % (len(FAILED), ", ".join(FAILED)))


main()
