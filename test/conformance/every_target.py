#!/usr/bin/env python3
"""Compiles one network for every target and verifies it, spikes and counts.

usage: every_target.py NETWORK.sf [--cannot loihi2,..] [--targets cpu,..]

A target named by --cannot must refuse the network: exit code 3 and
[target-cannot]; every other one must give the interpreter's spikes. The
network has to spike: a run in which a population that the target holds stays
silent pins nothing, and fails too. Neurons of the library that the file uses
are added to it.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

TARGETS = ["cpu", "loihi2", "spinnaker2"]
FIT = 3


def run(*words):
    return subprocess.run(words, capture_output=True, text=True)


def with_library(path, folder):
    """A copy of the module that holds the library's neurons that it names."""
    text = open(path).read()
    for name in sorted(set(re.findall(r"neurons @(\w+)\(", text))):
        if re.search(rf"neuron @{name}\(", text):
            continue
        library = run("sfc", "neurons", name).stdout
        neuron = re.search(r"(?ms)^ *neuron .*?^ *}\n", library).group(0)
        text = text.replace("  network @", neuron + "  network @", 1)
    copy = os.path.join(folder, os.path.basename(path))
    with open(copy, "w") as file:
        file.write(text)
    return copy


def refused(compiled):
    text = compiled.stderr + compiled.stdout
    if compiled.returncode != FIT or "[target-cannot]" not in text:
        return f"should refuse, exit {compiled.returncode}: {text}"
    return None


def same(folder, options):
    done = run("sfc", "verify", folder, "--json", "--samples", options.samples,
               "--seed", "7")
    if done.returncode != 0:
        return f"verify, exit {done.returncode}: {done.stderr}"
    report = json.loads(done.stdout)
    if not report["identical"] or report["compared"] == 0:
        return f"compared nothing: {done.stdout}"
    for row in report["counts"]["populations"]:
        if row["spikes_out"] == 0 or row["updates"] == 0:
            return f"'{row['name']}' is silent: {row}"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("network")
    parser.add_argument("--cannot", default="")
    parser.add_argument("--targets", default=",".join(TARGETS))
    parser.add_argument("--passes", help="instead of the target's own")
    parser.add_argument("--samples", default="3")
    options = parser.parse_args()
    cannot = [t for t in options.cannot.split(",") if t]
    failures = 0
    with tempfile.TemporaryDirectory() as scratch:
        network = with_library(options.network, scratch)
        for target in options.targets.split(","):
            folder = os.path.join(scratch, target)
            words = ["sfc", "compile", network, "--target", target,
                     "-o", folder]
            if options.passes is not None:
                words += ["--passes", options.passes]
            compiled = run(*words)
            if target in cannot:
                wrong = refused(compiled)
            elif compiled.returncode != 0:
                wrong = f"compile, exit {compiled.returncode}: {compiled.stderr}"
            else:
                wrong = same(folder, options)
            if wrong:
                failures += 1
                print(f"{target}: {wrong}")
            else:
                print(f"{target}: {'refused' if target in cannot else 'same'}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
