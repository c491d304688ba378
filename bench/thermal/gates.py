#!/usr/bin/env python3
"""What power-gating-insertion switches off, and what that saves by kind and basis.

  gates.py NETWORK=FILE[,OPTION]... ...

Compiles each network for one chip of Loihi 2 and the 48-chip board of SpiNNaker2, then runs the pass
with one kind of part at a time. Savings are those of the pass's log: leakage as the
machine file states it, whose basis it names. The share is of the leakage of all
cores and routers of the chips in use. `sfc`, `sf-opt` and `sf-check` are taken from
PATH; every folder with gates is checked."""

import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

MACHINES = pathlib.Path(__file__).resolve().parents[2] / "machines"
# Machine, the file of its chip, routers that can be switched off.
MACHINES_OF = {"loihi2": ("oheo-gulch", "oheo-gulch", 32),
               "spinnaker2": ("spin2-48chip", "spinnaker2-chip", 0)}
KINDS = ("cores", "routers", "banks")


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"gates.py: {' '.join(map(str, command))} failed:\n{done.stderr}")
    return done.stdout


def log_of(text):
    """The attributes of the pass's last entry in a module's log."""
    rows = re.findall(r'"power-gating-insertion: [^"]*" \{([^}]*)\}', text)
    return dict(pair.split(" = ") for pair in rows[-1].split(", "))


def quantities(machine):
    """The numbers of a machine file."""
    root = xml.etree.ElementTree.parse(MACHINES / f"{machine}.xml").getroot()
    return {row.get("name"): row for row in root.iter("quantity")}


def measure(name, file, options, target, folder):
    machine, chip, routers = MACHINES_OF[target]
    out = f"{folder}/{name}-{target}"
    run("sfc", "compile", file, *options, "--target", target, "--machine", machine, "-o", out)
    run("sf-check", out)
    model = pathlib.Path(out, "ir", "model.sf")
    whole = log_of(model.read_text(encoding="utf-8"))
    used = len(re.findall(r"^ *core @", model.read_text(encoding="utf-8"), re.MULTILINE))
    rows = quantities(chip)
    core = float(rows["core-leakage"].get("value"))
    leak = core * used + (float(rows["router-leakage"].get("value")) * routers if routers else 0)
    cells = []
    for kind in KINDS:
        off = ",".join(f"{other}=false" for other in KINDS if other != kind)
        row = log_of(run("sf-opt", str(model), "--machine", machine,
                         f"--passes=power-gating-insertion{{{off}}}"))
        saved = float(row["saved_mw"])  # of chips in use
        leak += saved if kind == "cores" else 0
        cells.append(f"{saved:g} mW ({row['basis']})" if saved else "-")
    saved = float(whole["saved_mw"])
    parts = ", ".join(f"{whole[kind]} {kind}" for kind in KINDS if whole[kind] != "0")
    print(f"| {name} | {machine} | {used} | {parts} | " + " | ".join(cells) +
          f" | {saved:g} mW, {100 * saved / leak:.0f} % of {leak:g} mW |")


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    print("| network | machine | cores in use | off | cores | routers | banks | saved in chips in use |\n"
          "|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for argument in sys.argv[1:]:
            name, rest = argument.split("=", 1)
            file, *options = rest.split(",")
            for target in MACHINES_OF:
                measure(name, file, options, target, folder)


if __name__ == "__main__":
    main()
