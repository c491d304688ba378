"""Every neuron function of neuron_models.py against its equations: random parameters for
each of the neurons, random input, and every value sent must be the same.

    check_neurons.py BIN WHERE [--neurons N] [--steps T] [--only NAME,..]

BIN: the folder with bin/sfc and test/interp_dump. WHERE: interpreter, cpu or spinnaker2.
On spinnaker2 the input arrives as an integer, as on the chip, and the function starts by
scaling it; the emulated Cortex-M4 runs the rest."""
import argparse
import os
import re
import subprocess
import sys
import tempfile
import zlib
from types import SimpleNamespace

import numpy as np

import neuron_models
import neuron_models_more  # fills the table
from neuron_models import F, MODELS

assert neuron_models_more
UNIT = 2 ** -10  # of the integer input: exact in f32
TIE = 0.25  # half of the neurons have coarse numbers: potentials meet thresholds


def draw(name, row, count, steps):
    """Parameters and input. The same for every place to run: no hash of Python's."""
    random = np.random.default_rng(zlib.crc32(name.encode()))
    params, tied = {}, count // 2
    for key, (low, high) in row.params.items():
        if row.integer:
            params[key] = random.integers(low, high, count)
        else:
            params[key] = random.uniform(low, high, count).astype(F)
            params[key][:tied] = np.rint(params[key][:tied] / TIE) * TIE
    mean, deviation = row.drive
    raw = random.normal(mean, deviation, (steps, count))
    if not row.integer:
        raw[:, :tied] = np.rint(raw[:, :tied] / TIE) * TIE
        raw = np.rint(raw / UNIT)
    if row.spikes:
        raw = raw > 0
    if row.constant:
        raw[:] = np.clip(raw[:1], 0, 1 / UNIT)
    return params, np.clip(np.rint(raw), -2 ** 15, 2 ** 15 - 1).astype(np.int32)


def expected(row, params, x):
    """The equations; the list of what each result sends, [steps, neurons]."""
    p = SimpleNamespace(**params, **row.fixed)
    s, count = SimpleNamespace(), x.shape[1]
    for state in row.states:
        start = row.start.get(state, 0)
        if isinstance(start, str):
            start = params[start]
        kind = np.int64 if row.integer or state in ("rho", "t") else F
        setattr(s, state, np.zeros(count, kind) + kind(start)
                if np.isscalar(start) else start.astype(kind))
    sent = []
    for values in x:
        z = row.step(s, values, p)
        sent.append(z if isinstance(z, tuple) else (z,))
    return [np.array(result) for result in zip(*sent)]


def spelled(values, integer):
    return ", ".join(str(v) if integer else repr(float(v)) for v in values)


def module(text, name, row, params, count, where):
    """One network around the library's text of the function."""
    inputs, results = re.search(r"\(%\w+: (\w+)\) -> (.*?) \{", text).groups()
    kinds = re.findall(r"\w+", results)
    if where == "spinnaker2" and inputs == "f32":
        # The chip's sums are integers; the function's own %x is made of one.
        own = re.search(r"\(%(\w+): f32\)", text).group(1)
        text = text.replace("(%%%s: f32)" % own, "(%raw: i24)")
        last = [m.end() for m in
                re.finditer(r"(?m)^ *(neuron|param|state) .*\n", text)][-1]
        text = (text[:last] + "    %%rawf = float %%raw\n    %%%s = mul %%rawf, %r\n"
                % (own, UNIT) + text[last:])
        inputs = "i24"
    kind = {key: re.search(r"param %%%s: (\w+)" % key, text).group(1)
            for key in params}
    blobs = "".join("  blob @p.%s : %s[%d] = dense [%s]\n" % (
        key, kind[key], count, spelled(values, row.integer))
        for key, values in params.items())
    given = ", ".join(["%s = @p.%s" % (key, key) for key in params] +
                      ["%s = %r" % item for item in row.fixed.items()])
    given = "{%s}" % given if given else ""
    types = ["%s[%d]" % (k, count) for k in kinds]
    names = ["%%y%d" % n for n in range(len(kinds))]
    return ("module @m {\n%s%s  network @main(%%x: %s[%d]) -> (%s) {steps = 60} {\n"
            "    %s = neurons @%s(%%x) %s : %s\n    return %s\n  }\n}\n" % (
                blobs, text, inputs, count, ", ".join(types), ", ".join(names),
                name, given, types[0] if len(types) == 1 else
                "(" + ", ".join(types) + ")", ", ".join(names)))


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError("%s: exit %d\n%s%s" % (
            " ".join(words[:3]), done.returncode, done.stdout, done.stderr))
    return done.stdout


def measured(options, folder, model, x, results):
    """What the network returns there, one array a result."""
    data, sfc = os.path.join(folder, "x.npy"), os.path.join(options.bin, "bin/sfc")
    if options.where == "interpreter":
        np.save(data, x)
        run(os.path.join(options.bin, "test/interp_dump"), model, str(len(x)),
            folder, data)
        return [np.load(os.path.join(folder, "y%d.npy" % n))
                for n in range(results)]
    np.save(data, x[None])
    built = os.path.join(folder, "built")
    run(sfc, "compile", model, "--target", options.where, "-o", built)
    words = [sfc, "run", built, "--input", data, "--steps", str(len(x))]
    outputs = [os.path.join(folder, "y%d.npy" % n) for n in range(results)]
    for output in outputs:
        words += ["--output", output]
    run(*words)
    return [np.load(path)[0] for path in outputs]


def check(options, name, row, folder):
    params, raw = draw(name, row, options.neurons, options.steps)
    text = run(os.path.join(options.bin, "bin/sfc"), "neurons", name)
    text = re.search(r"(?ms)^module.*?\{\n(.*)^\}", text).group(1)
    inputs = re.search(r"\(%\w+: (\w+)\)", text).group(1)
    x = raw if row.integer else raw.astype(F) * F(UNIT)
    wanted = expected(row, params, x.astype(np.int64) if row.integer else x)
    model = os.path.join(folder, "model.sf")
    with open(model, "w") as file:
        file.write(module(text, name, row, params, x.shape[1],
                          options.where))
    floats = inputs == "f32" and options.where != "spinnaker2"
    got = measured(options, folder, model, x if floats else raw, len(wanted))
    differ = sum(int((a != b).sum()) for a, b in zip(wanted, got))
    spikes = sum(int(np.abs(a).sum()) for a in wanted)
    silent = sum(int((a == 0).sum()) for a in wanted)
    if not spikes or not silent:
        raise RuntimeError("this input pins nothing")
    return differ, spikes


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin")
    parser.add_argument("where", choices=["interpreter", "cpu", "spinnaker2"])
    parser.add_argument("--neurons", type=int, default=2000)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--only")
    options = parser.parse_args()
    np.seterr(all="ignore")
    names = options.only.split(",") if options.only else sorted(
        n for n in MODELS if options.where != "spinnaker2" or not MODELS[n].host)
    wrong = 0
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            try:
                differ, spikes = check(options, name, MODELS[name], folder)
            except RuntimeError as error:
                differ, spikes = -1, str(error)
        wrong += differ != 0
        print("%-26s %8d differ  %s" % (name, differ, spikes))
    print("%d neurons, %d steps: %d models on %s, %d differ" % (
        options.neurons, options.steps, len(names), options.where, wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
