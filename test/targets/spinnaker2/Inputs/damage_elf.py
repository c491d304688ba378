"""usage: damage_elf.py GOOD BAD

Damages the ELF of PE c0 in copies BAD of the compiled folder GOOD, one field at a time,
and signs the manifest anew, so that only the emulator's loader and the run can tell.
Prints what `sfc verify` says of each."""
import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys

good, bad = sys.argv[1:]
PHDR = 52  # first program header; the vector table is where its segment begins


def put(at, layout, value):
    size = struct.calcsize(layout)
    return lambda d: d[:at] + struct.pack(layout, value) + d[at + size:]


def vector(word, value):
    return lambda d: put(struct.unpack_from("<I", d, PHDR + 4)[0] + 4 * word, "<I", value)(d)


CASES = {
    "empty": lambda d: b"",
    "header cut": lambda d: d[:40],
    "code cut": lambda d: d[:0x200],
    "magic": put(3, "B", ord("G")),
    "64 bits": put(4, "B", 2),
    "big endian": put(5, "B", 2),
    "another machine": put(18, "<H", 62),
    "program headers outside": put(28, "<I", 0x7FFFFFFF),
    "no program headers": put(44, "<H", 0),
    "too many program headers": put(44, "<H", 65535),
    "segment too long": put(PHDR + 16, "<I", 0x7FFFFFFF),
    "entry elsewhere": put(24, "<I", 0x00F00001),
    "segment elsewhere": put(PHDR + 12, "<I", 0x60000000),
    "no stack": vector(0, 0),
    "no reset handler": vector(1, 0xFFFFFFFF),
}


def sign(folder):
    path = os.path.join(folder, "manifest.json")
    manifest = json.load(open(path))
    for row in manifest["files"]:
        data = open(os.path.join(folder, row["path"]), "rb").read()
        row["bytes"], row["sha256"] = len(data), hashlib.sha256(data).hexdigest()
    json.dump(manifest, open(path, "w"))


for name, damage in CASES.items():
    shutil.rmtree(bad, ignore_errors=True)
    shutil.copytree(good, bad)
    path = os.path.join(bad, "spinnaker2", "c0.elf")
    data = open(path, "rb").read()
    open(path, "wb").write(damage(data))
    sign(bad)
    done = subprocess.run(["sfc", "verify", bad, "--steps", "4"], capture_output=True,
                          text=True, timeout=60)
    print(f"{name}: {done.returncode}: {(done.stderr or done.stdout).splitlines()[0]}")
