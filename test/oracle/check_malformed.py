"""Imports every broken file and compares what was said.

usage: check_malformed.py FOLDER [SUFFIX]"""
import json
import os
import subprocess
import sys
import tempfile

folder = sys.argv[1]
suffix = sys.argv[2] if len(sys.argv) > 2 else ".net"
with open(os.path.join(folder, "expected.json")) as text:
    expected = json.load(text)
wrong = 0
for name, want in sorted(expected.items()):
    with tempfile.TemporaryDirectory() as work:
        target = os.path.join(work, "x.sf")
        done = subprocess.run(
            ["sfc", "import", os.path.join(folder, name + suffix), "-o", target]
            + want["options"], capture_output=True, text=True)
        left = os.path.exists(target)
    if done.returncode != want["exit"] or want["message"] not in done.stderr \
            or left:
        wrong += 1
        print("%s: exit %d, wanted %d with: %s\n%s" %
              (name, done.returncode, want["exit"], want["message"],
               done.stderr))
print("%d broken files, %d not reported as expected" % (len(expected), wrong))
sys.exit(wrong != 0)
