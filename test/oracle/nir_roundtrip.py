"""Round trips: nir_roundtrip.py WORK COUNT FIRST_SEED [CONVENTION=FILE..]

Generated graphs, and files under a convention, are imported, exported, and imported
again with the options that export prints. The text must be the same but for the
module's name; where it is not, both must return the same for random inputs, bit for
bit. PyPI's nir, where it is installed, must read what was written."""
import os
import subprocess
import sys

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from nir_generate import Generator, write  # noqa: E402

try:
    import nir
except ImportError:
    nir = None
STEPS = 20


class Failed(Exception):
    pass


def sfc(*words):
    done = subprocess.run(("sfc",) + words, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed("sfc %s: exit %d\n%s" % (" ".join(words), done.returncode,
                                              done.stderr))
    return done.stdout


def body(path):
    with open(path) as text:
        return text.read().split("\n", 1)[1].replace('"b.safe', '"a.safe')


def shape_of(path):
    line = [l for l in body(path).split("\n") if "network @main(" in l][0]
    dims = line.split("[")[1].split("]")[0]
    return [int(d) for d in dims.split(",")]


def read_elsewhere(path):
    """With its own check of shapes, which takes a group's channels for all and a
    kernel for square: such files are read without it."""
    graph = nir.read(path, type_check=False)
    convs = [n for n in graph.nodes.values() if type(n).__name__.startswith("Conv")]
    if all(n.groups == 1 and len(set(n.weight.shape[2:])) == 1 for n in convs):
        nir.read(path)


def trip(source, options, work, tally):
    a, b, middle = (os.path.join(work, n) for n in ("a.sf", "b.sf", "m.nir"))
    sfc("import", source, "-o", a, *options)
    said = sfc("export", a, "--format", "nir", "-o", middle)
    back = said.split("read it back: sfc ")[1].split()
    sfc(*back, "-o", b)
    if nir:
        read_elsewhere(middle)
    if body(a) == body(b):
        tally["same text"] += 1
        return
    x, y, z = (os.path.join(work, n) for n in ("x.npy", "y.npy", "z.npy"))
    shape = [2, STEPS] + shape_of(a)
    np.save(x, np.random.default_rng(1).integers(0, 2, shape).astype(np.float32))
    sfc("run", a, "--input", x, "--output", y)
    sfc("run", b, "--input", x, "--output", z)
    if not np.array_equal(np.load(y), np.load(z)):
        raise Failed("results differ")
    tally["same results"] += 1
    if "-v" in sys.argv:
        subprocess.run(["diff", a, b])


def generated(seed, work):
    rng = np.random.default_rng([seed, 1])
    dt = float(rng.choice([1e-4, 0.25, 1.0]))
    graph, _ = Generator([seed, 0], dt).graph([[3], [5], [2, 6], [2, 5, 4]][seed % 4])
    path = os.path.join(work, "g.nir")
    write(path, graph)
    return path, ["--dt", repr(dt), "--scheme", str(rng.choice(["euler", "exponential"])),
                  "--current", str(rng.choice(["new", "old"])),
                  "--reset", str(rng.choice(["value", "subtract", "value-late",
                                             "subtract-late", "none"])),
                  "--compare", str(rng.choice(["gt", "ge"])),
                  "--recurrence", str(rng.choice(["neuron", "synapse"]))]


def main(work, count, first, files):
    os.makedirs(work, exist_ok=True)
    tally = {"same text": 0, "same results": 0, "refused": 0}
    jobs = [(str(seed), seed, None)
            for seed in range(first, first + count)]
    jobs += [(f, f.split("=", 1)[1], ["--convention", f.split("=", 1)[0]])
             for f in files]
    wrong = 0
    for name, source, options in jobs:
        if options is None:
            source, options = generated(source, work)
        try:
            trip(source, options, work, tally)
        except (Failed, ValueError, AssertionError) as error:
            if "NIR has no node for it" in str(error):
                tally["refused"] += 1
                continue
            wrong += 1
            print("%s %s: %s" % (name, " ".join(options), error))
    print("%d round trips: %d the same text, %d the same results, %d refused, %d wrong" %
          (len(jobs), tally["same text"], tally["same results"], tally["refused"], wrong))
    return wrong != 0


if __name__ == "__main__":
    arguments = [a for a in sys.argv[1:] if a != "-v"]
    sys.exit(main(arguments[0], int(arguments[1]), int(arguments[2]), arguments[3:]))
