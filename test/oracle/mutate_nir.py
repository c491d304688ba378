"""Random damage to a NIR file: mutate_nir.py FILE WORK COUNT [SEED].

Each mutant is imported: a diagnostic or a module, never a crash, a bug report or a run
without end. A third of the damage falls on the raw file, a third on datasets, a third on
the edges and the types of nodes."""
import os
import random
import subprocess
import sys

import h5py
import numpy as np

TYPES = ["Affine", "AvgPool2d", "Conv1d", "Conv2d", "CubaLI", "CubaLIF", "Delay",
         "Flatten", "I", "IF", "Input", "LI", "LIF", "Linear", "NIRGraph", "Output",
         "Scale", "SumPool2d", "Threshold", "Nothing"]


def damage_bytes(path, whole, rng):
    data = bytearray(whole)
    for _ in range(rng.choice([1, 1, 2, 8, 64])):
        at = rng.randrange(min(len(data), rng.choice([512, 8192, len(data)])))
        data[at] = rng.choice([0, 1, 127, 255, data[at] ^ (1 << rng.randrange(8)),
                               rng.randrange(256)])
    if rng.random() < 0.1:
        del data[rng.randrange(len(data)):]
    with open(path, "wb") as out:
        out.write(data)


def damage_fields(path, rng):
    """Another value, type or shape for one or two datasets, or none at all."""
    with h5py.File(path, "r+") as root:
        names = []
        root.visititems(lambda name, item: names.append(name)
                        if isinstance(item, h5py.Dataset) else None)
        for name in rng.sample(sorted(names), rng.choice([1, 2])):
            old = root[name][()]
            del root[name]
            number = rng.choice([-1, 0, 1, 3, 1 << 31, 2**63 - 1, 7, 4096, 1e-30, 1e300])
            values = [None, number, np.array([rng.randrange(-2, 9) for _ in range(3)]),
                      np.nan, "same", np.resize(np.asarray(old), (2, 3, 2))
                      if np.asarray(old).dtype.kind in "if" else "x", np.array([])]
            value = rng.choice(values)
            if value is not None:
                root[name] = value


def damage_graph(path, rng):
    """Other edges, and nodes of other types."""
    with h5py.File(path, "r+") as root:
        nodes = root["node/nodes"]
        names = sorted(nodes)
        edges = [list(map(bytes.decode, e)) for e in root["node/edges"][()]]
        for _ in range(rng.choice([1, 2, 6])):
            if rng.random() < 0.5:
                edges.append([rng.choice(names), rng.choice(names)])
            elif edges:
                edges.pop(rng.randrange(len(edges)))
        del root["node/edges"]
        root["node/edges"] = edges if edges else np.array([])
        if rng.random() < 0.4:
            node = nodes[rng.choice(names)]
            del node["type"]
            node["type"] = rng.choice(TYPES)


def main():
    source, work, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    rng = random.Random(int(sys.argv[4]) if len(sys.argv) > 4 else 1)
    os.makedirs(work, exist_ok=True)
    with open(source, "rb") as file:
        whole = file.read()
    path, target = os.path.join(work, "m.nir"), os.path.join(work, "m.sf")
    accepted = refused = wrong = 0
    for i in range(count):
        if i % 3 == 0:
            damage_bytes(path, whole, rng)
        else:
            with open(path, "wb") as out:
                out.write(whole)
            (damage_fields if i % 3 == 1 else damage_graph)(path, rng)
        # A damaged start may look like another format, or none: exit 2.
        codes = (1, 2, 5) if i % 3 == 0 else (1, 5)
        options = rng.choice([[], ["--convention", "sinabs"], ["--ports", "lenient"],
                              ["--convention", "spikingjelly"],
                              ["--convention", "loihi", "--input-type", "spike"]])
        try:
            done = subprocess.run(["sfc", "import", path, "-o", target] + options,
                                  capture_output=True, text=True, timeout=180)
            code, said = done.returncode, done.stderr
        except subprocess.TimeoutExpired:
            code, said = "none: out of time", ""
        accepted += code == 0
        refused += code in codes and "error:" in said
        if not (code == 0 or (code in codes and "error:" in said)):
            wrong += 1
            os.rename(path, os.path.join(work, "wrong%d.nir" % i))
            print("mutant %d: exit %s\n%s" % (i, code, said[-600:]))
    print("%d mutants: %d read, %d refused, %d wrong" % (count, accepted, refused,
                                                         wrong))
    return wrong != 0


sys.exit(main())
