"""Models in which exporters have taken one function apart, run by sfc and compared with numpy.

usage: onnx_patterns.py FOLDER
"""
import math
import os
import subprocess
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "support"))
from onnx_writer import graph, info, model, node, tensor  # noqa: E402

ROWS, WIDTH = 3, 8
erf = np.vectorize(math.erf)


def constant(name, value):
    return tensor(name, np.array(value, np.float32))


def gelu(x):
    return 0.5 * x * (1 + erf(x / math.sqrt(2)))


def gelu_tanh(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def hard_swish(x):
    return x * np.clip(x + 3, 0, 6) / 6


THETAS = np.exp2(np.arange(WIDTH) - 3.0).astype(np.float32)
GAMMA = np.linspace(0.5, 2, WIDTH).astype(np.float32)
BETA = np.linspace(-1, 1, WIDTH).astype(np.float32)


def layer_norm(x):
    d = x - x.mean(-1, keepdims=True)
    return d / np.sqrt((d * d).mean(-1, keepdims=True) + 1e-5)


def steps(x):
    """8 steps of 0.25, half up."""
    return np.clip(np.floor(x / 0.25 + 0.5), 0, 8) * 0.25


def even_steps(x):
    return np.clip(np.rint(x / 0.25), -4, 3) * 0.25


HALF, ROOT = constant("half", 0.5), constant("root", math.sqrt(2))
ONE, INVERSE = constant("one", 1.0), constant("inverse", math.sqrt(0.5))
THREE, ZERO, SIX = constant("three", 3.0), constant("zero", 0.0), constant("six", 6.0)

# name: (nodes from x to y, constants, function)
MODELS = {
    "gelu_last": (
        [node("Div", ["x", "root"], ["u"]), node("Erf", ["u"], ["e"]),
         node("Add", ["e", "one"], ["p"]), node("Mul", ["x", "p"], ["m"]),
         node("Mul", ["m", "half"], ["y"])], [HALF, ROOT, ONE], gelu),
    "gelu_first": (
        [node("Mul", ["x", "half"], ["h"]), node("Mul", ["x", "inverse"], ["u"]),
         node("Erf", ["u"], ["e"]), node("Add", ["one", "e"], ["p"]),
         node("Mul", ["h", "p"], ["y"])], [HALF, INVERSE, ONE], gelu),
    "gelu_gate": (
        [node("Div", ["x", "root"], ["u"]), node("Erf", ["u"], ["e"]),
         node("Add", ["e", "one"], ["p"]), node("Mul", ["half", "p"], ["q"]),
         node("Mul", ["q", "x"], ["y"])], [HALF, ROOT, ONE], gelu),
    "gelu_tanh": (
        [node("Pow", ["x", "three"], ["c"]), node("Mul", ["c", "small"], ["s"]),
         node("Add", ["x", "s"], ["a"]), node("Mul", ["a", "scale"], ["u"]),
         node("Tanh", ["u"], ["t"]), node("Add", ["t", "one"], ["p"]),
         node("Mul", ["x", "half"], ["h"]), node("Mul", ["h", "p"], ["y"])],
        [HALF, ONE, THREE, constant("small", 0.044715),
         constant("scale", math.sqrt(2 / math.pi))], gelu_tanh),
    "silu": ([node("Sigmoid", ["x"], ["s"]), node("Mul", ["s", "x"], ["y"])], [],
             lambda x: x * sigmoid(x)),
    # Another number than 1 stays outside.
    "silu_scaled": ([node("Sigmoid", ["x"], ["s"]), node("Mul", ["s", "x"], ["m"]),
                  node("Mul", ["m", "three"], ["y"])], [THREE],
                 lambda x: 3 * x * sigmoid(x)),
    "hard_swish": (
        [node("HardSigmoid", ["x"], ["s"], alpha=1 / 6, beta=0.5),
         node("Mul", ["x", "s"], ["y"])], [], hard_swish),
    "hard_swish_clip": (
        [node("Add", ["x", "three"], ["a"]), node("Clip", ["a", "zero", "six"], ["c"]),
         node("Mul", ["x", "c"], ["m"]), node("Div", ["m", "six"], ["y"])],
        [THREE, ZERO, SIX], hard_swish),
    "layer_norm": (
        [node("ReduceMean", ["x"], ["m"], axes=[-1]), node("Sub", ["x", "m"], ["d"]),
         node("Pow", ["d", "two"], ["q"]), node("ReduceMean", ["q"], ["v"], axes=[-1]),
         node("Add", ["v", "epsilon"], ["w"]), node("Sqrt", ["w"], ["s"]),
         node("Div", ["d", "s"], ["n"]), node("Mul", ["n", "gamma"], ["g"]),
         node("Add", ["g", "beta"], ["y"])],
        [constant("two", 2.0), constant("epsilon", 1e-5), tensor("gamma", GAMMA),
         tensor("beta", BETA)], lambda x: layer_norm(x) * GAMMA + BETA),
    "layer_norm_plain": (
        [node("ReduceMean", ["x"], ["m"], axes=[-1]), node("Sub", ["x", "m"], ["d"]),
         node("Mul", ["d", "d"], ["q"]), node("ReduceMean", ["q"], ["v"], axes=[-1]),
         node("Add", ["v", "epsilon"], ["w"]), node("Sqrt", ["w"], ["s"]),
         node("Div", ["d", "s"], ["y"])], [constant("epsilon", 1e-5)], layer_norm),
    # Over the first axis: no normalization of the last one.
    "not_layer_norm": (
        [node("ReduceMean", ["x"], ["m"], axes=[0]), node("Sub", ["x", "m"], ["d"]),
         node("Mul", ["d", "d"], ["q"]), node("ReduceMean", ["q"], ["v"], axes=[0]),
         node("Add", ["v", "epsilon"], ["w"]), node("Sqrt", ["w"], ["s"]),
         node("Div", ["d", "s"], ["y"])], [constant("epsilon", 1e-5)],
        lambda x: layer_norm(x.T).T),
    "steps_clip_first": (
        [node("Div", ["x", "theta"], ["a"]), node("Clip", ["a", "zero", "one"], ["b"]),
         node("Mul", ["b", "levels"], ["c"]), node("Add", ["c", "half"], ["d"]),
         node("Floor", ["d"], ["e"]), node("Div", ["e", "levels"], ["f"]),
         node("Mul", ["f", "theta"], ["y"])],
        [constant("theta", 2.0), ZERO, ONE, HALF, constant("levels", 8.0)], steps),
    "steps_clip_last": (
        [node("Div", ["x", "theta"], ["a"]), node("Mul", ["a", "levels"], ["b"]),
         node("Add", ["b", "half"], ["c"]), node("Floor", ["c"], ["d"]),
         node("Div", ["d", "levels"], ["e"]), node("Clip", ["e", "zero", "one"], ["f"]),
         node("Mul", ["f", "theta"], ["y"])],
        [constant("theta", 2.0), ZERO, ONE, HALF, constant("levels", 8.0)], steps),
    # A threshold a channel; bounds of what is divided by it stay outside.
    "steps_channels": (
        [node("Div", ["x", "thetas"], ["a"]), node("Mul", ["a", "levels"], ["b"]),
         node("Add", ["b", "half"], ["c"]), node("Floor", ["c"], ["d"]),
         node("Div", ["d", "levels"], ["e"]), node("Clip", ["e", "zero", "one"], ["f"]),
         node("Mul", ["f", "thetas"], ["y"])],
        [tensor("thetas", THETAS), ZERO, ONE, HALF, constant("levels", 8.0)],
        lambda x: steps(x / THETAS * 2) / 2 * THETAS),
    "steps_even": (
        [node("Div", ["x", "step"], ["a"]), node("Clip", ["a", "low", "three"], ["b"]),
         node("Round", ["b"], ["c"]), node("Mul", ["c", "step"], ["y"])],
        [constant("step", 0.25), constant("low", -4.0), THREE], even_steps),
    # No bound above: not an activation of some levels.
    "not_steps": (
        [node("Relu", ["x"], ["a"]), node("Floor", ["a"], ["y"])], [],
        lambda x: np.floor(np.maximum(x, 0))),
}


def run(folder, name, nodes, constants, function):
    path = os.path.join(folder, name + ".onnx")
    with open(path, "wb") as file:
        file.write(model(graph(nodes, [info("x", [ROWS, WIDTH])], [info("y", [ROWS, WIDTH])],
                               constants)))
    x = np.random.default_rng(1).normal(0, 2, (ROWS, WIDTH)).astype(np.float32)
    x.flat[:4] = [0.125, 0.375, -0.125, 0.0]  # ties of the steps
    source, result = os.path.join(folder, "x.npy"), os.path.join(folder, "y.npy")
    np.save(source, x)
    for target in [], ["--target", "cpu"]:
        subprocess.run(["sfc", "run", path, "--no-batch", "--input", source, "--output", result,
                        *target], check=True, stdout=subprocess.DEVNULL)
        got, want = np.load(result), function(x.astype(np.float64))
        error = np.abs(got - want).max()
        if got.shape != want.shape or not error < 2e-5:
            sys.exit(f"{name} {target}: off by {error}")


def main():
    os.makedirs(sys.argv[1], exist_ok=True)
    for name, parts in MODELS.items():
        run(sys.argv[1], name, *parts)
    print(f"{len(MODELS)} models agree with numpy")


main()
