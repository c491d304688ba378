"""Streams for sf-h5pack: check_h5pack.py WORK FILE..

Each FILE goes through sf-h5dump and sf-h5pack and must dump as before; broken
streams are refused with the words expected, and random damage never crashes."""
import os
import random
import struct
import subprocess
import sys

MAGIC = b"SFH5DUMP" + struct.pack("<I", 1)


def run(program, data=b"", arguments=()):
    return subprocess.run([program] + list(arguments), input=data, capture_output=True,
                          timeout=60)


def seal(records, count=None):
    """The stream of these records, with a right end."""
    body = MAGIC + b"".join(records)
    body += struct.pack("<IQ", 3, len(records) if count is None else count)
    return body + struct.pack("<Q", fnv(body))


def fnv(data):
    value = 0xcbf29ce484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001b3 & (1 << 64) - 1
    return value


def group(path):
    return struct.pack("<II", 1, len(path)) + path


def dataset(path, kind, width, dims, data, size=None):
    head = struct.pack("<IIIII", 2, len(path), kind, width, len(dims))
    head += b"".join(struct.pack("<Q", d) for d in dims)
    return head + struct.pack("<Q", len(data) if size is None else size) + path + data


def text(*words):
    return b"".join(struct.pack("<I", len(w)) + w for w in words)


A = group(b"/a")
BROKEN = {
    "standard input is no stream of this version": b"SFH5DUMP" + struct.pack("<I", 2),
    "the stream ends too early": MAGIC + A[:6],
    "a record of the stream has an unknown tag": MAGIC + struct.pack("<I", 9),
    "a path has an impossible length": MAGIC + struct.pack("<II", 1, 5000),
    "a path is malformed": seal([group(b"a/b")]),
    "count or checksum does not match": seal([A], 2),
    "goes on after its end": seal([A]) + b"x",
    "'/b/c' cannot be made": seal([A, group(b"/b/c")]),
    "'/a' cannot be made": seal([A, A]),
    "'/a/b' is of a kind that is not written":
        seal([A, dataset(b"/a/b", 3, 2, [1], b"xx")]),
    "the length of '/a/b' does not match its shape":
        seal([A, dataset(b"/a/b", 1, 4, [3], b"1234")]),
    "a dataset has too many axes": MAGIC + struct.pack("<IIIII", 2, 2, 1, 4, 9),
    "a dataset has too many elements":
        seal([dataset(b"/b", 1, 1, [1 << 20, 1 << 20], b"")]),
    "'/b' has fewer strings than elements": seal([dataset(b"/b", 4, 0, [9], b"")]),
    "a string of '/b' is cut off":
        seal([dataset(b"/b", 4, 0, [1], struct.pack("<I", 8) + b"abc")]),
    "a string of '/b' has a byte 0": seal([dataset(b"/b", 4, 0, [1], text(b"a\0b"))]),
    "the strings of '/b' do not fill": seal([dataset(b"/b", 4, 0, [1], text(b"a", b""))]),
}


def check_broken():
    wrong = 0
    for words, data in BROKEN.items():
        done = run("sf-h5pack", data)
        said = done.stderr.decode(errors="replace")
        if done.returncode != 1 or words not in said or done.stdout:
            wrong += 1
            print("%s: exit %d: %s" % (words, done.returncode, said))
    return wrong


def check_damage(whole, count):
    """Bytes and lengths changed below a right end: made or refused."""
    rng, wrong, made = random.Random(3), 0, 0
    for i in range(count):
        data = bytearray(whole[:-8])
        for _ in range(rng.choice([1, 1, 2, 8])):
            data[rng.randrange(12, len(data))] = rng.choice([0, 1, 3, 255,
                                                             rng.randrange(256)])
        if i % 8 == 0:
            del data[rng.randrange(len(data)):]
        done = run("sf-h5pack", bytes(data) + struct.pack("<Q", fnv(data)))
        made += done.returncode == 0
        if done.returncode not in (0, 1) or (done.returncode and done.stdout):
            wrong += 1
            print("damage %d: exit %d: %s" % (i, done.returncode,
                                              done.stderr.decode(errors="replace")))
    print("%d damaged streams: some made: %s" % (count, made > 0))
    return wrong


def main(work, files):
    os.makedirs(work, exist_ok=True)
    path, wrong = os.path.join(work, "again.h5"), check_broken()
    for name in files:
        whole = run("sf-h5dump", arguments=[name]).stdout
        made = run("sf-h5pack", whole)
        with open(path, "wb") as out:
            out.write(made.stdout)
        same = run("sf-h5dump", arguments=[path]).stdout == whole
        same &= run("sf-h5pack", whole).stdout == made.stdout
        if made.returncode or not whole or not same:
            wrong += 1
            print("%s differs: %s" % (name, made.stderr.decode(errors="replace")))
    wrong += check_damage(whole, 60)
    print("%d broken streams, %d files, %d wrong" % (len(BROKEN), len(files), wrong))
    return wrong != 0


sys.exit(main(sys.argv[1], sys.argv[2:]))
