"""What the files of broken ONNX models share: the list of cases, and small models."""
import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from onnx_writer import graph, info, model, node  # noqa: E402

CASES = {}


def case(expected, *options):
    """The function makes a model, or a folder's files as {name: bytes}; `expected` is a regular
    expression for the error, or "ok"."""
    def add(make):
        CASES[make.__name__] = (make, expected, list(options))
        return make
    return add


def f32(*shape):
    return np.linspace(-1, 1, int(np.prod(shape)), dtype=np.float32).reshape(shape)


def ints(*values):
    return np.array(values, np.int64)


def simple(nodes, initializers=(), shape=(1, 4), outputs=("y",), dtype=1, **more):
    return model(graph(nodes, [info("x", shape, dtype)], [info(y, [1]) for y in outputs],
                       initializers), **more)


def relu_model():
    return simple([node("Relu", ["x"], ["y"], name="relu")])
