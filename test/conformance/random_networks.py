#!/usr/bin/env python3
"""Random small networks through every target: any difference is a failure.

usage: random_networks.py --count N [--seed S] [--targets cpu,loihi2,spinnaker2]
                          [--folder DIR] [--only I] [--least N] [--partition OPTIONS]

Each network is written as text, compiled with `sfc compile` and compared with the
interpreter by `sfc verify` on random inputs. A target may refuse a network (exit
code 3, with a diagnostic); refusals are counted by their reason, and a target that
refuses more than it takes fails the test. --partition gives passes that take the place of
partition in the pipelines of the chips. Prints how often each row of the table in
network_maker.py was compared; fewer than --least of a row fails (20 with 60 networks
or more, else 0), and so does a run in which a quarter of the populations is silent.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

from network_maker import ROWS, Network, Tally

FIT = 3
PIPELINES = {
    "loihi2": "canonicalize,legalize,fanin-fanout-balancing,balance-delays{{dmin=1}},"
              "{},place,route,power-gating-insertion",
    "spinnaker2": "canonicalize,legalize,fanin-fanout-balancing,"
                  "balance-delays{{dmin=1,max-delay=62}},{},place,route,"
                  "power-gating-insertion"}
LEAST, LEAST_OF = 20, 60  # of a row, in a run of that many networks
MARGIN = 1.1  # aim higher: not every network has room for what is due


def run(*words):
    return subprocess.run(words, capture_output=True, text=True)


def reason(text):
    """The first message, without names and numbers."""
    found = re.search(r"error: (.*?) \[target-cannot\]", text)
    return re.sub(r"'?[%@][\w.]+'?|\d+", "..", found.group(1)) if found else "?"


Outcome = collections.namedtuple("Outcome", "kind text populations silent",
                                 defaults=("", 0, 0))


def try_network(path, target, folder, seed, partition):
    """One network on one target: same, refused with the reason, or wrong."""
    out = os.path.join(folder, f"{os.path.basename(path)}.{target}")
    shutil.rmtree(out, ignore_errors=True)
    passes = []
    if partition and target in PIPELINES:
        passes = ["--passes", PIPELINES[target].format(partition)]
    done = run("sfc", "compile", path, "--target", target, "--threads", "1", *passes,
               "-o", out)
    said = done.stderr + done.stdout
    if done.returncode == FIT and "[target-cannot]" in said:
        return Outcome("refused", reason(said))
    if done.returncode != 0:
        return Outcome("wrong", f"compile exit {done.returncode}: {done.stderr}")
    done = run("sfc", "verify", out, "--json", "--samples", "4", "--seed", str(seed))
    shutil.rmtree(out)
    if done.returncode != 0:
        return Outcome("wrong", f"verify exit {done.returncode}: {done.stderr}")
    rows = json.loads(done.stdout)["counts"]["populations"]
    return Outcome("same", "", len(rows), sum(row["spikes_out"] == 0 for row in rows))


class Target:
    """What became of the networks on one target."""

    def __init__(self, name):
        self.name, self.used = name, collections.Counter()
        self.kinds, self.reasons = collections.Counter(), collections.Counter()
        self.populations = self.silent = 0

    def add(self, outcome, used):
        self.kinds[outcome.kind] += 1
        self.populations += outcome.populations
        self.silent += outcome.silent
        if outcome.kind == "same":
            self.used.update(used)
        if outcome.kind == "refused":
            self.reasons[outcome.text] += 1

    def report(self, many):
        """Prints; returns the number of failures. `many`: enough for the silent ones."""
        same, refused = self.kinds["same"], self.kinds["refused"]
        print(f"{self.name}: {same} same, {refused} refused, "
              f"{self.kinds['wrong']} different or failed; "
              f"{self.silent} of {self.populations} populations silent")
        for text, times in self.reasons.most_common():
            print(f"  refused {times}: {text}")
        missing = [row for row in ROWS if self.used[row] == 0]
        if missing:
            print("  never compared: " + ", ".join(missing))
        failures = 0
        if refused > same:
            failures += 1
            print(f"{self.name} refuses more than it takes")
        if many and 4 * self.silent > self.populations:
            failures += 1
            print(f"{self.name}: more than a quarter of the populations is silent")
        return failures


def report_coverage(used, least):
    """How often each row was drawn in networks that some target took."""
    print("coverage:", ", ".join(f"{row} {used[row]}" for row in sorted(ROWS)))
    rare = [f"{row} {used[row]}" for row in sorted(ROWS) if used[row] < least]
    if rare:
        print(f"fewer than {least}: " + ", ".join(rare))
    return len(rare)


def networks(options, folder):
    """Writes netI.sf, I = 0 .. count - 1. Each depends on all before it."""
    tally = Tally(MARGIN * LEAST / LEAST_OF)
    for i in range(options.count):
        profile = "general" if i % 5 in (1, 3) else "loihi"
        network = Network(options.seed * 100000 + i, profile, tally)
        with open(os.path.join(folder, f"net{i}.sf"), "w") as file:
            file.write(network.text())
        yield network


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--seed", type=int,
                        default=int(os.environ.get("SF_SEED", "1")))
    parser.add_argument("--targets", default="cpu,loihi2,spinnaker2")
    parser.add_argument("--folder")
    parser.add_argument("--only", type=int, help="this network of the run alone")
    parser.add_argument("--least", type=int, help="of each row")
    parser.add_argument("--partition",
                        help="passes in the place of the chips' partition, with options")
    options = parser.parse_args()
    many = options.count >= LEAST_OF and options.only is None
    least = options.least if options.least is not None else LEAST * many
    folder = options.folder or tempfile.mkdtemp()
    os.makedirs(folder, exist_ok=True)
    targets = [Target(name) for name in options.targets.split(",")]
    used, failures = collections.Counter(), 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        tried = []
        for i, network in enumerate(networks(options, folder)):
            if options.only in (None, i):
                tried.append((i, network.used, [
                    pool.submit(try_network, os.path.join(folder, f"net{i}.sf"), t.name,
                                folder, options.seed + i, options.partition)
                    for t in targets]))
        for i, rows, outcomes in tried:
            for target, outcome in zip(targets, outcomes):
                target.add(outcome.result(), rows)
                if outcome.result().kind == "wrong":
                    failures += 1
                    print(f"network {i} (seed {options.seed}) on {target.name}: "
                          f"{outcome.result().text}")
            if any(outcome.result().kind == "same" for outcome in outcomes):
                used.update(rows)
    failures += report_coverage(used, least)
    failures += sum(target.report(many) for target in targets)
    if not options.folder:
        shutil.rmtree(folder)
    print(f"{failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
