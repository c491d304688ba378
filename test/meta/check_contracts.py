"""Every function of a public header has a contract: a comment above it, beside it,
or above the run of declarations, without an empty line, in which it stands.

usage: check_contracts.py SOURCE_DIR
"""
import glob
import os
import re
import sys

DECLARATION = re.compile(r"^(?!typedef|static|#|\s)[\w\s*]*?\b(sf_\w+)\(")


def missing(text):
    """Names of the functions in `text` that no comment speaks of."""
    found, covered, in_comment, open_name = [], False, False, None
    for line in text.split("\n"):
        if not line.strip() or "/* ----" in line:
            covered = False
            continue
        begins = line.startswith("/*")
        if begins or in_comment:
            in_comment = "*/" not in line
            covered = True
            continue
        match = DECLARATION.match(line)
        if match:
            open_name = match.group(1)
        if open_name and ";" in line:
            beside = "/*" in line.split(";", 1)[1]
            if not covered and not beside:
                found.append(open_name)
            open_name = None
    return found


def main():
    headers = sorted(glob.glob(os.path.join(sys.argv[1], "include", "sf", "*.h")))
    if not headers:
        sys.exit("no header found")
    failed = False
    for header in headers:
        with open(header) as text:
            for name in missing(text.read()):
                print(f"sf/{os.path.basename(header)}: {name} has no contract")
                failed = True
    sys.exit(failed)


main()
