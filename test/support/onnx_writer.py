"""Writes ONNX models: messages of the wire format from Python values.

Numbers, texts and messages are given as the format names them:
model(graph([node("Relu", ["x"], ["y"])], [info("x", [1, 4])], [info("y", [1, 4])]))
"""
import struct

import numpy as np

FLOAT, UINT8, INT8, INT32, INT64, BOOL = 1, 2, 3, 6, 7, 9
NUMPY = {np.dtype(np.float32): 1, np.dtype(np.uint8): 2, np.dtype(np.int8): 3,
         np.dtype(np.int32): 6, np.dtype(np.int64): 7, np.dtype(np.bool_): 9,
         np.dtype(np.float64): 11}


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field, value):
    return varint(field << 3) + varint(value)


def real(field, value):
    return varint(field << 3 | 5) + struct.pack("<f", value)


def message(field, payload):
    if isinstance(payload, str):
        payload = payload.encode()
    return varint(field << 3 | 2) + varint(len(payload)) + payload


def messages(field, payloads):
    return b"".join(message(field, payload) for payload in payloads)


def tensor(name, values, dims=None, dtype=None, raw=None, external=None):
    """TensorProto of a numpy array. `dims`, `dtype` and `raw` say other things than the array;
    `external` is a list of (key, value) instead of elements."""
    values = np.asarray(values)
    dims = values.shape if dims is None else dims
    dtype = NUMPY[values.dtype] if dtype is None else dtype
    out = b"".join(number(1, d) for d in dims) + number(2, dtype) + message(8, name)
    if external is not None:
        out += messages(13, [message(1, key) + message(2, value) for key, value in external])
        return out + number(14, 1)
    return out + message(9, values.tobytes() if raw is None else raw)


def attribute(name, value):
    """The type follows from the value: int, float, str, lists of them, ("tensor", bytes) and
    ("graph", bytes)."""
    out = message(1, name)
    if isinstance(value, tuple):
        field, kind = {"tensor": (5, 4), "graph": (6, 5)}[value[0]]
        return out + message(field, value[1]) + number(20, kind)
    if isinstance(value, str):
        return out + message(4, value) + number(20, 3)
    if isinstance(value, int):
        return out + number(3, value) + number(20, 2)
    if isinstance(value, float):
        return out + real(2, value) + number(20, 1)
    if value and isinstance(value[0], float):
        return out + b"".join(real(7, v) for v in value) + number(20, 6)
    return out + b"".join(number(8, v) for v in value) + number(20, 7)


def node(op_type, inputs, outputs, name="", domain="", **attributes):
    return messages(1, inputs) + messages(2, outputs) + message(3, name) + message(4, op_type) + \
        messages(5, [attribute(key, value) for key, value in attributes.items()]) + \
        (message(7, domain) if domain else b"")


def info(name, dims, dtype=FLOAT):
    """ValueInfoProto; dims of None has no type, a text in it is an open axis."""
    if dims is None:
        return message(1, name)
    shape = messages(1, [message(2, d) if isinstance(d, str) else number(1, d) for d in dims])
    return message(1, name) + message(2, message(1, number(1, dtype) + message(2, shape)))


def graph(nodes, inputs=(), outputs=(), initializers=(), name="g"):
    return messages(1, nodes) + message(2, name) + messages(5, initializers) + \
        messages(11, inputs) + messages(12, outputs)


def function(name, inputs, outputs, nodes, domain="own", opset=13):
    return message(1, name) + messages(4, inputs) + messages(5, outputs) + messages(7, nodes) + \
        message(9, message(1, "") + number(2, opset)) + \
        message(9, message(1, domain) + number(2, 1)) + message(10, domain)


def model(whole_graph, opset=13, functions=()):
    return number(1, 8) + message(7, whole_graph) + message(8, message(1, "") + number(2, opset)) \
        + message(8, message(1, "own") + number(2, 1)) + messages(25, functions)
