#!/usr/bin/env python3
"""Time and memory of every pass of a mapping, by size, and how they grow.

  scale.py [--machine hala-point] [--layers 1,4,16,..] [--channels 63] [--side 130]
           [--neuron if_int] [--repeat 1] [--max-growth 1.3] [--max-seconds 30]
           [--max-mb 2048]

Runs `sf-opt` (from PATH) on stacks of convolutions (gen.py) of growing depth, one
process a size. Seconds are those that `sf-opt --time-passes` prints, memory the
largest resident set of the process, which holds the network, its mapping and its
text; with --repeat the least of several runs, for a busy machine. The exponent is
the slope of log seconds over log neurons between the last two sizes: 1 is linear. --max-growth fails when a pass of at least 0.25 s grows
faster, the other two when a process takes more; its seconds are the processor's,
those of the passes go by the clock."""

import argparse
import math
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PASSES = "balance-delays{dmin=1},partition{slicing=free},place,route,power-gating-insertion"
NOTICEABLE = 0.25  # seconds; below, the clock and the cache speak


def run(command):
    """Standard error, processor seconds and largest resident bytes of a process."""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        errors.seek(0)
        text = errors.read().decode()
    if status != 0:
        sys.exit(f"scale.py: {' '.join(command)} failed:\n{text}")
    return text, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def measure(options, layers, folder):
    """Neurons, cores, seconds by pass, seconds and bytes of the whole."""
    source = f"{folder}/stack.sf"
    with open(source, "w", encoding="utf-8") as out:
        subprocess.run([sys.executable, HERE / "gen.py", "--layers", str(layers),
                        "--channels", str(options.channels), "--side", str(options.side),
                        "--neuron", options.neuron], stdout=out, check=True)
    times, seconds, size = {}, math.inf, 0
    for _ in range(options.repeat):
        text, spent, size = run(["sf-opt", source, "--machine", options.machine,
                                 "--passes", options.passes, "--time-passes", "--stats",
                                 "-o", f"{folder}/out.sf"])
        seconds = min(seconds, spent)
        for spent, name in re.findall(r"^ +([\d.]+) +[\d.]+% +(\S+)$", text, re.MULTILINE):
            name = name.split("{")[0]
            times[name] = min(times.get(name, math.inf), float(spent))
    cores = int(re.search(r"(\d+) +partition: cores in use", text).group(1))
    neurons = layers * options.channels * options.side ** 2
    return neurons, cores, times, seconds, size


def growth(rows, pick):
    """Exponent between the last two sizes."""
    (small, large) = rows[-2:]
    before, after = pick(small), pick(large)
    if min(before, after) <= 0:
        return 0.0
    return math.log(after / before) / math.log(large[0] / small[0])


def print_table(rows, names):
    print("| neurons | cores | " + " | ".join(names) + " | all, with text | memory |")
    print("|" + "---|" * (len(names) + 4))
    for neurons, cores, times, seconds, size in rows:
        cells = [f"{times[name]:.3f}" for name in names]
        print(f"| {neurons:,} | {cores:,} | " + " | ".join(cells) +
              f" | {seconds:.2f} s | {size / 1e6:.0f} MB |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--machine", default="hala-point")
    parser.add_argument("--layers", default="17,67,270,1081")
    parser.add_argument("--channels", type=int, default=63)
    parser.add_argument("--side", type=int, default=130)
    parser.add_argument("--neuron", default="if_int")
    parser.add_argument("--passes", default=PASSES)
    parser.add_argument("--repeat", type=int, default=1, help="runs of each size; the least counts")
    parser.add_argument("--max-growth", type=float, help="fail above this exponent")
    parser.add_argument("--max-seconds", type=float, help="fail above, a process")
    parser.add_argument("--max-mb", type=float, help="fail above, a process")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = [measure(options, int(layers), folder)
                for layers in options.layers.split(",")]
    names = list(rows[0][2])
    print_table(rows, names)
    over = [f"{row[0]:,} neurons took {row[3]:.1f} s and {row[4] / 1e6:.0f} MB"
            for row in rows if row[3] > (options.max_seconds or math.inf)
            or row[4] / 1e6 > (options.max_mb or math.inf)]
    for line in over:
        print(f"scale.py: {line}", file=sys.stderr)
    if len(rows) < 2:
        return 1 if over else 0
    exponents = {name: growth(rows, lambda row, n=name: row[2][n]) for name in names}
    exponents["memory"] = growth(rows, lambda row: row[4])
    print("growth: " + ", ".join(f"{name} {e:.2f}" for name, e in exponents.items()))
    steep = [name for name in names if options.max_growth and
             rows[-1][2][name] >= NOTICEABLE and exponents[name] > options.max_growth]
    for name in steep:
        print(f"scale.py: {name} grows as size^{exponents[name]:.2f}, "
              f"above {options.max_growth}", file=sys.stderr)
    return 1 if steep or over else 0


if __name__ == "__main__":
    sys.exit(main())
