#!/usr/bin/env python3
"""Random small networks, split and spread, through the whole pipeline of a chip: every pass is
held to its exactness on the interpreter, and the chip's program to the network.

usage: split_networks.py --count N [--seed S]

Networks are those of network_maker.py. Each gets a fan-in, a fan-out and a chip by its number.
A pass may refuse a network, with one of the reasons below; any other failure, and too few
networks that were split, end with 1.
"""
import argparse
import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile

from network_maker import Network, Tally

CHIPS = [("loihi2", "kapoho-point", "balance-delays{dmin=1}"),
         ("spinnaker2", "spin2-48chip", "balance-delays{dmin=1,max-delay=62}")]
REFUSED = re.compile(r"\[(target-cannot|not-normal|unproved)\]|is not split: |"
                     r"populations on chip need|still read|draws random numbers")


def run(*words):
    return subprocess.run(words, capture_output=True, text=True)


def first_reason(text):
    found = re.search(r"error: (.*)", text)
    return re.sub(r"'?[%@][\w.]+'?|\d+", "..", found.group(1))[:100] if found else text[:100]


def try_network(path, number, seed):
    """What became of it: "split", "whole", "refused", or "wrong", and why."""
    target, machine, balance = CHIPS[number % 2]
    spread = "relay" if number % 3 == 0 else "replicate"
    passes = (f"canonicalize,legalize,fanin-fanout-balancing{{fanin={2 + number % 7},"
              f"fanout={2 + number % 3},spread={spread}}},{balance},partition,place,route")
    done = run("sf-opt", path, "--machine", machine, "--passes", passes, "--check-exact=3",
               "--verify-each", f"--seed={seed}", "--stats", "-o", path + ".out.sf")
    if done.returncode != 0:
        kind = "refused" if REFUSED.search(done.stderr) else "wrong"
        return kind, first_reason(done.stderr) if kind == "refused" else done.stderr
    changes = re.findall(r"(\d+)\s+fanin-fanout-balancing:", done.stderr)
    out = path + "." + target
    done = run("sfc", "compile", path, "--target", target, "--machine", machine, "--passes", passes,
               "--threads", "1", "-o", out)
    if done.returncode != 0:
        kind = "refused" if REFUSED.search(done.stderr) else "wrong"
        return kind, first_reason(done.stderr) if kind == "refused" else done.stderr
    done = run("sfc", "verify", out, "--samples", "2", "--seed", str(seed))
    shutil.rmtree(out)
    if done.returncode != 0:
        return "wrong", done.stderr
    return ("split" if any(int(c) for c in changes) else "whole"), ""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SF_SEED", "1")))
    options = parser.parse_args()
    folder, tally = tempfile.mkdtemp(), Tally(0.3)
    kinds, reasons = collections.Counter(), collections.Counter()
    for i in range(options.count):
        network = Network(options.seed * 100000 + i, "loihi", tally)
        path = os.path.join(folder, f"net{i}.sf")
        with open(path, "w") as file:
            file.write(network.text())
        kind, why = try_network(path, i, options.seed + i)
        kinds[kind] += 1
        if kind == "refused":
            reasons[why] += 1
        if kind == "wrong":
            print(f"network {i} (seed {options.seed}): {why}")
    shutil.rmtree(folder)
    print(f"{kinds['split']} split, {kinds['whole']} whole, {kinds['refused']} refused, "
          f"{kinds['wrong']} wrong")
    for text, times in reasons.most_common():
        print(f"  refused {times}: {text}")
    few = kinds["split"] == 0 or (options.count >= 30 and 3 * kinds["split"] < 2 * options.count)
    return 1 if kinds["wrong"] or few else 0


if __name__ == "__main__":
    sys.exit(main())
