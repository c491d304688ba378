"""Every diagnostic of diag.def is provoked by a test.

usage: check_diagnostics.py SOURCE_DIR [--list]

A test names it by its text: `[id]` as printed, `"id"` as in JSON, or by its number
in C, SF_DIAG_ID. Comments do not count. --list prints those without a test and ends
with 0.
"""
import os
import re
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


def main():
    root = sys.argv[1]
    text = test_text(root)
    table = rows(root)
    if len(table) < 20:
        sys.exit("diag.def has fewer rows than expected")
    missing = [name for number, name in table
               if f"[{name}]" not in text and f'"{name}"' not in text
               and not re.search(rf"\bSF_DIAG_{number}\b", text)]
    for name in missing:
        print(f"no test provokes [{name}]")
    sys.exit(bool(missing) and "--list" not in sys.argv)


main()
