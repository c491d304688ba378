"""usage: wrong_files.py FOLDER: models whose blobs stand in files that break docs/ir.md 3,
one model each, and what `sfc run` says of them. outside.bin stands beside FOLDER."""
import os
import struct
import subprocess
import sys

import numpy

folder = sys.argv[1]


def write(name, data):
    with open(os.path.join(folder, name), "wb") as file:
        file.write(data)


def model(name, blob, op, result="i24[2]"):
    """`op` reads the network's argument %x and the blob @b."""
    text = (f"module @m {{\n  {blob}\n  blob @w : i8[2] = splat 1\n"
            f"  blob @m : i8[2, 2] = splat 1\n"
            f"  neuron @f(%a: i8) -> i24 {{ param %p: i8 in [0, 1] %b = widen %a : i24 emit %b }}\n"
            f"  network @n(%x: i8[2]) -> ({result}) {{\n"
            f"    %y = {op} : {result}\n    return %y\n  }}\n}}\n")
    write(f"{name}.sf", text.encode())
    done = subprocess.run(["sfc", "run", os.path.join(folder, f"{name}.sf"), "--input",
                           os.path.join(folder, "x.npy")], capture_output=True, text=True)
    print(f"{name}: {done.returncode}: {(done.stderr or done.stdout).splitlines()[0]}",
          flush=True)


write("bytes.bin", bytes(range(8)))
with open(os.path.join(folder, "..", "outside.bin"), "wb") as outside:
    outside.write(bytes(8))
os.symlink("../outside.bin", os.path.join(folder, "link.bin"))
write("edges.bin", struct.pack("<4i", 1, 0, 0, 1))
write("far.bin", struct.pack("<4i", 0, 0, 1, 2))
write("delays.bin", bytes([0, 0, 63, 0]))
write("infinite.bin", struct.pack("<4f", 1, 2, float("-inf"), 4))
write("nan.bin", struct.pack("<4f", 1, 2, 3, float("nan")))

numpy.save(os.path.join(folder, "x.npy"), numpy.ones((1, 2, 2), numpy.int8))

LINEAR, SPARSE = "linear %x, @b", "sparse %x, @b, @w {rows = 2}"
DELAYED = "linear %x, @m {delays = @b}"
HERE, ZEROS = os.path.abspath(folder), "0" * 64
model("fine", 'blob @b : i8[2, 2] = raw "bytes.bin" at 0 i8', LINEAR)
model("link", 'blob @b : i8[2, 2] = raw "link.bin" at 0 i8', LINEAR)
model("up", 'blob @b : i8[2, 2] = raw "../outside.bin" at 0 i8', LINEAR)
model("absolute", f'blob @b : i8[2, 2] = raw "{HERE}/bytes.bin" at 0 i8', LINEAR)
model("short", 'blob @b : i8[2, 2] = raw "bytes.bin" at 5 i8', LINEAR)
model("range", 'blob @b : i3[2, 2] = raw "bytes.bin" at 4 i8', LINEAR)
model("kind", 'blob @b : i8[2, 2] = raw "bytes.bin" at 0 f16', LINEAR)
model("hash", f'blob @b : i8[2, 2] = raw "bytes.bin" at 0 i8 sha256 "{ZEROS}"', LINEAR)
model("elided", f'blob @b : i8[2, 2] = elided 4 sha256 "{ZEROS}"', LINEAR)
model("nan", 'blob @b : f32[2, 2] = raw "nan.bin" at 0 f32', LINEAR, "f32[2]")
model("infinite", 'blob @b : f32[2, 2] = raw "infinite.bin" at 0 f32', LINEAR, "f32[2]")
model("order", 'blob @b : i32[2, 2] = raw "edges.bin" at 0 i32', SPARSE)
model("edge", 'blob @b : i32[2, 2] = raw "far.bin" at 0 i32', SPARSE)
model("delay", 'blob @b : i7[2, 2] = raw "delays.bin" at 0 i8', DELAYED)
model("param", 'blob @b : i8[2] = raw "bytes.bin" at 1 i8', "neurons @f(%x) {p = @b}")
