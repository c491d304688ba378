"""Runs a tutorial: every `sh` block in one folder, in order; each line of a `text`
block must be in what the block before it printed, in that order.

usage: run_tutorial.py PAGE.md
"""
import re
import subprocess
import sys
import tempfile


def check(printed, expected, where):
    at = 0
    for line in expected.splitlines():
        found = printed.find(line, at)
        if found < 0:
            sys.exit(f"{where}: '{line}' is not in the output:\n{printed}")
        at = found + len(line)


def main():
    page = open(sys.argv[1]).read()
    printed = ""
    with tempfile.TemporaryDirectory() as folder:
        for kind, body in re.findall(r"(?ms)^```(sh|text)\n(.*?)^```$", page):
            if kind == "text":
                check(printed, body, sys.argv[1])
                continue
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", body], cwd=folder,
                                  capture_output=True, text=True)
            printed = done.stdout + done.stderr
            if done.returncode != 0:
                sys.exit(f"{sys.argv[1]}: exit code {done.returncode}:\n{body}\n{printed}")


main()
