"""Every f32 neuron function of the library through quantize-neurons, behind 8-bit weights.

usage: integer_library.py SOURCE WORK

Each becomes a network of 12 inputs and 24 neurons. What it emits must have integers
only, or be refused by the name of a value; spikes on 32 random samples of 24 steps are
counted before and after, by the pass, and functions whose number of spikes changes by
more than a tenth are named."""
import glob
import os
import re
import subprocess
import sys

import numpy as np

WEIGHTS = np.random.default_rng(11).normal(0.1, 0.3, (24, 12)).astype(np.float32)
FUNCTION = re.compile(r"neuron @(\w+)\(([^)]*)\) -> (\([^)]*\)|\w+) \{(.*?)\n\}", re.S)


def types(text):
    return [word.split(":")[-1].strip() for word in text.strip("()").split(",")]


def network(name, inputs, outputs, body):
    """The function behind one projection an input; params without a default are 0.5, or 1."""
    given = [f"{p} = {0.5 if kind == 'f32' else 1}" for p, kind, _, default in
             re.findall(r"param %(\w+): (\w+)( in \[[^\]]*\])?( = [-\w.]+)?", body) if not default]
    takes, sends = types(inputs), types(outputs)
    lines = [f"blob @w : f32[24, 12] = dense [{', '.join(repr(float(w)) for w in WEIGHTS.flat)}]",
             f"neuron @{name}({inputs}) -> {outputs} {{{body}\n}}"]
    shapes = [f"%x{i}: {'f32[12]' if t == 'f32' else t + '[24]'}" for i, t in enumerate(takes)]
    results = ", ".join(f"{t}[24]" for t in sends)
    lines.append(f"network @main({', '.join(shapes)}) -> ({results}) {{")
    for i, t in enumerate(takes):
        lines.append(f"%l{i} = linear %x{i}, @w : f32[24]" if t == "f32"
                     else f"%l{i} = delay %x{i} : {t}[24]")
    names = ", ".join(f"%r{i}" for i in range(len(sends)))
    operands = ", ".join(f"%l{i}" for i in range(len(takes)))
    attributes = f" {{{', '.join(given)}}}" if given else ""
    result = f"({results})" if len(sends) > 1 else results
    lines.append(f"{names} = neurons @{name}({operands}){attributes} : {result}")
    return "module @m {\n" + "\n".join(lines) + f"\nreturn {names}\n}}\n}}\n", takes


def main():
    source, work = sys.argv[1:3]
    os.makedirs(work, exist_ok=True)
    path = os.path.join(work, "net.sf")
    x = os.path.join(work, "x.npy")
    np.save(x, np.random.default_rng(3).integers(0, 256, (32, 24, 12)).astype(np.uint8))
    done, refused, far = 0, [], []
    for file in sorted(glob.glob(os.path.join(source, "ir", "library", "*.sf"))):
        with open(file) as text:
            found = FUNCTION.findall(text.read())
        for name, inputs, outputs, body in found:
            if "f32" not in inputs or "lookup" in body:
                continue
            text, takes = network(name, inputs, outputs, body)
            with open(path, "w") as out:
                out.write(text)
            calib = ["--calib", x] if takes == ["f32"] else []
            step = "" if calib else "{input-step=1}"
            ran = subprocess.run(["sf-opt", path, f"--passes=quantize-neurons{step}",
                                  "--verify-each", *calib], capture_output=True, text=True)
            if ran.returncode:
                if "[not-normal]" not in ran.stderr or ran.returncode != 1:
                    sys.exit(f"@{name}: {ran.stderr}")
                refused.append(name)
                continue
            done += 1
            if re.search(r"neurons @\w+\.int\(.*f32", ran.stdout):
                sys.exit(f"@{name}: f32 is left")
            counts = re.search(r"float_spikes = (\d+), spikes = (\d+)", ran.stdout)
            if counts:
                before, after = map(int, counts.groups())
                if abs(before - after) > 0.1 * before + 8:
                    far.append(f"{name} {before} {after}")
    print(f"{'at least 70' if done >= 70 else done} functions in integers")
    print("refused:", *refused)
    print("far:", "; ".join(far) or "none")


main()
