"""Writes the trained 784-128-64-10 network of netx_mnist_mlp as OUT/mnist.sf and
OUT/mnist.safetensors, straight from its HDF5 file with h5py and the recipe that
came with it: encoder if_zero, no lag between the layers. Not through the reader,
so that the interpreter's accuracy does not depend on it.

    netx_mnist.py MODEL.net LIBRARY_FOLDER OUT
"""
import glob
import json
import os
import re
import struct
import sys

import h5py
import numpy as np


def library(folder, name):
    text = "".join(open(path).read()
                   for path in sorted(glob.glob(folder + "/*.sf")))
    return re.search(r"neuron @%s\(.*?\n}\n" % name, text, re.S).group()


def main():
    source, library_path, out = sys.argv[1:4]
    tensors, ops, value, inputs = {}, [], "e", 784
    blobs = []
    with h5py.File(source) as file:
        for n in range(3):
            layer = file["layer/%d" % n]
            w = np.array(layer["weight"])
            assert (w == np.rint(w)).all() and w.shape[1] == inputs
            inputs = w.shape[0]
            name = "w%d" % n
            tensors[name] = w.astype(np.int16)
            blobs.append('blob @%s : i16[%d, %d] = file "mnist.safetensors" '
                         '"%s"' % (name, w.shape[0], w.shape[1], name))
            neuron = layer["neuron"]
            ops.append("%%a%d = linear %%%s, @%s : i24[%d]" % (
                n, value, name, inputs))
            value = "s%d" % n
            ops.append("%%%s = neurons @loihi_lif(%%a%d) {di = %d, dv = %d, "
                       "vth = %d} : spike[%d]" % (
                           value, n, neuron["iDecay"][()],
                           neuron["vDecay"][()], neuron["vThMant"][()] << 6,
                           inputs))
    header, data = {}, b""
    for name, array in tensors.items():
        header[name] = {"dtype": "I16", "shape": list(array.shape),
                        "data_offsets": [len(data), len(data) + array.nbytes]}
        data += array.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    os.makedirs(out, exist_ok=True)
    with open(os.path.join(out, "mnist.safetensors"), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)
    with open(os.path.join(out, "mnist.sf"), "w") as file:
        file.write("module @mnist {\n%s\n%s%s\n"
                   "network @main(%%x: f32[784]) -> (spike[10]) {steps = 20} {\n"
                   "  %%e = neurons @if_zero(%%x) {on = host} : spike[784]\n"
                   "  %s\n  return %%s2\n}\n}\n" % (
                       "\n".join(blobs), library(library_path, "if_zero"),
                       library(library_path, "loihi_lif"), "\n  ".join(ops)))


main()
