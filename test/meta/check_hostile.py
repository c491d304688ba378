"""Runs a command with each arena allocation failing in turn.

usage: check_hostile.py COMMAND...      (a program of the hostile build)

Each run must end as usual or with exit code 5 and `[memory]`; a sanitizer's report or
another code is a missing check. The first 40 allocations are all tried, then ever
fewer, up to one that no arena reaches.
"""
import os
import subprocess
import sys


def run(number):
    environment = dict(os.environ, SF_HOSTILE_FAIL_AT=str(number))
    done = subprocess.run(sys.argv[1:], env=environment, capture_output=True)
    return done.returncode, done.stderr.decode(errors="replace")


def main():
    usual, _ = run(0)
    if usual != 0:
        sys.exit(f"the command itself ends with {usual}")
    number, memory, unreached, failed = 1, 0, 0, 0
    while unreached < 5 and number < 1000000:
        code, errors = run(number)
        if code == 5 and "[memory]" in errors:
            memory += 1
            unreached = 0
        elif code == 0:
            unreached += 1
        else:
            failed += 1
            print(f"allocation {number}: exit code {code}\n{errors[:3000]}")
        number += 1 if number < 40 else number // 8
    print(f"{memory} failures were reported, {failed} were not")
    sys.exit(failed > 0 or memory == 0)


main()
