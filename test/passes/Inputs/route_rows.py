"""Routes and tables written by hand, whole and with one thing changed: WORK

Four cores on a square of routers, @a (0, 0), @b (1, 0), @c (1, 1), @d (0, 1); @a and
@c talk to each other over (1, 0) and (0, 1), and so do @b and @d: two hops each. Round
the square all turning the same way is a circle; X, then Y is none. On Loihi 2 as rows
`route` with a path, on SpiNNaker2 as rows `table`. No router has a part in it.
"""
import os
import re
import subprocess
import sys

work = sys.argv[1]
os.makedirs(work, exist_ok=True)
HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(HERE, "..", "route-circle.sf"), encoding="utf-8") as f:
    SQUARE = f.read()
NETWORK, MAPPING = SQUARE[SQUARE.index("module"):].split("  mapping @main", 1)
CIRCLE = MAPPING[MAPPING.index("    route"):MAPPING.index("  }\n}", MAPPING.index("    route"))]
ENDS = {"a": "c", "b": "d", "c": "a", "d": "b"}
KEYS = {"a": 0, "b": 2, "c": 4, "d": 6}
PLACES = {"a": (0, 0), "b": (1, 0), "c": (1, 1), "d": (0, 1)}
CHIPS = {"a": 0, "b": 1, "c": 6, "d": 5}
STEP = {"e": (1, 0), "w": (-1, 0), "n": (0, 1), "s": (0, -1)}
TURNING = {"a": "en", "b": "nw", "c": "ws", "d": "se"}
ORDERED = {"a": "en", "b": "wn", "c": "ws", "d": "es"}
failures = []


def write(name, text):
    path = os.path.join(work, name)
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    return path


def loihi(paths, attributes=""):
    cores = MAPPING[:MAPPING.index("    route")]
    rows = "".join(
        f"    route @r{i} {{from = @{c}, to = [@{ENDS[c]}], path = [{', '.join(paths[c])}]}}\n"
        for i, c in enumerate("abcd"))
    return NETWORK + "  mapping @main" + cores + rows + "  }\n}\n"


def tables(paths):
    """The entries of each chip, by key."""
    entries = {place: [] for place in PLACES.values()}
    for c, path in paths.items():
        at = PLACES[c]
        for hop in path:
            entries[at].append((KEYS[c], [hop], []))
            at = (at[0] + STEP[hop][0], at[1] + STEP[hop][1])
        entries[at].append((KEYS[c], [], [0]))
    return entries


def spinnaker2(paths):
    text = NETWORK + '  mapping @main on "spin2-48chip" {\n'
    for c, (x, y) in PLACES.items():
        text += (f"    core @{c} {{chip = {CHIPS[c]}, x = {x}, y = {y}, p = 0}} {{\n"
                 f"      host %s{c} [0:2]\n    }}\n")
    for i, c in enumerate("abcd"):
        text += (f"    route @r{i} {{from = @{c}, to = [@{ENDS[c]}], key = {KEYS[c]}, "
                 "mask = 4294967294}\n")
    for (x, y), entries in tables(paths).items():
        text += f"    table ({x}, {y}) {{\n"
        for key, links, cores in sorted(entries):
            text += (f"      entry {key} 4294967294 {{links = [{', '.join(links)}], "
                     f"cores = [{', '.join(map(str, cores))}]}}\n")
        text += "    }\n"
    return text + "  }\n}\n"


def machine(name, change, other):
    """The machine's file with a change, under another name."""
    with open(os.path.join(HERE, "../../../machines", name + ".xml"), encoding="utf-8") as f:
        text = f.read()
    new = change(text.replace(f'name="{name}"', f'name="{other}"', 1))
    assert new != text
    return write(other + ".xml", new)


def compile_(text, target, on):
    path = write("rows.sf", text)
    out = os.path.join(work, "out")
    done = subprocess.run(["sfc", "compile", path, "--target", target, "--machine", on,
                           "--passes=", "-o", out], capture_output=True, text=True, timeout=120)
    if done.returncode == 0:
        done = subprocess.run(["sf-check", out, "--machine", on], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stderr + done.stdout


def expect(title, result, code, *words):
    got, text = result
    if got != code or not all(w in text for w in words):
        failures.append(f"{title}: exit {got}, expected {code} with {words}\n{text}")


def changed(text, pattern, replacement):
    new = re.sub(pattern, replacement, text, count=1)
    assert new != text, pattern
    return new


CHAIN = ("may wait for each other in a circle of 4 channels",
         "holds link 0 0 e while it waits for link 1 0 n",
         "holds link 1 0 n while it waits for link 1 1 w",
         "holds link 1 1 w while it waits for link 0 1 s",
         "holds link 0 1 s while it waits for link 0 0 e")

# ---- Loihi 2 ----
good = loihi(ORDERED)
for title, text, words in [
        ("path elsewhere", changed(good, r"path = \[e, n\]", "path = [e]"),
         "this route does not end at its destination"),
        ("unknown direction", changed(good, r"path = \[e, n\]", "path = [e, ne]"),
         "this route has a hop of an unknown direction"),
        ("over the edge", changed(good, r"path = \[e, n\]", "path = [s, e, n, n]"),
         "this route leaves the machine")]:
    expect("Loihi 2, " + title, compile_(text, "loihi2", "oheo-gulch"), 1, words)
expect("Loihi 2", compile_(good, "loihi2", "oheo-gulch"), 0, "4 routes reach their cores")
expect("Loihi 2, circle", compile_(loihi(TURNING), "loihi2", "oheo-gulch"), 1, *CHAIN)
dead = machine("oheo-gulch", lambda t: t.replace(
    "</chips>", '</chips><faults basis="estimate" source="a test">'
    '<dead chip="0" x="1" y="0" link="w"/></faults>'), "oheo-dead")
expect("Loihi 2, a link dead the other way",
       compile_(good.replace("oheo-gulch", "oheo-dead"), "loihi2", dead), 1,
       "this route takes a dead link")

# ---- SpiNNaker2 ----
good = spinnaker2(ORDERED)
board = lambda text: compile_(text, "spinnaker2", "spin2-48chip")
expect("SpiNNaker2", board(good), 0, "8 keys reach every PE", "no deadlock")
expect("SpiNNaker2, circle", board(spinnaker2(TURNING)), 1, *CHAIN)
entry = r"entry 0 4294967294 \{links = \[n\], cores = \[\]\}"  # of chip (1, 0)
for title, text, code, words in [
        ("no entry", changed(good, r"      " + entry + "\n", ""), 1,
         "this route meets a chip without an entry"),
        ("twice on a chip", changed(good, entry, entry.replace("\\", "").replace("[n]", "[n, w]")),
         1, "this route comes to a chip twice"),
        ("over the edge", changed(good, r"(entry 0 4294967294 \{links = \[)e\]", r"\1e, s]"), 1,
         "this route leaves the machine"),
        ("unknown link", changed(good, r"(entry 0 4294967294 \{links = \[)e\]", r"\1up]"), 1,
         "has a link of an unknown direction"),
        ("two tables", changed(good, r"table \(1, 0\)", "table (0, 0)"), 1,
         "this table is the second of its chip"),
        ("no chip", changed(good, r"table \(1, 0\)", "table (7, 0)"), 1,
         "this table is not on the machine"),
        ("another key", changed(good, r"(from = @a.*key = )0", r"\1 8"), 1,
         "this route meets a chip without an entry"),
        ("no key", changed(good, r"(from = @a, to = \[@c\]), key = 0, mask = \d+", r"\1"), 1,
         "this route needs a source and a key")]:
    expect("SpiNNaker2, " + title, board(text), code, words)
dead = machine("spin2-48chip", lambda t: t.replace(
    "</chips>", '</chips><faults basis="estimate" source="a test">'
    '<dead chip="1" link="w"/></faults>'), "spin2-dead")
expect("SpiNNaker2, a link dead the other way",
       compile_(good.replace("spin2-48chip", "spin2-dead"), "spinnaker2", dead), 1,
       "this route takes a dead link")

small = machine("spin2-48chip", lambda t: t.replace(
    "</machine>", '<resources><quantity name="table-entries" value="3" unit="entry" '
    'basis="estimate" source="a test"/></resources></machine>'), "spin2-small")
text = good.replace("spin2-48chip", "spin2-small")
expect("SpiNNaker2, tables as large as the router's", compile_(text, "spinnaker2", small), 0)
other = subprocess.run(["sf-check", os.path.join(work, "out"), "--machine", "spin2-48chip"],
                       capture_output=True, text=True, timeout=120)
expect("another machine", (other.returncode, other.stderr), 4,
       "is for machine 'spin2-small', not for 'spin2-48chip'")
expect("SpiNNaker2, one entry more",
       compile_(changed(text, r"( *entry 0 .*\n)", r"\1\1"), "spinnaker2", small), 1,
       "this table has more entries than the router has room for")

for failure in failures:
    print(failure)
print("all rows as expected" if not failures else f"{len(failures)} failed")
sys.exit(1 if failures else 0)
