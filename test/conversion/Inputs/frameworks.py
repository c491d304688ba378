#!/usr/bin/env python3
"""ONNX networks of shared/models/frameworks against what their framework gave.

usage: frameworks.py MODELS DATA IMAGES     IMAGES: 500, or 10000

The logits of the recorded images, on the interpreter and as CPU code, must be
within 1e-4 of PyTorch's (onnxruntime's for the int8 network: equal); the classes of
the first IMAGES test images as CPU code must be right as often as here or as stated.
"""
import os
import subprocess
import sys
import tempfile

import numpy as np

NEAR = 1e-4  # logits reach 30: rounding of float32 sums in another order
# folder, files, key of the logits, tolerance, right of 500, right of 10,000 (stated)
NETWORKS = [
    ("torch_mnist_cnn", ["model_dynamo", "model_dynamo_noopt", "model_dynamo_dynbatch",
                         "model_classic_op13", "model_classic_op17"],
     ("expected.npz", "logits"), NEAR, 498, 9925),
    ("torch_mnist_resnet", ["model_dynamo", "model_dynamo_bn_kept"],
     ("expected.npz", "logits"), NEAR, 496, 9941),
    ("torch_mnist_vit", ["model_dynamo", "model_dynamo_op23", "model_dynamo_noopt",
                         "model_classic_op17"],
     ("expected.npz", "logits"), NEAR, 496, 9831),
    ("torch_qat_qdq", ["float"], ("expected.npz", "logits"), NEAR, 497, 9937),
    ("torch_qat_qdq", ["model"], ("expected_int8.npz", "logits_unoptimised"), 0, 497, 9937),
    ("torch_qcfs_cnn", ["model_dynamo", "model_classic_op13"],
     ("expected.npz", "logits"), NEAR, 498, 9918),
]


def sfc(*words):
    done = subprocess.run(["sfc", *map(str, words)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"sfc {' '.join(map(str, words))}: exit {done.returncode}: {done.stderr}")
    return done.stdout


def pixels(folder):
    x = np.load(os.path.join(folder, "input.npy"))
    return (x.astype(np.float32) / np.float32(255))[:, None]


def check_logits(model, inputs, target, expected, tolerance, scratch):
    out = os.path.join(scratch, "y.npy")
    sfc("run", model, *inputs, "--output", out, "--threads", 1, *target)
    found = np.load(out).reshape(expected.shape)
    wrong = np.abs(found - expected).max()
    if not wrong <= tolerance:
        print(f"{model} {target}: logits differ by {wrong}")
        return 1
    return 0


def check_network(models, row, data, images, scratch):
    name, files, (store, key), tolerance, *right = row
    folder = os.path.join(models, name)
    x = os.path.join(scratch, "x.npy")
    np.save(x, pixels(folder))
    expected = np.load(os.path.join(folder, store))[key]
    wrong = 0
    for file in files:
        model = os.path.join(folder, file + ".onnx")
        for target in ([], ["--target", "cpu"]):
            wrong += check_logits(model, ["--input", x], target, expected, tolerance, scratch)
        wanted = f"accuracy: {right[images == 10000]} of {images} "
        printed = sfc("run", model, "--target", "cpu", "--samples", images,
                      "--input", os.path.join(data, "t10k-images-idx3-ubyte.gz"),
                      "--labels", os.path.join(data, "t10k-labels-idx1-ubyte.gz"))
        if wanted not in printed:
            print(f"{model}: {printed.strip()}, should be {wanted}")
            wrong += 1
    return len(files), wrong


# ---- Networks that spike in ONNX. ------------------------------------------------------


def check_transformer(models, scratch):
    """Four steps of a spiking transformer, unrolled: logits, on the interpreter."""
    folder = os.path.join(models, "spiking_transformer")
    x = os.path.join(scratch, "x.npy")
    np.save(x, pixels(folder))
    expected = np.load(os.path.join(folder, "traces.npz"))["logits"]
    files = ["model_dynamo", "model_classic_op17"]
    wrong = sum(check_logits(os.path.join(folder, f + ".onnx"), ["--input", x], [], expected,
                             NEAR, scratch) for f in files)
    return len(files), wrong


def check_steps(models, scratch):
    """One step of PLIF neurons; its states are fed back, as its README says."""
    folder = os.path.join(models, "spikingjelly_plif_step")
    traces = np.load(os.path.join(folder, "traces.npz"))
    x = os.path.join(scratch, "x.npy")
    image = pixels(folder).reshape(len(traces["label"]), 784)
    np.save(x, image)
    files, wrong = ["step_dynamo", "step_plain_dynamo"], 0
    for target in ([], ["--target", "cpu"]):
        for file in files:
            model = os.path.join(folder, file + ".onnx")
            wrong += walk_steps(model, target, image, traces, scratch)
    return len(files), wrong


def walk_steps(model, target, image, traces, scratch):
    at = {n: os.path.join(scratch, n + ".npy") for n in ("x", "v0", "v1", "s", "n0", "n1")}
    v0 = np.zeros((len(image), 128), np.float32)
    v1 = np.zeros((len(image), 10), np.float32)
    counts = np.zeros((len(image), 10))
    for step in range(len(traces["mem_0"])):
        np.save(at["v0"], v0)
        np.save(at["v1"], v1)
        sfc("run", model, "--state", "none", "--input", at["x"], "--input", f"v0={at['v0']}",
            "--input", f"v1={at['v1']}", "--output", at["s"], "--output", at["n0"],
            "--output", at["n1"], "--threads", 1, *target)
        v0, v1 = (np.load(at[n]).reshape(v.shape) for n, v in (("n0", v0), ("n1", v1)))
        counts += np.load(at["s"]).reshape(counts.shape)
        near = max(np.abs(v0 - traces["mem_0"][step]).max(),
                   np.abs(v1 - traces["mem_1"][step]).max())
        if not near <= NEAR:
            print(f"{model} {target}: step {step}: membranes differ by {near}")
            return 1
    if not np.array_equal(counts, traces["counts"]) or not counts.any():
        print(f"{model} {target}: counts of output spikes differ")
        return 1
    return 0


def main():
    models, data, images = sys.argv[1], sys.argv[2], int(sys.argv[3])
    files = failures = 0
    with tempfile.TemporaryDirectory() as scratch:
        for found in [*(check_network(models, row, data, images, scratch) for row in NETWORKS),
                      check_transformer(models, scratch), check_steps(models, scratch)]:
            files += found[0]
            failures += found[1]
    print(f"{files} files, {failures} wrong")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
