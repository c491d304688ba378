"""Generated NIR graphs: what the reader makes of them against an own evaluation.

usage: nir_differential.py COUNT WORK [FIRST_SEED]

A graph in which a potential comes within 2e-5 of its threshold is not judged, since
f32 may then decide otherwise than binary64."""
import os
import subprocess
import sys

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from nir_evaluate import Network  # noqa: E402
from nir_generate import Generator, write  # noqa: E402

STEPS = 12


def options_of(seed):
    rng = np.random.default_rng([seed, 1])
    return {"dt": float(rng.choice([1e-4, 0.25, 1.0])),
            "scheme": str(rng.choice(["euler", "exponential"])),
            "current": str(rng.choice(["new", "old"])),
            "reset": str(rng.choice(["value", "subtract"]))}


def run(work, graph, options, data):
    model, x, y = (os.path.join(work, n) for n in ("g.nir", "x.npy", "y.npy"))
    write(model, graph)
    np.save(x, data)
    command = ["sfc", "run", model, "--input", x, "--output", y]
    for key, value in options.items():
        command += ["--" + key, repr(value) if key == "dt" else value]
    return subprocess.run(command, capture_output=True, text=True), y


def judge(seed, work, seen):
    """ "", "near" or what is wrong."""
    options = options_of(seed)
    generator = Generator([seed, 0], options["dt"])
    shape = [[3], [5], [2, 6], [2, 5, 4]][seed % 4]
    graph, after = generator.graph(shape)
    rng = np.random.default_rng([seed, 2])
    data = (rng.random([1, STEPS] + shape) * (rng.random([1, STEPS] + shape) < 0.6))
    data = data.astype(np.float32)
    network = Network(graph, options)
    seen.update(node["type"] for node in network.nodes.values())
    seen.update("cut" for _ in network.cut)
    port = [n for n, v in graph["nodes"].items() if v["type"] == "Input"][0]
    out = [n for n, v in graph["nodes"].items() if v["type"] == "Output"][0]
    # What nothing has reached yet is a lone 0 in the evaluator.
    want = np.array([np.broadcast_to(network.step({port: frame})[out], after).ravel()
                     for frame in data[0].astype(float)])
    done, path = run(work, graph, options, data)
    if done.returncode != 0:
        return done.stderr.strip()
    have = np.load(path).astype(float)
    if network.near:
        return "near"
    have = have.reshape(STEPS, -1)
    error = np.abs(have - want).max() / (1 + np.abs(want).max())
    return "" if error < 1e-4 else "error %g" % error


def main(count, work, first):
    os.makedirs(work, exist_ok=True)
    wrong = near = 0
    seen = set()
    for seed in range(first, first + count):
        verdict = judge(seed, work, seen)
        near += verdict == "near"
        if verdict not in ("", "near"):
            wrong += 1
            print("seed %d: DIFFERS: %s" % (seed, verdict))
    print("node types: %s" % " ".join(sorted(seen)))
    print("%d graphs, %d too near a threshold, %d differ" % (count, near, wrong))
    return wrong != 0


sys.exit(main(int(sys.argv[1]), sys.argv[2],
              int(sys.argv[3]) if len(sys.argv) > 3 else 0))
