"""Writes tiny.onnx and tiny.bin beside itself: relu(x W + b), W in the model and b outside."""
import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "support"))
from onnx_writer import graph, info, message, node, number, tensor  # noqa: E402

weights = (np.arange(12, dtype=np.float32) - 6).reshape(4, 3) / 4
bias = np.array([0.5, -1.0, 2.0], np.float32)
outside = tensor("b", bias, external=[("location", "tiny.bin"), ("offset", "0"), ("length", "12")])
network = graph([node("MatMul", ["x", "w"], ["p"], "product"),
                 node("Add", ["p", "b"], ["s"], "sum"), node("Relu", ["s"], ["y"], "relu")],
                [info("x", [1, 4])], [info("y", [1, 3])], [tensor("w", weights), outside])
with open(os.path.join(HERE, "tiny.onnx"), "wb") as file:
    file.write(number(1, 8) + message(7, network) + message(8, message(1, "") + number(2, 13)))
with open(os.path.join(HERE, "tiny.bin"), "wb") as file:
    file.write(bias.tobytes())
