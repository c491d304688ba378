"""Changes one thing of a compiled Loihi 2 folder at a time: does anybody notice?

usage: mutate_loihi2.py DIR COUNT [SEED] [-- VERIFY_COMMAND ..]

Kinds in turn: a byte of a weight, a threshold, an output axon's target, a hop of a
route. Each mutant must be refused by `sf-loihi2-sim --check` with exit code 1 and a
message that names the place (a line, or a byte of tables.bin). With a command after
`--` that one is run on the folder as well, and must not crash either.
"""
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

arguments = sys.argv[1:]
verify = []
if "--" in arguments:
    at = arguments.index("--")
    arguments, verify = arguments[:at], arguments[at + 1:]
folder, count = arguments[0], int(arguments[1])
generator = random.Random(int(arguments[2]) if len(arguments) > 2 else 1)
CONFIG, TABLES = "loihi2/config.xml", "loihi2/tables.bin"


def other_number(text, limit):
    value = int(text)
    while value == int(text):
        value = generator.randrange(limit)
    return str(value)


def change_attribute(text, pattern, limit):
    """One of the numbers that `pattern` finds becomes another one; None: none."""
    found = list(re.finditer(pattern, text))
    if not found:
        return None
    match = generator.choice(found)
    return text[:match.start(1)] + other_number(match[1], limit) + text[match.end(1):]


def weight(config, tables):
    if not tables:
        return None
    at = generator.randrange(len(tables))
    bit = 1 << generator.randrange(8)
    return config, tables[:at] + bytes([tables[at] ^ bit]) + tables[at + 1:]


def threshold(config, tables):
    changed = change_attribute(config, r'<profile [^>]*vth="(-?\d+)"', 131072)
    return changed and (changed, tables)


def axon_target(config, tables):
    name = generator.choice(["core", "axon", "first"])
    changed = change_attribute(config, rf'<axonOut [^>]*?\b{name}="(\d+)"', 120)
    return changed and (changed, tables)


def route(config, tables):
    name = generator.choice(["fromCore", "toCore", "hops"])
    changed = change_attribute(config, rf'<route [^>]*?\b{name}="(\d+)"', 120)
    return changed and (changed, tables)


KINDS = [weight, threshold, axon_target, route]


def read(path, mode="r"):
    with open(path, mode) as file:
        return file.read()


def judge(mutant):
    """(noticed, what was said)"""
    done = subprocess.run(["sf-loihi2-sim", mutant, "--check"], capture_output=True,
                          text=True, timeout=120)
    said = done.stderr.strip().splitlines()
    named = bool(said) and re.search(r"config\.xml:\d+|tables\.bin", said[0])
    if done.returncode not in (0, 1):
        return False, f"exit code {done.returncode}"
    if verify:
        other = subprocess.run(verify + [mutant], capture_output=True, timeout=600)
        if other.returncode < 0 or other.returncode >= 70:
            return False, f"{verify[0]} ended with {other.returncode}"
    return done.returncode == 1 and bool(named), said[0] if said else "nothing"


def main():
    config, tables = read(f"{folder}/{CONFIG}"), read(f"{folder}/{TABLES}", "rb")
    noticed = tried = 0
    with tempfile.TemporaryDirectory() as work:
        for number in range(count):
            kind = KINDS[number % len(KINDS)]
            changed = kind(config, tables)
            if not changed:
                continue
            mutant = os.path.join(work, "mutant")
            shutil.rmtree(mutant, ignore_errors=True)
            shutil.copytree(folder, mutant)
            with open(f"{mutant}/{CONFIG}", "w") as file:
                file.write(changed[0])
            with open(f"{mutant}/{TABLES}", "wb") as file:
                file.write(changed[1])
            good, said = judge(mutant)
            tried += 1
            noticed += good
            if not good:
                print(f"mutant {number} ({kind.__name__}): {said}")
    print(f"{noticed} of {tried} mutants noticed")
    return 0 if tried >= count * 3 // 4 and noticed * 100 >= tried * 99 else 1


sys.exit(main())
