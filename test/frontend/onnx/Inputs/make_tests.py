"""Little ONNX tests of known outcome, for harness.test: make_tests.py FOLDER.

Each is Relu, Add or an operator that does not exist, with data that fit or do not.
"""
import os
import sys

import numpy as np

from protobuf import IR_VERSION, GRAPH, INPUT, OUTPUT, field, float_tensor, write_varint

NODE, OPSETS = 1, 8


def number(index, value):
    return write_varint(index << 3) + write_varint(value)


def value_info(name, shape):
    dims = b"".join(field(1, number(1, extent)) for extent in shape)
    tensor = number(1, 1) + field(2, dims)
    return field(1, name.encode()) + field(2, field(1, tensor))


def node(operator, inputs, output):
    return b"".join(field(1, name.encode()) for name in inputs) + \
        field(2, output.encode()) + field(4, operator.encode())


def model(operator, inputs, output, shape):
    graph = field(NODE, node(operator, inputs, output)) + field(2, b"g")
    graph += b"".join(field(INPUT, value_info(name, shape)) for name in inputs)
    graph += field(OUTPUT, value_info(output, shape))
    return number(IR_VERSION, 8) + field(GRAPH, graph) + field(OPSETS, number(2, 13))


def write(name, operator, arrays, expected):
    names = ["x", "y"][:len(arrays)]
    folder = os.path.join(sys.argv[1], name)
    data = os.path.join(folder, "test_data_set_0")
    os.makedirs(data)
    parts = {"../model.onnx": model(operator, names, "z", arrays[0].shape),
             "output_0.pb": float_tensor(expected)}
    parts |= {f"input_{i}.pb": float_tensor(a) for i, a in enumerate(arrays)}
    for part, content in parts.items():
        with open(os.path.join(data, part), "wb") as file:
            file.write(content)


x = np.array([[-1, 0.5, 2], [3, -4, 0]], np.float32)
relu = np.maximum(x, 0)
near, far, nan = relu.copy(), relu.copy(), relu.copy()
near[1, 0] *= 1.0009
far[1, 0] *= 1.002
nan[0, 1] = np.nan
write("right", "Relu", [x], relu)
write("near", "Relu", [x], near)
write("far", "Relu", [x], far)
write("nan", "Relu", [x], nan)
write("shape", "Relu", [x], relu.reshape(3, 2))
write("sum", "Add", [x, 2 * x], 3 * x)
write("swapped", "Sub", [x, 2 * x], x)
write("unknown", "Frobnicate", [x], relu)
