"""Models that test what the ONNX reader does around operators.

usage: onnx_core.py FOLDER

Functions, loops, captured names, external data, batch axes, several refusals.
"""
import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "support"))
import onnx_writer as onnx  # noqa: E402
from onnx_writer import attribute, function, graph, info, message, model, node, number, tensor  # noqa: E402

F32 = np.float32


def i64(name, values):
    return tensor(name, np.array(values, np.int64))


def reference(name, parameter, kind):
    """An attribute that takes the value of the function's parameter."""
    return message(1, name) + number(20, kind) + message(21, parameter)


def node_with(op_type, inputs, outputs, attributes, domain=""):
    return onnx.messages(1, inputs) + onnx.messages(2, outputs) + message(4, op_type) + \
        onnx.messages(5, attributes) + (message(7, domain) if domain else b"")


def inlined():
    """Two calls of a function, one within another; an attribute by reference, one by default."""
    inner = function("scaled", ["a", "w"], ["b"],
                     [node_with("Gemm", ["a", "w"], ["b"], [reference("alpha", "factor", 1),
                                                            attribute("transB", 1)])])
    inner += message(6, "factor") + message(11, attribute("beta_unused", 1.0))
    outer = function("twice", ["p", "w"], ["r"],
                     [node_with("scaled", ["p", "w"], ["q"], [attribute("factor", 2.0)], "own"),
                      node_with("scaled", ["q", "w"], ["r"], [reference("factor", "factor", 1)],
                                "own")])
    outer += message(11, attribute("factor", 3.0))
    nodes = [node("twice", ["x", "w"], ["y"], name="call", domain="own")]
    return model(graph(nodes, [info("x", ["N", 2])], [info("y", ["N", 2])],
                       [tensor("w", np.eye(2, dtype=F32))]), functions=[inner, outer])


def loop():
    """Three iterations; weights of the outer graph; the iteration picks an input row."""
    body = graph([node("Gather", ["x", "i"], ["row"]), node("Gemm", ["row", "w"], ["g"], transB=1),
                  node("Add", ["s", "g"], ["t"]), node("Relu", ["t"], ["out"]),
                  node("Identity", ["c"], ["c2"])],
                 [info("i", [], onnx.INT64), info("c", [], onnx.BOOL), info("s", [1, 2])],
                 [info("c2", [], onnx.BOOL), info("t", [1, 2]), info("out", [1, 2])])
    nodes = [node_with("Loop", ["n", "", "zero"], ["sum", "all"], [attribute("body", ("graph", body))])]
    return model(graph(nodes, [info("x", [3, 1, 2])], [info("sum", [1, 2]), info("all", [3, 1, 2])],
                       [i64("n", 3), tensor("w", np.array([[1, 2], [3, 4]], F32)),
                        tensor("zero", np.zeros((1, 2), F32))]))


def scan(opset):
    """A running sum, from the last row to the first."""
    body = graph([node("Add", ["s", "r"], ["t"]), node("Identity", ["t"], ["o"])],
                 [info("s", [2]), info("r", [2])], [info("t", [2]), info("o", [2])])
    attributes = [attribute("body", ("graph", body)), attribute("num_scan_inputs", 1),
                  attribute("scan_input_directions", [1])]
    nodes = [node_with("Scan", ["zero", "x"], ["sum", "all"], attributes)]
    return model(graph(nodes, [info("x", [3, 2])], [info("sum", [2]), info("all", [3, 2])],
                       [tensor("zero", np.zeros(2, F32))]), opset=opset)


def branch():
    """The condition is a comparison of shapes; the branch that is not taken is not read."""
    taken = graph([node("Relu", ["x"], ["a"])], (), [info("a", [1, 2])])
    other = graph([node("Unknown", ["x"], ["b"])], (), [info("b", [1, 2])])
    nodes = [node("Shape", ["x"], ["shape"]), node("Gather", ["shape", "one"], ["extent"]),
             node("Equal", ["extent", "two"], ["same"]),
             node_with("If", ["same"], ["y"], [attribute("then_branch", ("graph", taken)),
                                               attribute("else_branch", ("graph", other))])]
    return model(graph(nodes, [info("x", ["N", 2])], [info("y", ["N", 2])],
                       [i64("one", 1), i64("two", 2)]))


def refusals():
    """Three faults and what depends on them."""
    nodes = [node("Mystery", ["x"], ["a"], name="first"), node("Relu", ["a"], ["b"], name="after"),
             node("Conv", ["x", "x"], ["c"], name="second"),
             node("Relu", ["nowhere"], ["d"], name="third"),
             node("Add", ["b", "c"], ["y"], name="sum")]
    return model(graph(nodes, [info("x", [1, 3, 8, 8])], [info("y", [1, 3, 8, 8])]))


def external():
    weights = np.arange(130, dtype=F32).reshape(2, 65)
    nodes = [node("Gemm", ["x", "w"], ["y"], transB=1)]
    entries = [("location", "weights.bin"), ("offset", "12"), ("length", "520")]
    return model(graph(nodes, [info("x", ["N", 65])], [info("y", ["N", 2])],
                       [tensor("w", weights, external=entries)])), b"\0" * 12 + weights.tobytes()


def typed():
    """Elements in typed fields: packed, and one tag each; halves as bits; a varint's negative."""
    shape = number(1, 1) + number(1, 3)
    packed = message(4, np.array([1, 2, 3], F32).tobytes())
    apart = b"".join(onnx.real(4, v) for v in (4, 5, 6))
    halves = b"".join(number(5, int(v)) for v in np.array([0.5, -2, 65504], np.float16).view(np.uint16))
    signed = b"".join(onnx.varint(v) for v in (-1, 300, 1))
    tensors = [shape + number(2, 1) + message(8, "p") + packed,
               shape + number(2, 1) + message(8, "a") + apart,
               shape + number(2, 10) + message(8, "h") + halves,
               shape + number(2, 7) + message(8, "s") + message(7, signed)]
    nodes = [node("Add", ["x", "p"], ["xp"]), node("Mul", ["xp", "a"], ["xpa"]),
             node_with("Cast", ["h"], ["hf"], [attribute("to", 1)]), node("Add", ["xpa", "hf"], ["y"]),
             node_with("Cast", ["s"], ["sf"], [attribute("to", 1)]), node("Add", ["y", "sf"], ["z"])]
    return model(graph(nodes, [info("x", [1, 3])], [info("z", [1, 3])], tensors))


def open_axes():
    nodes = [node("Relu", ["x"], ["y"])]
    return model(graph(nodes, [info("x", ["N", "time", 4])], [info("y", ["N", "time", 4])]))


def zero_batch():
    """0 for an extent that the writer did not know."""
    return model(graph([node("Relu", ["x"], ["y"])], [info("x", [0, 3])], [info("y", [0, 3])]))


def transposed():
    """The newer PyTorch exporter: a transposed weight; it lies in the file as linear wants it."""
    nodes = [node("Transpose", ["w"], ["wt"], perm=[1, 0]), node("MatMul", ["x", "wt"], ["m"]),
             node("Add", ["m", "b"], ["y"])]
    return model(graph(nodes, [info("x", ["N", 65])], [info("y", ["N", 3])],
                       [tensor("w", np.ones((3, 65), F32)), tensor("b", np.ones(3, F32))]))


def main(folder):
    os.makedirs(os.path.join(folder, "beside"), exist_ok=True)
    with_data, data = external()
    files = {"function.onnx": inlined(), "loop.onnx": loop(), "scan.onnx": scan(13),
             "branch.onnx": branch(), "refusals.onnx": refusals(), "external.onnx": with_data,
             "weights.bin": data, "typed.onnx": typed(), "open.onnx": open_axes(),
             "transposed.onnx": transposed(), "zero.onnx": zero_batch()}
    for name, content in files.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(content)


if __name__ == "__main__":
    main(*sys.argv[1:])
