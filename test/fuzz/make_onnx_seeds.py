"""Seeds of the ONNX fuzz target: make_onnx_seeds.py FOLDER [SHARED].

Own tiny models, one a construct of the format, and the small ones of the public tests."""
import glob
import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from onnx_writer import (BOOL, INT64, function, graph, info, model, node,  # noqa: E402
                         tensor)

LARGEST = 3000  # bytes: mutants of small files are tried more often


def f32(*shape):
    return np.linspace(-1, 1, int(np.prod(shape)), dtype=np.float32).reshape(shape)


def simple(nodes, initializers=(), shape=(1, 4), outputs=("y",), **more):
    return model(graph(nodes, [info("x", shape)], [info(y, [1]) for y in outputs],
                       initializers), **more)


def control():
    then = graph([node("Relu", ["x"], ["t"])], [], [info("t", [1, 4])])
    other = graph([node("Neg", ["x"], ["t"])], [], [info("t", [1, 4])])
    yield "if", simple([node("If", ["c"], ["y"], then_branch=("graph", then),
                             else_branch=("graph", other))],
                       [tensor("c", np.array(True))])
    body = graph([node("Add", ["s", "x"], ["t"]), node("Identity", ["c"], ["d"])],
                 [info("i", [], INT64), info("c", [], BOOL), info("s", [1, 4])],
                 [info("d", [], BOOL), info("t", [1, 4]), info("t", [1, 4])])
    yield "loop", simple([node("Loop", ["n", "", "x"], ["z", "y"], body=("graph", body))],
                         [tensor("n", np.array(3, np.int64))], outputs=("y", "z"))
    step = graph([node("Add", ["s", "e"], ["t"])], [info("s", [4]), info("e", [4])],
                 [info("t", [4]), info("t", [4])])
    yield "scan", simple([node("Scan", ["a", "x"], ["z", "y"], num_scan_inputs=1,
                               body=("graph", step))],
                         [tensor("a", f32(4))], shape=(2, 4), outputs=("y", "z"))
    double = function("Double", ["a"], ["b"], [node("Add", ["a", "a"], ["b"])])
    yield "function", simple([node("Double", ["x"], ["y"], domain="own")], functions=[double])


def layers():
    yield "conv", simple(
        [node("Conv", ["x", "w", "b"], ["c"], kernel_shape=[3, 3], pads=[1, 1, 1, 1],
              strides=[2, 2], dilations=[1, 1], group=2),
         node("BatchNormalization", ["c", "b", "b", "b", "v"], ["n"], epsilon=1e-3),
         node("Relu", ["n"], ["r"]),
         node("MaxPool", ["r"], ["y"], kernel_shape=[2, 2], auto_pad="SAME_UPPER", ceil_mode=1)],
        [tensor("w", f32(4, 1, 3, 3)), tensor("b", f32(4)), tensor("v", f32(4) + 2)],
        shape=("N", 2, 5, 5))
    yield "gemm", simple(
        [node("Flatten", ["x"], ["f"], axis=1),
         node("Gemm", ["f", "w", "b"], ["g"], transB=1, alpha=0.5, beta=2.0),
         node("MatMul", ["g", "m"], ["h"]), node("Softmax", ["h"], ["y"], axis=-1)],
        [tensor("w", f32(3, 8)), tensor("b", f32(3)), tensor("m", f32(3, 2))], shape=(1, 2, 4))
    yield "shapes", simple(
        [node("Shape", ["x"], ["s"]), node("Gather", ["s", "one"], ["n"], axis=0),
         node("Concat", ["n", "rest"], ["t"], axis=0), node("Reshape", ["x", "t"], ["r"]),
         node("Transpose", ["r"], ["p"], perm=[1, 0]),
         node("Slice", ["p", "zero", "one", "zero", "one"], ["q"]),
         node("Unsqueeze", ["q", "zero"], ["u"]), node("Squeeze", ["u", "zero"], ["v"]),
         node("Concat", ["v", "v"], ["y"], axis=1)],
        [tensor("zero", np.array([0])), tensor("one", np.array([1])),
         tensor("rest", np.array([-1]))], shape=(2, 6))
    yield "constants", simple(
        [node("Constant", [], ["k"], value=("tensor", tensor("", f32(4)))),
         node("ConstantOfShape", ["four"], ["z"], value=("tensor", tensor("", f32(1)))),
         node("Range", ["a", "b", "a"], ["r"]), node("Cast", ["r"], ["f"], to=1),
         node("Expand", ["z", "four"], ["e"]), node("Add", ["x", "k"], ["u"]),
         node("Mul", ["u", "f"], ["v"]), node("Sub", ["v", "e"], ["y"])],
        [tensor("four", np.array([4])), tensor("a", np.array(1)), tensor("b", np.array(5))])
    yield "quantized", simple(
        [node("QuantizeLinear", ["x", "s", "z"], ["q"]),
         node("DequantizeLinear", ["q", "s", "z"], ["d"]),
         node("Clip", ["d", "low", "high"], ["c"]), node("Greater", ["c", "low"], ["g"]),
         node("Cast", ["g"], ["y"], to=1)],
        [tensor("s", np.float32(0.1)), tensor("z", np.uint8(3)), tensor("low", np.float32(0)),
         tensor("high", np.float32(6))])
    yield "external", simple(
        [node("Add", ["x", "w"], ["y"])],
        [tensor("w", f32(4), external=[("location", "data"), ("offset", "64"),
                                       ("length", "16")])])


def masks():
    """A choice before a softmax: of a condition that is constant, fed in, or its opposite."""
    common = [tensor("c", np.array([[True, False, True, False]])),
              tensor("low", np.float32(-np.inf))]
    last = node("Softmax", ["s"], ["y"], axis=-1)
    yield "mask", simple([node("Where", ["c", "x", "low"], ["s"]), last], common)
    for name, nodes in [("mask_fed", [node("Where", ["m", "low", "x"], ["s"])]),
                        ("mask_not", [node("Not", ["m"], ["n"]),
                                      node("Where", ["n", "x", "low"], ["s"])])]:
        yield name, model(graph([*nodes, last], [info("x", [1, 2, 4]), info("m", [1, 4], BOOL)],
                                [info("y", [1])], common))


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    for name, data in [*control(), *layers(), *masks()]:
        with open(os.path.join(folder, "own_" + name), "wb") as file:
            file.write(data)
    shared = sys.argv[2] if len(sys.argv) > 2 else ""
    for path in sorted(glob.glob(os.path.join(shared, "models", "onnx-node", "*", "*",
                                              "model.onnx"))) if shared else []:
        with open(path, "rb") as file:
            data = file.read()
        if len(data) <= LARGEST:
            with open(os.path.join(folder, os.path.basename(os.path.dirname(path))),
                      "wb") as file:
                file.write(data)


if __name__ == "__main__":
    main()
