#!/usr/bin/env python3
"""Runs the unit tests and the text tests of one build folder and adds them up.

usage: run_tests.py BUILD_DIR      (SF_SUITE = quick, slow or full)

Exit status 1 when a test failed, when none ran, or when a test was skipped for
want of ../shared although that folder is there.
"""
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

LIT = "/usr/lib/llvm-19/build/utils/lit/lit.py"


def cache_value(build, name):
    with open(os.path.join(build, "CMakeCache.txt")) as cache:
        match = re.search(rf"^{name}:\w+=(.*)$", cache.read(), re.M)
    return match.group(1) if match else ""


def count(report):
    """(passed, failed, skipped) of a JUnit file; skipped: (name, reason)."""
    passed, failed, skipped = 0, 0, []
    for case in xml.parse(report).getroot().iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is not None or case.get("status") == "disabled":
            note = case.find("skipped")
            reason = note.get("message", "") if note is not None else ""
            skipped.append((case.get("name", "?"), reason))
        else:
            passed += 1
    return passed, failed, skipped


def main():
    build = os.path.abspath(sys.argv[1])
    suite = os.environ.get("SF_SUITE", "quick")
    jobs = str(min(os.cpu_count() or 1, 8))
    with tempfile.TemporaryDirectory() as folder:
        unit, lit = (os.path.join(folder, n) for n in ("unit.xml", "lit.xml"))
        exclude = {"quick": "_slow_|_full_", "slow": "_full_", "full": "^$"}[suite]
        subprocess.run(["ctest", "--test-dir", build, "-j", jobs, "-E",
                        f"^lit$|{exclude}", "--output-on-failure", "--progress",
                        "--output-junit", unit], check=False)
        subprocess.run([sys.executable, LIT, "-j", jobs, "-v", "--timeout", "1800",
                        "--xunit-xml-output", lit,
                        os.path.join(build, "test")], check=False)
        results = [count(f) for f in (unit, lit) if os.path.exists(f)]
    passed, failed = (sum(r[i] for r in results) for i in (0, 1))
    skipped = [row for r in results for row in r[2]]
    for name, reason in skipped:
        print(f"skipped: {name}: {reason}")
    missing = [name for name, reason in skipped if "shared" in reason]
    if missing and os.path.isdir(cache_value(build, "SF_SHARED_DIR")):
        print("error: tests were skipped although the shared models are there")
        failed += len(missing)
    tail = f", {len(skipped)} skipped" if skipped else ""
    summary = f"{passed} passed, {failed} failed{tail}"
    with open(os.path.join(build, "test-summary.txt"), "w") as out:
        print(summary, file=out)
    print(summary)
    return 1 if failed or not passed or len(results) != 2 else 0


if __name__ == "__main__":
    sys.exit(main())
