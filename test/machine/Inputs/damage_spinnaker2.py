"""Builds a SpiNNaker2 folder by hand, checks it, damages it: WORK ROUNDS

Four PEs on three chips of the 48-chip board: a sends to itself, b and c; b and c
send to d. No compiler has a part in it.
"""
import json
import os
import shutil
import struct
import sys

from artefact import changed, check, expect, finish, never_crashes, seal, with_faults

root = sys.argv[1]
good, work = os.path.join(root, "good"), os.path.join(root, "work")
shutil.rmtree(root, ignore_errors=True)

CORES = {"a": (0, 0, 0, 0), "b": (8, 3, 1, 147), "c": (19, 1, 3, 2), "d": (0, 0, 0, 7)}
SENT = {"a": (0, 5), "b": (8, 3), "c": (12, 3), "d": (0x60000000, 2)}
HEARD = {"a": [(0, 5), (0x40000000, 20)], "b": [(0, 5)], "c": [(0, 5)], "d": [(8, 3), (12, 3)]}
A, B, C = (0, 0xFFFFFFF8), (8, 0xFFFFFFFC), (12, 0xFFFFFFFC)
TABLES = {
    (0, 0): [(A, ["ne"], [0]), (B, [], [7]), (C, [], [7])],
    (1, 1): [(A, ["e", "n"], []), (B, ["sw"], []), (C, ["sw"], [])],
    (2, 1): [(A, ["e"], []), (B, ["w"], [])],
    (3, 1): [(A, [], [147]), (B, ["w"], [])],
    (1, 2): [(A, ["n"], []), (C, ["s"], [])],
    (1, 3): [(A, [], [2]), (C, ["s"], [])],
}
VECTOR = {"e": (1, 0), "ne": (1, 1), "n": (0, 1), "w": (-1, 0), "sw": (-1, -1), "s": (0, -1)}


def regions(blocks):
    body = b"".join(struct.pack("<4I", key, count, 0, 0) for key, count in blocks)
    words = struct.unpack(f"<{len(body) // 4}I", body)
    return struct.pack("<10I", 0x32504653, 1, 0, 40, 0, 40, len(blocks), 40,
                       40 + len(body), sum(words) & 0xFFFFFFFF) + body


def image():
    """An ELF of one segment, which is its vector table and its entry."""
    code = struct.pack("<4I", 0x20000, 0x41, 0, 0)
    return (b"\x7fELF\x01\x01\x01" + bytes(9) + struct.pack(
        "<2H5I6H", 2, 40, 1, 1, 52, 0, 0, 52, 32, 1, 40, 0, 0) + struct.pack(
        "<8I", 1, 84, 0, 0, len(code), len(code), 5, 4) + code)


def certificate(tables, switching, more=()):
    """Ranks by repeated relaxation over what the tables do; `more`: channels that
    no route takes."""
    edges, ranks = [], {}
    for name, (_, x, y, p) in CORES.items():
        key = SENT[name][0]
        pending = [((x, y), ("inject", x, y, str(p)))]
        while pending and key < 0x40000000:
            (cx, cy), held = pending.pop()
            entry = next(e for e in tables[cx, cy] if key & e[0][1] == e[0][0])
            for pe in entry[2]:
                edges.append((held, ("eject", cx, cy, str(pe))))
            for link in entry[1]:
                asked = ("link", cx, cy, link)
                edges.append((held, asked))
                dx, dy = VECTOR[link]
                pending.append(((cx + dx, cy + dy), asked))
    for _ in range(len(edges)):
        for held, asked in edges:
            ranks.setdefault(held, 0)
            ranks[asked] = max(ranks.get(asked, 0), ranks[held] + 1)
    for channel in more:
        ranks[channel] = 1000
    rows = [f"{k} {x} {y} {p} {rank}" for (k, x, y, p), rank in sorted(ranks.items())]
    return "\n".join([
        f"spikeformer-certificate 1 switching={switching} endpoints=drain "
        "virtual-channels=1", "machine spin2-48chip", "network main",
        f"channels {len(rows)}", *rows, "end", ""])


def build(folder, tables=TABLES, heard=HEARD, switching="packet-per-branch", more=()):
    """A whole folder; returns its files."""
    def write(name, data):
        with open(os.path.join(folder, name), "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())

    os.makedirs(os.path.join(folder, "spinnaker2"))
    write("spinnaker2/cores.json", json.dumps({"format": 1, "inputs": [], "cores": [
        {"name": n, "chip": chip, "x": x, "y": y, "p": p, "slices": [
            {"box": [[0, SENT[n][1]]],
             "results": [{"value": n, "key": SENT[n][0], "count": SENT[n][1]}]}]}
        for n, (chip, x, y, p) in CORES.items()], "barrier": 4, "off": [
        {"x": 0, "y": 0, "columns": 1, "rows": 1, "p": 1, "count": 6},
        {"x": 4, "y": 1, "columns": 4, "rows": 7, "p": 0, "count": 148}]}))
    write("spinnaker2/routing.json", json.dumps({"format": 1, "chips": [
        {"x": x, "y": y, "entries": [
            {"key": key, "mask": mask, "links": links, "cores": cores}
            for (key, mask), links, cores in entries]}
        for (x, y), entries in tables.items()]}))
    for name in CORES:
        write(f"spinnaker2/{name}.regions.bin", regions(heard[name]))
        write(f"spinnaker2/{name}.elf", image())
    write("certificate.txt", certificate(tables, switching, more))
    files = ["certificate.txt"] + ["spinnaker2/" + f for f in sorted(
        os.listdir(os.path.join(folder, "spinnaker2")))]
    write("manifest.json", json.dumps({
        "format": 1, "target": "spinnaker2", "machine": "spin2-48chip",
        "files": [{"path": f, "bytes": 0, "sha256": ""} for f in files]}))
    seal(folder)
    return files


files = build(good)
ROUTING = "spinnaker2/routing.json"
expect("by hand", check(good), 0, "13 keys reach every PE", "no deadlock")


def edit(change):
    def run(data):
        tree = json.loads(data)
        change({(c["x"], c["y"]): c["entries"] for c in tree["chips"]})
        return json.dumps(tree).encode()
    return run


cases = [
    ("a PE left out", lambda t: t[1, 3][0]["cores"].clear(), "does not come to core @c"),
    ("another PE", lambda t: t[1, 3][0]["cores"].__setitem__(0, 5), "has no rank"),
    ("a wrong link", lambda t: t[1, 1][0]["links"].__setitem__(0, "sw"), "key 0x00000000"),
    ("a link left out", lambda t: t[1, 1][0]["links"].pop(), "does not come to core @c"),
    ("off the board", lambda t: t[0, 0][0]["links"].append("w"), "channel 'link 0 0 w'"),
    ("no entry", lambda t: t[2, 1].pop(0), "meets no entry on chip (2, 1)"),
    ("mask too narrow", lambda t: t[1, 2][0].__setitem__("mask", 0xFFFFFFFF), "key 0x00000001"),
    ("mask too wide", lambda t: t[0, 0][0].__setitem__("mask", 0xFFFFFFF0), "key 0x00000008"),
    ("key outside the mask", lambda t: t[0, 0][0].__setitem__("key", 1), "bits outside its mask"),
    ("order of matching", lambda t: t[1, 1].insert(0, dict(t[1, 1][1], mask=0, key=0)),
     "key 0x00000000 of core @a"),
    ("twice", lambda t: t[0, 0][0]["cores"].append(0), "comes twice to core @a"),
    ("too many entries", lambda t: t[0, 0].extend([t[0, 0][0]] * 16384),
     "chip (0, 0) has 16387 entries, its table holds 16384"),
]
for title, change, words in cases:
    expect(title, changed(good, work, ROUTING, edit(change)), 4, words)

def gate(**numbers):
    def run(data):
        tree = json.loads(data)
        tree["off"][0].update(numbers)
        return json.dumps(tree).encode()
    return run


for title, change, words in [
        ("a PE off", gate(count=7), "core @d is switched off, but holds neurons"),
        ("a copy to it", gate(p=0), "entry 0 sends to PE 0, which is switched off"),
        ("a gate outside", gate(count=148), "a gate reaches outside"),
        ("no gate", lambda d: d.replace(b'"count": 6', b'"count": "6"'), "a gate needs"),
        ("barrier", lambda d: d.replace(b'"barrier": 4', b'"barrier": 5'), "waits for 5 cores")]:
    code = 1 if title == "no gate" else 4
    expect(title, changed(good, work, "spinnaker2/cores.json", change), code, words)

# The same folder on a board with a link that is dead the other way, or without a chip.
for title, faults, words in [
        ("a dead link", '<dead chip="7" link="w"/>', "takes the dead link 'e' of chip (1, 1), towards chip (2, 1)"),
        ("a dead chip", '<dead chip="7"/>', "takes the dead link 'e' of chip (1, 1)")]:
    change = with_faults(root, "spin2-48chip", faults)
    expect(title, changed(good, work, "manifest.json", change), 4, words)
# Over the edge of the board, by a channel that has a rank.
edge = os.path.join(root, "edge")
tables = {chip: list(entries) for chip, entries in TABLES.items()}
build(edge, more=[("link", 0, 0, "w")])
expect("a channel more", check(edge), 0)
expect("off the board, with a rank",
       changed(edge, work, ROUTING, edit(lambda t: t[0, 0][0]["links"].append("w"))), 4,
       "leaves the machine by 'w' of chip (0, 0), towards chip (-1, 0)")

# Branches that wait for each other: one tree may branch, a second may not where
# the first does. The same tables hold when each branch moves on by itself.
worm, second = os.path.join(root, "worm"), os.path.join(root, "second")
build(worm, switching="wormhole")
expect("one tree of wormholes", check(worm), 0, "no deadlock")
tables[0, 0] = [TABLES[0, 0][0], (B, [], [0, 7]), TABLES[0, 0][2]]
heard = dict(HEARD, a=HEARD["a"] + [(8, 3)])
build(second, tables=tables, heard=heard)
expect("two trees, packet by packet", check(second), 0, "no deadlock")
packet, wormhole = b"switching=packet-per-branch", b"switching=wormhole"
expect("two trees of wormholes",
       changed(second, work, "certificate.txt", lambda d: d.replace(packet, wormhole)), 4,
       "routing.json: error: the trees of cores @a and @b branch over ranks")

same = lambda d: d.replace(b'"key": 8', b'"key": 4')
expect("keys of two cores that overlap", changed(good, work, "spinnaker2/cores.json", same), 4,
       "core @b")

swap = lambda d: d.replace(b'"p": 147', b'"p": 148')
expect("an unusable PE", changed(good, work, "spinnaker2/cores.json", swap), 4, "no usable PE 148")
key = lambda d: d[:40] + struct.pack("<I", 64) + d[44:]
expect("a key that nobody sends", changed(good, work, "spinnaker2/b.regions.bin", key), 4,
       "checksum", "which nobody sends")
circle = lambda d: d.replace(b"link 1 1 e 2", b"link 1 1 e 1")
expect("a rank", changed(good, work, "certificate.txt", circle), 4, "does not rise")
expect("no certificate rows", changed(good, work, "certificate.txt", lambda d: d[:200]), 4)
expect("routing cut", changed(good, work, ROUTING, lambda d: d[:300]), 1, "routing.json")
expect("regions cut", changed(good, work, "spinnaker2/a.regions.bin", lambda d: d[:20]), 1,
       "a.regions.bin")

put = lambda at, *words: lambda d: d[:at] + struct.pack(f"<{len(words)}I", *words) + d[
    at + 4 * len(words):]
for title, change, words in [
        ("an image of 40 bytes", lambda d: d[:40], "is shorter than the header"),
        ("no ELF", lambda d: b"x" + d, "is no ELF"),
        ("another class", lambda d: d[:4] + b"\x02" + d[5:], "is no 32-bit"),
        ("no segments", put(44, 40 << 16), "has no program headers"),
        ("headers outside", put(28, 1000), "has program headers outside"),
        ("sections outside", lambda d: put(32, 1000)(d[:48] + b"\x01" + d[49:]),
         "has section headers outside"),
        ("a segment outside", put(56, 90), "has a segment outside the file"),
        ("a segment beyond memory", put(60, 0xFFFFFFF8), "has a segment outside the memory"),
        ("an entry outside", put(24, 0x11), "has its entry in no segment")]:
    expect(title, changed(good, work, "spinnaker2/b.elf", change), 4,
           "spinnaker2/b.elf: error: the image " + words)

never_crashes(good, work, [f for f in files], int(sys.argv[2]), 11)
finish("all damage found")
