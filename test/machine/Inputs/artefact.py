"""Helpers for tests of sf-check: folders to damage, and their manifest."""
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys


def seal(folder):
    """Rewrites the manifest for the files as they are: what is wrong then must be
    found by what the files say, not by their hashes."""
    path = os.path.join(folder, "manifest.json")
    with open(path) as f:
        manifest = json.load(f)
    for row in manifest["files"]:
        file = os.path.join(folder, row["path"])
        if not os.path.exists(file):
            continue
        with open(file, "rb") as f:
            data = f.read()
        row["bytes"] = len(data)
        row["sha256"] = hashlib.sha256(data).hexdigest()
    with open(path, "w") as f:
        json.dump(manifest, f, indent=2)


def check(folder):
    done = subprocess.run(["sf-check", folder], capture_output=True, timeout=60)
    return done.returncode, (done.stderr + done.stdout).decode("utf-8", "replace")


def changed(good, work, name, change, sealed=True):
    """A copy of `good` in `work` with file `name` changed by `change(bytes)`."""
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(good, work)
    path = os.path.join(work, name)
    with open(path, "rb") as f:
        data = f.read()
    new = change(data)
    assert new != data, f"nothing to change in {name}"
    with open(path, "wb") as f:
        f.write(new)
    if sealed:
        seal(work)
    return check(work)


def with_faults(folder, name, faults):
    """A change of manifest.json: the machine `name` with faults, as a file in
    `folder`."""
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "../../../machines", name + ".xml")) as f:
        text = f.read()
    path = os.path.join(os.path.abspath(folder), "faulty.xml")
    with open(path, "w") as f:
        f.write(text.replace(
            "</chips>", '</chips><faults basis="estimate" source="a test">'
            + faults + "</faults>"))
    quoted = json.dumps(path).encode()
    return lambda d: d.replace(b'"machine": "%s"' % name.encode(), b'"machine": ' + quoted)


failures = []


def expect(title, result, code, *words):
    got, text = result
    if got != code or not all(w in text for w in words):
        failures.append(f"{title}: exit {got}, expected {code} with {words}\n{text}")


def never_crashes(good, work, names, rounds, seed):
    """Random bytes, cuts and doublings: an answer, never a crash."""
    source = random.Random(seed)
    found = 0
    for _ in range(rounds):
        name = source.choice(names)

        def damage(data):
            data = bytearray(data)
            kind = source.randrange(4)
            at = source.randrange(len(data))
            if kind == 0:
                data[at] ^= 1 << source.randrange(8)
            elif kind == 1:
                del data[at:]
            elif kind == 2:
                data[at:at] = data[at:at + source.randrange(1, 40)]
            else:
                data[at] = source.choice(b"0123456789-<>\"{}[]: \n")
                data[at] ^= data == good
            return bytes(data) if bytes(data) else b" "

        try:
            code, text = changed(good, work, name, damage)
        except AssertionError:
            continue  # the same byte again
        if code not in (0, 1, 4):
            failures.append(f"{name}: exit {code}\n{text}")
        found += code != 0
    return found


def finish(message):
    for failure in failures:
        print(failure)
    print(message if not failures else f"{len(failures)} failed")
    sys.exit(1 if failures else 0)
