#!/usr/bin/env python3
"""Time and memory of whole backbones: import, conversion, partition.

usage: backbones.py LIGHT_MODELS [NAME..]      programs are taken from PATH

LIGHT_MODELS is onnx/onnx's backend/test/data/light: networks of full size whose
weights are constants. One random image calibrates. Prints a row a network for
README.md: processor seconds and largest resident memory of each command, then the
cores that a machine of Loihi 2 chips would need, or the first thing in the way.
"""
import os
import re
import subprocess
import sys
import tempfile

import numpy as np

CONVERT = ("canonicalize,fold-batchnorm,calibrate,quantize{bias-correction=false},"
           "convert-to-spiking{form=integer,samples=0}")
PARTITION = "legalize,balance-delays{dmin=1},partition"


def measured(*words, limit=900):
    """(exit code, errors, processor seconds, MB) of one command."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:  # a process of its own, whose children's usage is the command's alone
        import resource
        try:
            done = subprocess.run(words, capture_output=True, text=True, timeout=limit)
            code, errors = done.returncode, done.stderr
        except subprocess.TimeoutExpired:
            code, errors = -1, f"error: not done in {limit} s"
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = used.ru_utime + used.ru_stime
        os.write(write, f"{code} {seconds} {used.ru_maxrss}\n{errors[:30000]}".encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        head, _, errors = pipe.read().partition("\n")
    os.waitpid(child, 0)
    code, seconds, kib = head.split()
    return int(code), errors, float(seconds), int(kib) / 1024


def first_error(errors):
    """The first op in the way; what only follows from others ('works on f32') comes last."""
    found = re.findall(r"error: (.*)", errors)
    causes = [e for e in found if "works on f32" not in e]
    causes += [e for e in found if re.search(r"\((concat|pool|add|mul|softmax)\)", e)]
    return (causes + found + [errors.strip()[:100]])[0]


def row(light, name, folder):
    cells, path = [name], os.path.join(folder, "net.sf")
    code, errors, seconds, mb = measured(
        "sfc", "import", os.path.join(light, f"light_{name}.onnx"), "-o", path)
    cells.append(f"{seconds:.2f} s, {mb:.0f} MB")
    if code:
        return cells + [first_error(errors)]
    with open(path) as file:
        cells.insert(1, str(sum(" = " in line and "blob" not in line for line in file)))
    converted = os.path.join(folder, "converted.sf")
    code, errors, seconds, mb = measured(
        "sf-opt", path, "--passes", CONVERT, "--calib", os.path.join(folder, "x.npy"),
        "-o", converted)
    cells.append(f"{seconds:.1f} s, {mb:.0f} MB")
    if code:
        return cells + [first_error(errors), ""]
    code, errors, seconds, mb = measured("sf-opt", converted, "--passes", PARTITION,
                                         "--machine", "kapoho-point",
                                         "-o", os.path.join(folder, "mapped.sf"))
    cells.append(f"{seconds:.1f} s, {mb:.0f} MB")
    cores = re.search(r"needs (\d+) cores", errors)
    if cores:
        return cells + [cores.group(1) + " cores"]
    return cells + ["fits" if code == 0 else first_error(errors)]


def main():
    light = sys.argv[1]
    names = sys.argv[2:] or ["squeezenet", "shufflenet", "inception_v1", "resnet50",
                             "bvlc_alexnet", "vgg19"]
    print("| network | ops | import | conversion | partition | result |")
    print("|---|---|---|---|---|---|")
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            rng = np.random.default_rng(1)
            np.save(os.path.join(folder, "x.npy"),
                    rng.random((1, 3, 224, 224)).astype(np.float32))
            print("| " + " | ".join(row(light, name, folder)) + " |", flush=True)


if __name__ == "__main__":
    main()
