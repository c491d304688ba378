"""Two small float networks of shared/models as .sf text and safetensors, and MNIST
as arrays: for tests of calibrate and quantize that do not go through the ONNX reader.

usage: float_models.py SHARED_DIR OUT_DIR

Writes mnist8.sf, mlp.sf, model.safetensors, and for each network NAME:
NAME_train.npy, train_labels.npy (the first 2,000 training images, f32),
NAME_test.npy, test_labels.npy (all 10,000 test images).
The protobuf wire format is read here by hand; nothing is shared with the compiler.
"""
import gzip
import json
import os
import struct
import sys

import numpy as np


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def fields(data):
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = varint(data, at)
        elif wire == 2:
            size, at = varint(data, at)
            value, at = data[at:at + size], at + size
        else:
            size = 8 if wire == 1 else 4
            value, at = data[at:at + size], at + size
        yield number, value


def initializers(path):
    """Name to float array, of the graph's initializers and Constant nodes."""
    with open(path, "rb") as file:
        model = file.read()
    graph = next(v for n, v in fields(model) if n == 7)
    out = {}
    for number, value in fields(graph):
        if number != 5:
            continue
        dims, name, raw, floats, kind = [], "", b"", b"", 0
        for n, v in fields(value):
            if n == 1:
                dims += [v] if isinstance(v, int) else unpack(v)
            elif n == 2:
                kind = v
            elif n == 4:
                floats += v
            elif n == 8:
                name = v.decode()
            elif n == 9:
                raw = v
        if kind == 1:
            out[name] = np.frombuffer(raw or floats, "<f4").reshape(dims)
    return out


def unpack(data):
    at, out = 0, []
    while at < len(data):
        value, at = varint(data, at)
        out.append(value)
    return out


MNIST8 = """module @mnist8 {
  blob @w1 : f32[8, 1, 5, 5] = file "model.safetensors" "w1"
  blob @b1 : f32[8, 1, 1] = file "model.safetensors" "b1"
  blob @w2 : f32[16, 8, 5, 5] = file "model.safetensors" "w2"
  blob @b2 : f32[16, 1, 1] = file "model.safetensors" "b2"
  blob @w3 : f32[10, 256] = file "model.safetensors" "w3"
  blob @b3 : f32[10] = file "model.safetensors" "b3"
  network @main(%x: f32[1, 28, 28]) -> (f32[10]) {
    %c1 = conv %x, @w1 {pad = 2} : f32[8, 28, 28]
    %a1 = add %c1, @b1 : f32[8, 28, 28]
    %r1 = relu %a1 : f32[8, 28, 28]
    %p1 = pool %r1 {kind = max, kernel = 2, stride = 2} : f32[8, 14, 14]
    %c2 = conv %p1, @w2 {pad = 2} : f32[16, 14, 14]
    %a2 = add %c2, @b2 : f32[16, 14, 14]
    %r2 = relu %a2 : f32[16, 14, 14]
    %p2 = pool %r2 {kind = max, kernel = 3, stride = 3} : f32[16, 4, 4]
    %f = reshape %p2 : f32[256]
    %m = linear %f, @w3 : f32[10]
    %y = add %m, @b3 : f32[10]
    return %y
  }
}
"""

MLP = """module @mlp {
  blob @w1 : f32[128, 196] = file "model.safetensors" "m1"
  blob @b1 : f32[128] = file "model.safetensors" "mb1"
  blob @w2 : f32[10, 128] = file "model.safetensors" "m2"
  blob @b2 : f32[10] = file "model.safetensors" "mb2"
  network @main(%x: f32[1, 28, 28]) -> (f32[10]) {
    %p = pool %x {kind = max, kernel = 2, stride = 2} : f32[1, 14, 14]
    %f = reshape %p : f32[196]
    %h = linear %f, @w1, @b1 : f32[128]
    %r = relu %h : f32[128]
    %o = linear %r, @w2, @b2 : f32[10]
    %y = softmax %o : f32[10]
    return %y
  }
}
"""


def pick(arrays, *shapes):
    """Arrays by shape, in that order; each shape once."""
    out = []
    for shape in shapes:
        found = [a for a in arrays.values() if a.shape == shape]
        assert len(found) == 1, (shape, [a.shape for a in arrays.values()])
        out.append(found[0])
    return out


def tensors(shared):
    cntk = initializers(os.path.join(shared, "models/misc/mnist8_cntk/model.onnx"))
    w1, b1, w2, b2, w3, b3 = pick(cntk, (8, 1, 5, 5), (8, 1, 1), (16, 8, 5, 5),
                                  (16, 1, 1), (16, 4, 4, 10), (1, 10))
    mlp = initializers(os.path.join(shared,
                                    "models/misc/mnist_mlp_pytorch/mnist.onnx"))
    m1, mb1, m2, mb2 = pick(mlp, (128, 196), (128,), (10, 128), (10,))
    return {"w1": w1, "b1": b1, "w2": w2, "b2": b2,
            "w3": w3.reshape(256, 10).T, "b3": b3.reshape(10),
            "m1": m1, "mb1": mb1, "m2": m2, "mb2": mb2}


def write_safetensors(path, arrays):
    header, at, parts = {}, 0, []
    for name, array in arrays.items():
        data = np.ascontiguousarray(array, "<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(array.shape),
                        "data_offsets": [at, at + len(data)]}
        at += len(data)
        parts.append(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(parts))


def idx(path):
    with gzip.open(path) as file:
        data = file.read()
    dims = struct.unpack(">%dI" % data[3], data[4:4 + 4 * data[3]])
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(dims)


def write_images(shared, out, count=2000):
    for name, stem, limit in (("train", "train", count), ("test", "t10k", None)):
        folder = os.path.join(shared, "data/mnist", stem)
        images = idx(folder + "-images-idx3-ubyte.gz")[:limit]
        labels = idx(folder + "-labels-idx1-ubyte.gz")[:limit]
        images = images.astype(np.float32)[:, None]
        np.save(os.path.join(out, "mnist8_%s.npy" % name), images)
        scaled = (images / np.float32(255) - np.float32(0.1307)) / np.float32(0.3081)
        np.save(os.path.join(out, "mlp_%s.npy" % name), scaled.astype(np.float32))
        np.save(os.path.join(out, "%s_labels.npy" % name), labels)


def main():
    shared, out = sys.argv[1:3]
    os.makedirs(out, exist_ok=True)
    write_safetensors(os.path.join(out, "model.safetensors"), tensors(shared))
    for name, text in (("mnist8", MNIST8), ("mlp", MLP)):
        with open(os.path.join(out, name + ".sf"), "w") as file:
            file.write(text)
    write_images(shared, out)


if __name__ == "__main__":
    main()
