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

import neuron_models_integer  # with what it reads, fills the table
from neuron_models import F, MODELS

assert neuron_models_integer
CHIPS = "spinnaker2", "loihi2"
ENCODERS = "if_zero", "even_rate", "latency", "delta_event"  # in f32
REFUSAL = r"neuron model @%s is none that Loihi 2 programs are known for|" \
    "a program of the chip has one or two inputs and sends one value"
UNIT = 2 ** -10  # of the integer input: exact in f32
TIE = 0.25  # half of the neurons have coarse numbers: potentials meet thresholds


def draw(name, row, operands, count, steps):
    """Parameters, and one input an operand. The same for every place to run: no hash of Python's."""
    random = np.random.default_rng(zlib.crc32(name.encode()))
    params, tied = {}, count // 2
    for key, (low, high) in row.params.items():
        if row.integer:
            unit = row.units.get(key, 1)
            params[key] = random.integers(low, high, count) // unit * unit
        else:
            params[key] = random.uniform(low, high, count).astype(F)
            params[key][:tied] = np.rint(params[key][:tied] / TIE) * TIE
    mean, deviation = row.drive
    raw = random.normal(mean, deviation, (operands, steps, count))
    if not row.integer:
        raw[..., :tied] = np.rint(raw[..., :tied] / TIE) * TIE
        raw = np.rint(raw / UNIT)
    if row.spikes:
        raw = raw > 0
    if row.constant:
        raw[:] = np.clip(raw[:, :1], 0, 1 / UNIT)
    return params, np.clip(np.rint(raw), -2 ** 15, 2 ** 15 - 1).astype(np.int32)


def expected(row, params, x):
    """The equations; the list of what each result sends, [steps, neurons]."""
    p = SimpleNamespace(**params, **row.fixed)
    s, count = SimpleNamespace(), x.shape[-1]
    for state in row.states:
        start = row.start.get(state, 0)
        if isinstance(start, str):
            start = params[start]
        kind = (np.complex64 if isinstance(start, complex) else
                np.int64 if row.integer or state in ("rho", "t") else F)
        setattr(s, state, np.zeros(count, kind) + kind(start)
                if np.isscalar(start) else start.astype(kind))
    sent = []
    for t in range(x.shape[1]):
        z = row.step(s, x[0, t] if len(x) == 1 else x[:, t], p)
        sent.append(z if isinstance(z, tuple) else (z,))
    return [np.array(result) for result in zip(*sent)]


def spelled(values, integer):
    return ", ".join(str(v) if integer else repr(float(v)) for v in values)


def scaled(text):
    """The function with its %x made of an integer, as sums are on a chip."""
    head = re.search(r"neuron @.*\) ->", text).group()
    floats = re.findall(r"%(\w+): f32", head)
    text = text.replace(head, head.replace(": f32", "raw: i24"))
    last = [m.end() for m in
            re.finditer(r"(?m)^ *(neuron|param|state) .*\n", text)][-1]
    made = "".join("    %%float%s = float %%%sraw\n    %%%s = mul %%float%s, %r\n"
                   % (o, o, o, o, UNIT) for o in floats)
    return text[:last] + made + text[last:]


PLUMBING = """  blob @one : i2[1, 1, 1] = dense [1]
  neuron @before(%%x: i24) -> %s {
    %%y = gt %%x, 0
    emit %%%s
  }
  neuron @whole(%%x: f32) -> i16 {
    %%e = div %%x, %r
    %%y = int.sat %%e {round = half-up} : i16
    emit %%y
  }
  neuron @relay(%%x: i16) -> i16 {
    emit %%x
  }
"""
SUM = "    %%%s = conv %%%s, @one : %s\n"  # of one synapse
HOST = {"reads": """    %%c = conv %%x0, @one : i24{n}
    %%b = neurons @before(%%c) : %s{n}
    %%y0 = neurons @%s(%%b) {{on = host%s}} : %s{n}
""", "sends f32": """    %%e = neurons @%s(%%x0) {{on = host%s}} : f32{n}
    %%b = neurons @whole(%%e) {{on = host}} : i16{n}
    %%c = conv %%b, @one : i16{n}
    %%y0 = neurons @relay(%%c) : i16{n}
""", "sends": """    %%e = neurons @%s(%%x0) {{on = host%s}} : %s{n}
    %%c = conv %%e, @one : i16{n}
    %%y0 = neurons @relay(%%c) : i16{n}
"""}


def on_host(name, host, given, kinds, source, shape):
    """The function on the host, with a population of the chip before or behind it."""
    given = "".join(", " + item for item in given)
    if host == "reads":
        values = (source, name, given, kinds[0])
    elif kinds[0] == "f32":
        host, values, kinds[0] = "sends f32", (name, given), "i16"
    else:
        values, kinds[0] = (name, given, kinds[0]), "i16"
    return HOST[host].format(n=shape) % values


def body(name, given, operands, kinds, sources, shape):
    """The population between input and result; a sum where types differ."""
    lines, read = "", []
    for n, (kind, source) in enumerate(zip(operands, sources)):
        read.append("x%d" % n if kind == source else "h%d" % n)
        if kind != source:
            lines += SUM % ("h%d" % n, "x%d" % n, kind + shape)
    types = ", ".join(kind + shape for kind in kinds)
    return lines + "    %s = neurons @%s(%s)%s : %s\n" % (
        ", ".join("%%y%d" % n for n in range(len(kinds))), name,
        ", ".join("%" + value for value in read),
        " {%s}" % ", ".join(given) if given else "",
        "(%s)" % types if len(kinds) > 1 else types)


def module(text, name, row, params, count, chip, host):
    """One network around the library's text of the function."""
    if chip and host != "sends":
        text = scaled(text)
    operands, results = re.search(r"\((.*)\) -> (.*?) \{", text).groups()
    operands = re.findall(r": (\w+)", operands)
    kinds, shape = re.findall(r"\w+", results), "[1, %d]" % count
    sources = [{"f32": "f32", "spike": "i16" if chip else "spike",
                "i2": "spike"}.get(kind, "i16") for kind in operands]
    kind = {key: re.search(r"param %%%s: (\w+)" % key, text).group(1)
            for key in params}
    blobs = "".join("  blob @p.%s : %s%s = dense [%s]\n" % (
        key, kind[key], shape, spelled(values, row.integer))
        for key, values in params.items())
    given = ["%s = @p.%s" % (key, key) for key in params]
    given += ["%s = %r" % item for item in row.fixed.items()]
    inner = (on_host(name, host, given, kinds, operands[0], shape)
             if host else
             body(name, given, operands, kinds, sources, shape))
    spikes = operands[0] == "spike"
    plumbing = PLUMBING % ("spike" if spikes else "i24", "y" if spikes else "x", UNIT)
    if not host:
        plumbing = plumbing.splitlines(True)[0]
    return ("module @m {\n%s%s%s  network @main(%s) -> (%s) {steps = 60} {\n"
            "%s    return %s\n  }\n}\n" % (
                blobs, plumbing, text,
                ", ".join("%%x%d: %s%s" % (n, k, shape) for n, k in enumerate(sources)),
                ", ".join(k + shape for k in kinds), inner,
                ", ".join("%%y%d" % n for n in range(len(kinds)))))


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError("%s: exit %d\n%s%s" % (
            " ".join(words[:3]), done.returncode, done.stdout, done.stderr))
    return done.stdout


def measured(options, folder, model, x, results):
    """What the network returns there, one array a result."""
    data = [os.path.join(folder, "x%d.npy" % n) for n in range(len(x))]
    sfc, steps = os.path.join(options.bin, "bin/sfc"), str(x.shape[1])
    for path, values in zip(data, x):
        values = values[None, :, None]  # samples, steps, channels
        np.save(path, values[0] if options.where == "interpreter" else values)
    if options.where == "interpreter":
        run(os.path.join(options.bin, "test/interp_dump"), model, steps, folder,
            *data)
        return [np.load(os.path.join(folder, "y%d.npy" % n))[:, 0]
                for n in range(results)]
    built = os.path.join(folder, "built")
    run(sfc, "compile", model, "--target", options.where, "-o", built)
    words = [sfc, "run", built, "--steps", steps]
    for n, path in enumerate(data):
        words += ["--input", "x%d=%s" % (n, path)]
    outputs = [os.path.join(folder, "y%d.npy" % n) for n in range(results)]
    for output in outputs:
        words += ["--output", output]
    run(*words)
    return [np.load(path)[0, :, 0] for path in outputs]


def check(options, name, row, folder):
    text = run(os.path.join(options.bin, "bin/sfc"), "neurons", name)
    text = re.search(r"(?ms)^module.*?\{\n(.*)^\}", text).group(1)
    inputs = re.findall(r": (\w+)", re.search(
        r"neuron @%s\((.*)\)" % name, text).group(1))
    params, raw = draw(name, row, len(inputs), options.neurons, options.steps)
    x = raw if row.integer else raw.astype(F) * F(UNIT)
    wanted = expected(row, params, x.astype(np.int64) if row.integer else x)
    model, chip = os.path.join(folder, "model.sf"), options.where in CHIPS
    host = chip and (row.host or (options.where == "loihi2" and name in ENCODERS
                                  and "sends"))
    with open(model, "w") as file:
        file.write(module(text, name, row, params, options.neurons, chip, host))
    floats = inputs[0] == "f32" and (not chip or host == "sends")
    got = measured(options, folder, model, x if floats else raw, len(wanted))
    if host == "sends" and floats:
        got = [values * F(UNIT if np.any(np.abs(values) > 1) else 1) for values in got]
    slack = getattr(row, "slack", 0)
    differ = sum(int((~(abs(a - b) <= slack)).sum()) for a, b in zip(wanted, got))
    spikes = sum(int(np.abs(a).sum()) for a in wanted)
    silent = sum(int((a == 0).sum()) for a in wanted)
    if not spikes or not (silent or row.integer):
        raise RuntimeError("this input pins nothing")
    return differ, spikes


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin")
    parser.add_argument("where", choices=["interpreter", "cpu", *CHIPS])
    parser.add_argument("--neurons", type=int, default=2000)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--only")
    options = parser.parse_args()
    np.seterr(all="ignore")
    library = run(os.path.join(options.bin, "bin/sfc"), "neurons").split()
    if sorted(library) != sorted(MODELS):
        raise SystemExit("without equations or without a function: %s" % ", ".join(
            sorted(set(library) ^ set(MODELS))))
    names = options.only.split(",") if options.only else sorted(MODELS)
    wrong = refused = 0
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            try:
                differ, spikes = check(options, name, MODELS[name], folder)
            except (RuntimeError, ValueError) as error:
                differ, spikes = -1, str(error)
                if options.where == "loihi2" and re.search(REFUSAL % name, spikes):
                    differ, spikes, refused = 0, "refused by name", refused + 1
        wrong += differ != 0
        print("%-26s %8d differ  %s" % (name, differ, spikes))
    print("%d neurons, %d steps: %d models on %s, %d differ%s" % (
        options.neurons, options.steps, len(names) - refused, options.where, wrong,
        ", %d refused by name" % refused if options.where == "loihi2" else ""))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
