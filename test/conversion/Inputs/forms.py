#!/usr/bin/env python3
"""Every form of a converted network, on every target, gives the same integers.

usage: forms.py MODEL IMAGES LABELS SAMPLES RIGHT --calib X --calib-labels Y
                [--input-scale S] [--forms ..] [--targets ..] [--few N:TARGET]

The integer form on the interpreter is what all others must equal, element by element,
and RIGHT of the SAMPLES must be classified right. --few: only N samples on a target.
"""
import argparse
import os
import subprocess
import sys
import tempfile

import numpy as np


def run(*words):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, words))}: exit {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


def parse():
    parser = argparse.ArgumentParser()
    for name in ("model", "images", "labels"):
        parser.add_argument(name)
    parser.add_argument("samples", type=int)
    parser.add_argument("right", type=int)
    parser.add_argument("--calib", required=True)
    parser.add_argument("--calib-labels", required=True)
    parser.add_argument("--input-scale", default=None)
    parser.add_argument("--levels", default="16")
    parser.add_argument("--forms", default="integer,graded,stbif")
    parser.add_argument("--targets", default="interpreter,cpu,loihi2")
    parser.add_argument("--few", default=None)
    return parser.parse_args()


def convert(options, form, folder, scale):
    out = os.path.join(folder, form + ".sf")
    run("sf-opt", os.path.join(folder, "net.sf"), "--verify-each", "--passes",
        f"canonicalize,convert-to-spiking{{form={form},levels={options.levels}}}",
        "--calib", options.calib, "--calib-labels", options.calib_labels, *scale, "-o", out)
    return out


def result(options, model, target, samples, folder, scale):
    out = os.path.join(folder, "y.npy")
    run("sfc", "run", model, "--input", options.images, "--samples", samples, *scale,
        "--output", out, *([] if target == "interpreter" else ["--target", target]))
    return np.load(out).reshape(samples, -1)


def read_labels(path, samples, folder):
    if path.endswith(".npy"):
        return np.load(path)[:samples]
    import gzip
    with gzip.open(path) as file:
        return np.frombuffer(file.read()[8:], np.uint8)[:samples]


def main():
    options = parse()
    scale = ["--input-scale", options.input_scale] if options.input_scale else []
    few = options.few.split(":") if options.few else ["0", ""]
    compared = differ = 0
    with tempfile.TemporaryDirectory() as folder:
        run("sfc", "import", options.model, "-o", os.path.join(folder, "net.sf"))
        models = {f: convert(options, f, folder, scale) for f in options.forms.split(",")}
        first = next(iter(models.values()))
        reference = result(options, first, "interpreter", options.samples, folder, scale)
        labels = read_labels(options.labels, options.samples, folder)
        right = int((reference.argmax(1) == labels).sum())
        for form, model in models.items():
            for target in options.targets.split(","):
                samples = int(few[0]) if target == few[1] else options.samples
                found = result(options, model, target, samples, folder, scale)
                wrong = int((found != reference[:samples]).sum())
                compared += found.size
                differ += wrong
                if wrong:
                    print(f"{form} on {target}: {wrong} of {found.size} values differ")
    print(f"{compared} values, {differ} differ; {right} of {options.samples} right")
    return 1 if differ or right != options.right else 0


if __name__ == "__main__":
    sys.exit(main())
