"""Random damage to a netx file: mutate_netx.py FILE WORK COUNT [SEED].

Each mutant is imported: a diagnostic or a module, never a crash, a bug report or a
run without end. Half of the damage falls on the raw file, half on the numbers that
HDF5 still reads."""
import os
import random
import subprocess
import sys

import h5py
import numpy as np


def damage_bytes(data, rng):
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 8, 64])):
        at = rng.randrange(min(len(data), rng.choice([512, 8192, len(data)])))
        data[at] = rng.choice([0, 1, 127, 255, data[at] ^ (1 << rng.randrange(8)),
                               rng.randrange(256)])
    if rng.random() < 0.1:
        del data[rng.randrange(len(data)):]
    return bytes(data)


def damage_fields(path, rng):
    """Another value, type or shape for one or two datasets, or none at all."""
    with h5py.File(path, "r+") as root:
        names = []
        root.visititems(lambda name, item: names.append(name)
                        if isinstance(item, h5py.Dataset) else None)
        for name in rng.sample(sorted(names), rng.choice([1, 2])):
            old = root[name][()]
            del root[name]
            choice = rng.randrange(6)
            if choice == 0:
                continue
            root[name] = [
                None, rng.choice([-1, 0, 1 << 31, 2**63 - 1, 7, 4096]),
                np.array([rng.randrange(-9, 9) for _ in range(3)]),
                np.nan, "conv", np.resize(np.asarray(old), (2, 3))
                if np.asarray(old).dtype.kind in "if" else "x"][choice]


def main():
    source, work, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else 1
    rng = random.Random(seed)
    os.makedirs(work, exist_ok=True)
    with open(source, "rb") as file:
        whole = file.read()
    path, target = os.path.join(work, "m.net"), os.path.join(work, "m.sf")
    accepted = refused = wrong = 0
    for i in range(count):
        with open(path, "wb") as out:
            out.write(damage_bytes(whole, rng) if i % 2 else whole)
        if i % 2 == 0:
            damage_fields(path, rng)
        try:
            done = subprocess.run(["sfc", "import", path, "-o", target],
                                  capture_output=True, text=True, timeout=180)
            code, said = done.returncode, done.stderr
        except subprocess.TimeoutExpired:
            code, said = "no end", ""
        accepted += code == 0
        refused += code in (1, 5)
        good = code == 0 or (code in (1, 5) and "error:" in said)
        if not good:
            wrong += 1
            kept = os.path.join(work, "wrong%d.net" % i)
            os.replace(path, kept)
            print("mutant %d of seed %d (%s): %s\n%s" % (i, seed, kept, code,
                                                         said[-2000:]))
    print("%d accepted, %d refused, %d wrong" % (accepted, refused, wrong))
    sys.exit(wrong != 0)


main()
