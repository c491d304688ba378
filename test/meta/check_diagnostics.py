"""Every diagnostic of diag.def is provoked by a test.

usage: check_diagnostics.py SOURCE_DIR SF_OPT [--list]

A test names it as printed, `[attr]`, as in JSON, `"id": "attr"`, or in C as
SF_DIAG_ATTR or "attr" beside a call of sf_diag_id_text. Comments in C do not count.
Tests that say `expected-error {{..}}` name messages and no ids: they are run again
without --verify-diagnostics, and what they print counts.
--list prints those without a test and ends with 0.
"""
import os
import re
import shlex
import subprocess
import sys

TESTS = (".sf", ".test", ".py", ".c")


def rows(root):
    with open(os.path.join(root, "include/sf/diag.def")) as file:
        return re.findall(r'^SF_DIAG\((\w+),\s*"([\w-]+)"', file.read(), re.M)


def test_text(root):
    parts = []
    for folder, _, names in os.walk(os.path.join(root, "test")):
        for name in sorted(names):
            if name.endswith(TESTS) and not name.startswith("check_"):
                path = os.path.join(folder, name)
                with open(path, encoding="utf-8", errors="replace") as file:
                    text = file.read()
                # The support tests report ids of others to test the engine itself.
                if name == "test_support_diag.c":
                    continue
                if name.endswith(".c"):
                    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
                parts.append(text)
    return "\n".join(parts)


def printed_text(root, sf_opt):
    parts = []
    for folder, _, names in os.walk(os.path.join(root, "test")):
        for name in sorted(n for n in names if n.endswith(".sf")):
            path = os.path.join(folder, name)
            with open(path, encoding="utf-8", errors="replace") as file:
                runs = re.findall(r"RUN: sf-opt (.*--verify-diagnostics.*)", file.read())
            for run in runs:
                run = run.replace("%source", root).replace("%s", path)
                words = shlex.split(run.split(" | ")[0])
                words.remove("--verify-diagnostics")
                done = subprocess.run([sf_opt] + words, capture_output=True)
                parts.append(done.stderr.decode(errors="replace"))
    return "\n".join(parts)


def is_named(text, number, name):
    quoted = rf'\\?"{re.escape(name)}\\?"'
    return (f"[{name}]" in text
            or re.search(rf'\\?"id\\?":\s*{quoted}', text)
            or re.search(rf"\bSF_DIAG_{number}\b", text)
            or re.search(rf"sf_diag_id_text[^;]*{quoted}", text))


def main():
    root = sys.argv[1]
    text = test_text(root) + printed_text(root, sys.argv[2])
    table = rows(root)
    if len(table) < 20:
        sys.exit("diag.def has fewer rows than expected")
    missing = [name for number, name in table if not is_named(text, number, name)]
    for name in missing:
        print(f"no test provokes [{name}]")
    sys.exit(bool(missing) and "--list" not in sys.argv)


main()
