"""A sigma-delta network whose first dense layer has 43 x 33 x 8 = 11,352 inputs, which no
core of Loihi 2 holds for one neuron (loihi2.md 1.6): 344 x 260 -> conv 4 -> conv 8 dilated
-> conv 8 grouped -> dense 1000 -> 250 -> 6. Weights are drawn from a seed.

usage: sdnn_11352.py FOLDER         writes FOLDER/sdnn.sf and FOLDER/sdnn.safetensors
"""
import json
import os
import random
import struct
import sys

LAYERS = [("conv", (4, 1, 3, 3), "stride = 2, pad = 1", "4, 130, 172"),
          ("conv", (8, 4, 3, 3), "stride = 2, pad = 2, dilation = 2", "8, 65, 86"),
          ("conv", (8, 4, 3, 3), "stride = 2, pad = 2, dilation = 2, groups = 2", "8, 33, 43"),
          ("linear", (1000, 11352), "", "1000"),
          ("linear", (250, 1000), "", "250"),
          ("linear", (6, 250), "", "6")]
SIGMA_DELTA = """  neuron @sigma_delta(%a: i24) -> i26 {
    param %bias: i32 = 0
    param %vth: i32
    state %sig: i32 = 0
    state %act: i32 = 0
    state %res: i32 = 0
    %sg = add.wrap %sig, %a : i32
    %b = add.wrap %sg, %bias : i32
    %x = max %b, 0 : i32
    %d0 = sub.wrap %x, %act : i32
    %d = add.wrap %d0, %res : i32
    %m = abs.wrap %d : i32
    %f = ge %m, %vth
    %o = select %f, %d, 0
    %r = sub.wrap %d, %o : i32
    %q = shr %o {shift = 6, round = floor} : i26
    next %sig = %sg
    next %act = %x
    next %res = %r
    emit %q
  }
"""


def draw(generator, count):
    """`count` weights of -31 .. 31, a byte each."""
    words = generator.getrandbits(8 * count).to_bytes(count, "little")
    return bytes((w % 63 - 31) & 255 for w in words)


def safetensors(path, tensors):
    header, data = {}, b""
    for name, (shape, values) in tensors.items():
        header[name] = {"dtype": "I8", "shape": list(shape),
                        "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def main(folder):
    generator = random.Random(11352)
    blobs, ops, tensors, value = "", "", {}, "%x"
    for index, (kind, weights, attrs, shape) in enumerate(LAYERS):
        count = 1
        for extent in weights:
            count *= extent
        tensors[f"w{index}"] = (weights, draw(generator, count))
        extents = ", ".join(map(str, weights))
        blobs += f'  blob @w{index} : i8[{extents}] = file "sdnn.safetensors" "w{index}"\n'
        if kind == "linear" and index == 3:
            ops += f"    %flat = reshape {value} : i26[11352]\n"
            value = "%flat"
        attrs = f" {{{attrs}}}" if attrs else ""
        ops += f"    %i{index} = {kind}.wrap {value}, @w{index}{attrs} : i24[{shape}]\n"
        ops += (f"    %h{index} = neurons @sigma_delta(%i{index}) "
                f"{{bias = 4096, vth = {4096 * 3}}} : i26[{shape}]\n")
        value = f"%h{index}"
    with open(os.path.join(folder, "sdnn.sf"), "w") as file:
        file.write(f"module @sdnn {{\n{blobs}{SIGMA_DELTA}"
                   "  network @main(%x: i8[1, 260, 344]) -> (i26[6]) {steps = 8} {\n"
                   f"{ops}    return {value}\n  }}\n}}\n")
    safetensors(os.path.join(folder, "sdnn.safetensors"), tensors)


if __name__ == "__main__":
    main(sys.argv[1])
