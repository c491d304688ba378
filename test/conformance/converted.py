#!/usr/bin/env python3
"""Random networks in quantize form, converted in every exact form, on every target.

usage: converted.py [--kinds residual,..] [--seeds 1,2] [--forms integer,..]
                    [--targets interpreter,cpu,..] [--jitter N]

What each must give is computed by test/oracle/qdq_network.py, with numpy, from the
definition of the integer model: the results must be equal, not near. --jitter also
converts to ternary spikes, gives every projection a random delay of 1 to 5 steps, and
every synapse of `linear` another one of its own, and runs N such networks: the order
of spikes must not matter.
"""
import argparse
import os
import random
import re
import subprocess
import sys
import tempfile

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "oracle"))
import qdq_network  # noqa: E402

PER_STEP = 5  # steps of delay at most, before each population


def run(*words):
    return subprocess.run(words, capture_output=True, text=True)


def fail(what, done):
    return f"{what}: exit {done.returncode}: {done.stderr.strip()[:600]}"


def convert(folder, form):
    model, out = os.path.join(folder, "qdq.sf"), os.path.join(folder, form + ".sf")
    with open(model) as file:  # some are f32 still
        first = "quantize," if re.search("kind = avg|lrn", file.read()) else ""
    done = run("sf-opt", model, "--passes", f"{first}convert-to-spiking{{form={form}}}",
               "--verify-each", "-o", out)
    return out, None if done.returncode == 0 else fail("convert", done)


def differs(model, target, folder, expected):
    """What `target` gives for the model, against the integer model."""
    result = os.path.join(folder, "y.npy")
    words = [] if target == "interpreter" else ["--target", target]
    done = run("sfc", "run", model, "--input", os.path.join(folder, "x.npy"),
               "--output", result, "--threads", "1", *words)
    if done.returncode != 0:
        return fail("run", done)
    found = np.load(result).reshape(expected.shape)
    if not np.array_equal(found, expected):
        at = tuple(np.argwhere(found != expected)[0])
        return f"differs at {at}: {found[at]}, should be {expected[at]}"
    if not expected.any():
        return "gives zeros only, which pins nothing"
    return None


# ---- Jitter. -----------------------------------------------------------------------------


def blob_shape(text, name):
    found = re.search(rf"blob @{re.escape(name)} : \w+\[(\d+), (\d+)\]", text)
    return int(found.group(1)), int(found.group(2))


def jitter(text, rng):
    """Delays before projections; the lag grows by the most that a path can gain."""
    lines, blobs, types, added = [], [], {}, 0
    for line in text.split("\n"):
        if re.match(r"\s*blob ", line) or " = " not in line:
            lines.append(line)
            continue
        match = re.match(r"(\s*)%(\S+) = (conv|linear|pool|sparse) %([^\s,]+)(.*)$", line)
        if match:
            indent, name, op, source, rest = match.groups()
            jittered = added = added + 1
            kind = types[source]
            steps = rng.randint(1, PER_STEP)
            lines.append(f"{indent}%jitter{added} = delay %{source} {{steps = {steps}}} : {kind}")
            if op == "linear":
                added += 1
                m, n = blob_shape(text, re.match(r", @(\S+)", rest).group(1))
                blobs.append(f"  blob @jitter{added} : i7[{m}, {n}] = dense ["
                             + ", ".join(str(rng.randint(1, PER_STEP)) for _ in range(m * n))
                             + "]")
                rest = rest.replace(" :", f" {{delays = @jitter{added}}} :")
            line = f"{indent}%{name} = {op} %jitter{jittered}{rest}"
        found = re.match(r"\s*%(\S+) = .* : (\S+\[[0-9, ]*\])$", line)
        if found:
            types[found.group(1)] = found.group(2)
        lines.append(line)
    lines[1:1] = blobs
    text = "\n".join(lines)
    lag = int(re.search(r"lag = (\d+)", text).group(1)) + PER_STEP * added
    return re.sub(r"lag = \d+", f"lag = {lag}", text, count=1)


def check_jitter(folder, expected, rng):
    model, wrong = convert(folder, "stbif")
    if wrong:
        return wrong
    jittered = os.path.join(folder, "jittered.sf")
    with open(model) as file:
        text = jitter(file.read(), rng)
    with open(jittered, "w") as file:
        file.write(text)
    return differs(jittered, "interpreter", folder, expected)


# ---- All. ---------------------------------------------------------------------------------


def prepare(kind, seed, folder):
    network = qdq_network.KINDS[kind](seed)
    with open(os.path.join(folder, "qdq.sf"), "w") as file:
        file.write(network.text())
    np.save(os.path.join(folder, "x.npy"), np.stack(network.x))
    return np.stack(network.expected)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kinds", default=",".join(
        kind for kind in qdq_network.KINDS  # what Loihi 2 has
        if "tables" not in kind and kind != "normalized"))
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--forms", default="integer,graded,stbif")
    parser.add_argument("--targets", default="interpreter,cpu,loihi2")
    parser.add_argument("--jitter", type=int, default=0)
    options = parser.parse_args()
    failures = runs = 0

    def note(where, wrong):
        nonlocal failures, runs
        runs += 1
        if wrong:
            failures += 1
            print(f"{where}: {wrong}")

    for seed in map(int, options.seeds.split(",")):
        for kind in options.kinds.split(","):
            with tempfile.TemporaryDirectory() as folder:
                expected = prepare(kind, seed, folder)
                for form in options.forms.split(","):
                    model, wrong = convert(folder, form)
                    if wrong:
                        note(f"{kind} {seed} {form}", wrong)
                        continue
                    for target in options.targets.split(","):
                        note(f"{kind} {seed} {form} on {target}",
                             differs(model, target, folder, expected))
                for n in range(options.jitter):
                    rng = random.Random(1000 * seed + n)
                    note(f"{kind} {seed} jitter {n}", check_jitter(folder, expected, rng))
    print(f"{runs} runs, {failures} differ")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
