"""How often an integer network with local response normalization chooses the float network's class.

usage: lrn.py IMAGES        programs are taken from PATH

There are no trained weights for the networks that use LRN among ONNX's backend tests, and no labels:
this draws the first two stages of AlexNet (11 x 11 and 5 x 5 in two groups, each with relu, LRN and a
pool) and a classifier of 100 classes with seeded weights, on seeded images of smooth blobs, and counts
equal classes. `off` is the same network without LRN, with which the table is to be compared; `strong`
has alpha 1, where the denominators differ by more than in AlexNet (alpha 1e-4).
"""
import os
import subprocess
import sys
import tempfile

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "test", "support"))
from onnx_writer import graph, info, model, node, tensor  # noqa: E402

SIDE, CLASSES = 79, 100  # 79 -> 18 -> 8 -> 8 -> 3


def write(path, alpha):
    rng = np.random.default_rng(5)

    def weights(name, *dims):
        deviation = (2 / np.prod(dims[1:])) ** 0.5
        return tensor(name, (rng.standard_normal(dims) * deviation).astype(np.float32))

    def bias(name, count):
        return tensor(name, (rng.standard_normal(count) * 0.1).astype(np.float32))

    nodes, x = [], "x"
    for i, more in enumerate((dict(strides=[4, 4]), dict(pads=[2] * 4, group=2))):
        nodes += [node("Conv", [x, f"w{i}", f"b{i}"], [f"c{i}"], **more),
                  node("Relu", [f"c{i}"], [f"r{i}"])]
        x = f"r{i}"
        if alpha:
            nodes.append(node("LRN", [x], [f"n{i}"], size=5, alpha=alpha, beta=0.75, bias=1.0))
            x = f"n{i}"
        nodes.append(node("MaxPool", [x], [f"p{i}"], kernel_shape=[3, 3], strides=[2, 2]))
        x = f"p{i}"
    nodes += [node("Flatten", [x], ["f"]), node("Gemm", ["f", "w2", "b2"], ["y"], transB=1)]
    constants = [weights("w0", 64, 3, 11, 11), bias("b0", 64), weights("w1", 128, 32, 5, 5),
                 bias("b1", 128), weights("w2", CLASSES, 128 * 9), bias("b2", CLASSES)]
    with open(path, "wb") as file:
        file.write(model(graph(nodes, [info("x", [1, 3, SIDE, SIDE])], [info("y", [1, CLASSES])],
                               constants)))


def images(count, seed):
    """Noise of three scales, so that classes differ between images."""
    rng = np.random.default_rng(seed)
    out = np.zeros((count, 3, SIDE, SIDE), np.float32)
    for size in (3, 8, 27):
        coarse = rng.standard_normal((count, 3, size, size)).astype(np.float32)
        at = np.arange(SIDE) * size // SIDE
        out += coarse[:, :, at][:, :, :, at]
    return out


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(words)}: exit {done.returncode}: {done.stderr[-1000:]}")


def classes(model_path, folder):
    out = os.path.join(folder, "y.npy")
    run("sfc", "run", model_path, "--input", os.path.join(folder, "x.npy"), "--target", "cpu",
        "--output", out)
    y = np.load(out)
    return y.reshape(len(y), -1).argmax(1)


def main():
    count = int(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        path = lambda name: os.path.join(folder, name)
        np.save(path("x.npy"), images(count, 1))
        np.save(path("calib.npy"), images(64, 2))
        for name, alpha in (("off", 0), ("AlexNet", 1e-4), ("strong", 1.0)):
            write(path("net.onnx"), alpha)
            run("sfc", "import", path("net.onnx"), "-o", path("net.sf"))
            run("sf-opt", path("net.sf"), "--passes", "canonicalize,convert-to-spiking", "--calib",
                path("calib.npy"), "-o", path("integer.sf"))
            before = classes(path("net.sf"), folder)
            after = classes(path("integer.sf"), folder)
            print(f"{name}: {int((before == after).sum())} of {count} equal, "
                  f"{len(set(before))} classes", flush=True)


if __name__ == "__main__":
    main()
