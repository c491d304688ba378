"""usage: damage.py FOLDER FILE: flips one bit behind the header of a PE's regions
and signs the manifest anew, so that only their checksum can tell."""
import hashlib
import json
import os
import sys

folder, name = sys.argv[1:]
path = os.path.join(folder, "spinnaker2", name)
data = bytearray(open(path, "rb").read())
data[60] ^= 4
open(path, "wb").write(data)
manifest = json.load(open(os.path.join(folder, "manifest.json")))
for row in manifest["files"]:
    if row["path"].endswith(name):
        row["sha256"] = hashlib.sha256(data).hexdigest()
json.dump(manifest, open(os.path.join(folder, "manifest.json"), "w"))
