"""Small models whose imported text is compared: what operators become.

usage: onnx_operators.py FOLDER
"""
import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "support"))
from onnx_writer import BOOL, FLOAT, UINT8, graph, info, model, node, tensor  # noqa: E402


def f32(name, value):
    return tensor(name, np.array(value, np.float32))


def i64(name, value):
    return tensor(name, np.array(value, np.int64))


def kernel(*dims):
    return np.linspace(-1, 1, int(np.prod(dims))).astype(np.float32).reshape(dims)


IMAGE = [1, 2, 6, 6]
PADS = i64("pads", [0, 0, 1, 2, 0, 0, 3, 0])
WEIGHTS = tensor("w", kernel(3, 2, 3, 3))

# name: (opset, shape and type of x, nodes from x to y, type of y, constants)
MODELS = {
    "pad_conv": (13, IMAGE, FLOAT, [node("Pad", ["x", "pads"], ["p"]),
                                    node("Conv", ["p", "w"], ["y"])], FLOAT, [PADS, WEIGHTS]),
    "pad_average": (13, IMAGE, FLOAT, [node("Pad", ["x", "pads"], ["p"]),
                                       node("AveragePool", ["p"], ["y"], kernel_shape=[4, 3])],
                    FLOAT, [PADS]),
    # Windows of zeros alone: the zeros stay.
    "pad_wide": (13, IMAGE, FLOAT, [node("Pad", ["x", "pads"], ["p"]),
                                    node("AveragePool", ["p"], ["y"], kernel_shape=[2, 2])],
                 FLOAT, [PADS]),
    "pad_maximum": (13, IMAGE, FLOAT, [node("Pad", ["x", "pads"], ["p"]),
                                       node("MaxPool", ["p"], ["y"], kernel_shape=[2, 2])],
                    FLOAT, [PADS]),
    "relu6": (13, [1, 4], FLOAT, [node("Clip", ["x", "a", "b"], ["y"])], FLOAT,
              [f32("a", 0), f32("b", 6)]),
    "clip_below": (13, [1, 4], FLOAT, [node("Clip", ["x", "a"], ["y"])], FLOAT, [f32("a", 0)]),
    "clip_crossed": (13, [1, 4], FLOAT, [node("Clip", ["x", "a", "b"], ["y"])], FLOAT,
                     [f32("a", 2), f32("b", 1)]),
    "maximum": (13, [1, 4], FLOAT, [node("Max", ["a", "x"], ["y"])], FLOAT, [f32("a", 0.5)]),
    "threshold": (13, [1, 4], FLOAT, [node("Greater", ["x", "a"], ["s"]),
                                      node("Cast", ["s"], ["y"], to=1)], FLOAT, [f32("a", 0.5)]),
    "where": (13, [1, 4], BOOL, [node("Where", ["x", "a", "b"], ["y"])], FLOAT,
              [f32("a", [1, 2, 3, 4]), f32("b", 0)]),
    "left": (13, [3, 2], FLOAT, [node("MatMul", ["w", "x"], ["y"])], FLOAT,
             [tensor("w", kernel(4, 3))]),
    "softmax_old": (11, [2, 3, 4], FLOAT, [node("Softmax", ["x"], ["y"])], FLOAT, []),
    "log_softmax": (13, [2, 4], FLOAT, [node("LogSoftmax", ["x"], ["y"])], FLOAT, []),
    "nearest": (13, [1, 2, 3, 3], FLOAT, [node("Resize", ["x", "", "s"], ["y"], mode="nearest",
                                               nearest_mode="floor",
                                               coordinate_transformation_mode="asymmetric")],
                FLOAT, [f32("s", [1, 1, 2, 1])]),
    "qdq": (13, [1, 4], FLOAT, [node("QuantizeLinear", ["x", "s", "z"], ["q"]),
                                node("DequantizeLinear", ["q", "s", "z"], ["y"])], FLOAT,
            [f32("s", 0.5), tensor("z", np.array(3, np.uint8))]),
    "qdq_weights": (13, [1, 2], FLOAT, [node("QuantizeLinear", ["w", "s", "z"], ["q"], axis=0),
                                        node("DequantizeLinear", ["q", "s", "z"], ["d"], axis=0),
                                        node("Gemm", ["x", "d"], ["y"], transB=1)], FLOAT,
                    [f32("w", [[1, 2], [3, 5]]), f32("s", [0.75, 2]),
                     tensor("z", np.zeros(2, np.int8))]),
    "qlinear_conv": (13, [1, 1, 3, 3], UINT8,
                     [node("QLinearConv", ["x", "s", "z", "w", "t", "u", "v", "z"], ["y"])], UINT8,
                     [f32("s", 0.5), tensor("z", np.array(7, np.uint8)),
                      tensor("w", np.array([[[[1]]], [[[-2]]]], np.int8)), f32("t", [0.25, 0.5]),
                      tensor("u", np.zeros(2, np.int8)), f32("v", 2)]),
    "qonnx": (9, [1, 3], FLOAT,
              [node("Quant", ["x", "s", "z", "b"], ["y"], domain="onnx.brevitas", signed=1,
                    narrow=1, rounding_mode="ROUND")], FLOAT,
              [f32("s", [[0.5, 1, 2]]), f32("z", 0), f32("b", 3)]),
    "refused": (13, [1, 4], FLOAT, [node("TopK", ["x", "k"], ["y", "i"])], FLOAT, [i64("k", [1])]),
}


def main():
    os.makedirs(sys.argv[1], exist_ok=True)
    for name, (opset, dims, x, nodes, y, constants) in MODELS.items():
        with open(os.path.join(sys.argv[1], name + ".onnx"), "wb") as file:
            file.write(model(graph(nodes, [info("x", dims, x)], [info("y", None)], constants),
                             opset))


main()
