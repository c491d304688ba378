"""Forges configurations: one number of config.xml becomes another one, and all seals
are made anew, so that only the simulator's own bounds are left. It must refuse the
folder with exit code 1 and a message, or run it to the end; it must never crash.

The seals are computed here from their definition in targets/loihi2/README.md, and the
unchanged file must come out as it was: this is a third implementation of it.

usage: forge_loihi2.py DIR COUNT [SEED]
"""
import ctypes
import ctypes.util
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

library = ctypes.CDLL(ctypes.util.find_library("xxhash") or "libxxhash.so.0")
library.XXH3_64bits.restype = ctypes.c_uint64
library.XXH3_64bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
EDGES = [0, 1, 2, 3, 7, 8, 31, 32, 62, 63, 64, 255, 4095, 4096, 65536, 1 << 20,
         (1 << 31) - 1, 1 << 31, (1 << 32) - 1, -1, -(1 << 31)]
CRASH = 99


def canonical(node):
    text = f"<{node.tag}"
    text += "".join(f' {k}="{v}"' for k, v in node.attrib.items() if k != "check")
    text += ">" + " ".join((node.text or "").split())
    for child in node:
        check = child.get("check")
        text += f'<{child.tag} check="{check}">' if check else canonical(child)
        text += " ".join((child.tail or "").split())
    return text + f"</{node.tag}>"


def seal(node):
    for child in node:
        seal(child)
    if node.get("check"):
        text = canonical(node).encode()
        node.set("check", f"{library.XXH3_64bits(text, len(text)):016x}")


def places(root):
    """Every number that can be changed: (element, attribute or None for its text)."""
    for node in root.iter():
        for name, value in node.attrib.items():
            if name not in ("check", "xxh3", "version") and re.search(r"\d", value):
                yield node, name
        if node.tag == "data" and (node.text or "").strip():
            yield node, None


def other(generator, text):
    numbers = list(re.finditer(r"-?\d+", text))
    match = generator.choice(numbers)
    near = int(match[0]) + generator.choice([-1, 1, 2, 10])
    new = generator.choice(EDGES + [near] * 8)
    return text[:match.start()] + str(new) + text[match.end():]


def forge(source, target, generator):
    tree = xml.parse(f"{source}/loihi2/config.xml")
    root = tree.getroot()
    node, name = generator.choice(list(places(root)))
    before = node.get(name) if name else node.text
    after = other(generator, before)
    if name:
        node.set(name, after)
    else:
        node.text = after
    seal(root)
    tree.write(f"{target}/loihi2/config.xml", encoding="UTF-8", xml_declaration=True)
    return f"{node.tag} {name or 'text'}: {before[:30]} -> {after[:30]}"


def main():
    folder, count = sys.argv[1], int(sys.argv[2])
    generator = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    root = xml.parse(f"{folder}/loihi2/config.xml").getroot()
    before = xml.tostring(root)
    seal(root)
    if xml.tostring(root) != before:
        print("the seals are not what README.md says")
        return 1
    options = f"exitcode={CRASH}:allocator_may_return_null=1"
    environment = dict(os.environ, ASAN_OPTIONS=options, UBSAN_OPTIONS=options)
    refused = ran = crashed = 0
    with tempfile.TemporaryDirectory() as work:
        mutant = f"{work}/mutant"
        shutil.copytree(folder, mutant)
        for number in range(count):
            what = forge(folder, mutant, generator)
            done = subprocess.run(
                ["sf-loihi2-sim", mutant, "--steps", "5"], capture_output=True,
                text=True, timeout=60, env=environment)
            refused += done.returncode == 1 and "error: " in done.stderr
            ran += done.returncode == 0
            # 5: memory is out, for a size that the file may well ask for.
            if done.returncode not in (0, 1, 5) or (done.returncode and
                                                    "error: " not in done.stderr):
                crashed += 1
                print(f"forgery {number}: {what}: exit code {done.returncode}\n"
                      f"{done.stderr[:2000]}")
    print(f"{refused} refused, {ran} ran, {crashed} crashed")
    return 1 if crashed or not refused or not ran else 0


sys.exit(main())
