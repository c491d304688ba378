"""sf-h5dump against h5py: every group and dataset of every file, both ways.

usage: check_h5dump.py FILE..."""
import struct
import subprocess
import sys

import h5py
import numpy as np

TYPES = {(1, 1): "i1", (1, 2): "<i2", (1, 4): "<i4", (1, 8): "<i8",
         (2, 1): "u1", (2, 2): "<u2", (2, 4): "<u4", (2, 8): "<u8",
         (3, 4): "<f4", (3, 8): "<f8"}


def strings(data, count):
    texts, at = [], 0
    for _ in range(count):
        length, = struct.unpack_from("<I", data, at)
        texts.append(data[at + 4:at + 4 + length])
        at += 4 + length
    assert at == len(data)
    return texts


def parse(stream):
    """{path: None for a group, else (kind, dims, value)}."""
    assert stream[:8] == b"SFH5DUMP" and struct.unpack_from("<I", stream, 8) == (1,)
    items, at = {}, 12
    while True:
        tag, = struct.unpack_from("<I", stream, at)
        if tag == 3:
            count, checksum = struct.unpack_from("<QQ", stream, at + 4)
            value = 0xcbf29ce484222325
            for byte in stream[:at + 12] if len(stream) < 1 << 16 else b"":
                value = (value ^ byte) * 0x100000001b3 & (1 << 64) - 1
            assert len(stream) >= 1 << 16 or value == checksum
            assert count == len(items) and at + 20 == len(stream)
            return items
        length, = struct.unpack_from("<I", stream, at + 4)
        at += 8
        if tag == 1:
            items[stream[at:at + length].decode()] = None
            at += length
            continue
        kind, width, rank = struct.unpack_from("<III", stream, at)
        dims = struct.unpack_from("<%dQ" % rank, stream, at + 12)
        size, = struct.unpack_from("<Q", stream, at + 12 + 8 * rank)
        at += 20 + 8 * rank
        path = stream[at:at + length].decode()
        data = stream[at + length:at + length + size]
        at += length + size
        if kind == 4:
            value = strings(data, int(np.prod(dims, dtype=int)))
        elif kind == 5:
            value = data.decode()
        else:
            value = np.frombuffer(data, TYPES[kind, width]).reshape(dims)
        items[path] = (kind, dims, value)


def same(item, dataset):
    kind, dims, value = item
    want = dataset[()]
    if dims != dataset.shape:
        return False
    if kind == 4:
        return value == [w if isinstance(w, bytes) else w.encode()
                         for w in np.ravel(want).tolist()]
    return kind in (1, 2, 3) and np.array_equal(value, want)


def main():
    wrong = datasets = 0
    for path in sys.argv[1:]:
        done = subprocess.run(["sf-h5dump", path], capture_output=True)
        if done.returncode:
            sys.exit("%s: %s" % (path, done.stderr.decode()))
        items = parse(done.stdout)
        with h5py.File(path, "r") as root:
            names = []
            root.visititems(lambda name, _: names.append(name))
            missing = {"/" + name for name in names} ^ set(items)
            for name in names:
                item, want = items.get("/" + name), root[name]
                if isinstance(want, h5py.Group):
                    good = item is None
                else:
                    datasets += 1
                    good = item is not None and same(item, want)
                if not good:
                    print("%s: %s differs" % (path, name))
                    wrong += 1
        wrong += len(missing)
        for name in missing:
            print("%s: %s is on one side only" % (path, name))
    print("%d files, %d datasets, %d wrong" % (len(sys.argv) - 1, datasets, wrong))
    sys.exit(wrong != 0)


main()
