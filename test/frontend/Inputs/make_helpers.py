"""Programs in place of sf-h5dump that fail in two ways."""
import os
import sys

SCRIPTS = {"killed": "kill -9 $$", "half": "printf 'SFH5DUMP\\001\\000\\000\\000'"}
for name, body in SCRIPTS.items():
    path = os.path.join(sys.argv[1], name)
    with open(path, "w") as out:
        out.write("#!/bin/sh\n%s\n" % body)
    os.chmod(path, 0o755)
