#!/usr/bin/env python3
"""Changes one thing at a time in a compiled folder: `sfc verify` must notice.

usage: mutate.py FOLDER --input X.npy [--count N] [--seed S] [--resign]

Each mutation flips one random bit of a file, or one digit of a text file. Without
--resign the manifest's hash catches it. With --resign the manifest is written anew
afterwards, so that only deeper checks can: the checksum of a PE's regions, the hash
of each table, the routes, and the spikes themselves. Prints what was missed; exit 1
when more than 1 in 100 was, or when anything crashed.
"""
import argparse
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile


def files(folder, wanted):
    found = []
    for root, _, names in sorted(os.walk(folder)):
        found += [os.path.join(root, n) for n in sorted(names)
                  if re.search(wanted, os.path.join(root, n))]
    return found


def resign(folder):
    path = os.path.join(folder, "manifest.json")
    manifest = json.load(open(path))
    for row in manifest["files"]:
        data = open(os.path.join(folder, row["path"]), "rb").read()
        row["bytes"], row["sha256"] = len(data), hashlib.sha256(data).hexdigest()
    json.dump(manifest, open(path, "w"), indent=2)


def mutate(path, r):
    """What was changed, in words."""
    data = bytearray(open(path, "rb").read())
    if path.endswith((".xml", ".json", ".txt")):
        digits = [m.start() for m in re.finditer(rb"[0-9]", data)]
        at = r.choice(digits)
        old = data[at]
        data[at] = r.choice([d for d in b"0123456789" if d != old])
        what = f"byte {at}: '{chr(old)}' -> '{chr(data[at])}'"
    else:
        at, bit = r.randrange(len(data)), r.randrange(8)
        data[at] ^= 1 << bit
        what = f"byte {at}, bit {bit}"
    open(path, "wb").write(data)
    return what


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--input", required=True)
    parser.add_argument("--steps", default="20")
    parser.add_argument("--samples", default="2")
    parser.add_argument("--files", default=r"\.(regions\.bin|json|txt|xml|bin)$",
                        help="which files, as a regular expression")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int,
                        default=int(os.environ.get("SF_SEED", "1")))
    parser.add_argument("--resign", action="store_true")
    options = parser.parse_args()
    r = random.Random(options.seed)
    missed = crashed = 0
    for i in range(options.count):
        with tempfile.TemporaryDirectory() as scratch:
            folder = os.path.join(scratch, "copy")
            shutil.copytree(options.folder, folder)
            path = r.choice([f for f in files(folder, options.files)
                             if not f.endswith("manifest.json") or not options.resign])
            what = mutate(path, r)
            if options.resign:
                resign(folder)
            done = subprocess.run(
                ["sfc", "verify", folder, "--input", options.input, "--steps",
                 options.steps, "--samples", options.samples],
                capture_output=True, text=True)
        where = f"{os.path.relpath(path, folder)}, {what}"
        if done.returncode == 0:
            missed += 1
            print(f"{i}: missed: {where}")
        elif done.returncode not in (1, 3, 4):
            crashed += 1
            print(f"{i}: exit {done.returncode}: {where}\n{done.stderr}")
        elif "error: " not in done.stderr:
            crashed += 1
            print(f"{i}: no place named: {where}")
    print(f"{options.count - missed} of {options.count} noticed, {crashed} crashes")
    return 1 if missed * 100 > options.count or crashed else 0


if __name__ == "__main__":
    sys.exit(main())
