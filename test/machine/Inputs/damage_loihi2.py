"""Damages a compiled Loihi 2 folder: damage_loihi2.py GOOD WORK"""
import os
import re
import sys

from artefact import changed, check, expect, finish, never_crashes, with_faults

good, work = sys.argv[1:3]
CONFIG = "loihi2/config.xml"


def sub(pattern, text, count=1):
    def change(data):
        return re.sub(pattern, text, data.decode(), count=count).encode()
    return change


expect("as compiled", check(good), 0, "no deadlock")

# One byte anywhere, manifest as it was: the file is named.
for name in [CONFIG, "loihi2/tables.bin", "certificate.txt"]:
    flip = lambda d: d[:len(d) // 2] + bytes([d[len(d) // 2] ^ 1]) + d[len(d) // 2 + 1:]
    expect(name, changed(good, work, name, flip, sealed=False), 4, name, "SHA-256")

# One number, manifest made to fit: the place is named.
cases = [
    ("axon target", r'(<axonOut [^>]*core=")\d+', r'\g<1>99', "which is not there"),
    ("axon number", r'(<axonOut [^>]*axon=")\d+', r'\g<1>700000', "does not exist"),
    ("axon span", r'(<axonIn [^>]*count=")\d+', r'\g<1>3', "core @c0"),
    ("list", r'(<axonIn [^>]*entry=")\d+', r'\g<1>7', "leads to no list"),
    ("path", r'(<route [^>]*path=")[^"]*', r'\g<1>n', "route @c0"),
    ("hops", r'(<route [^>]*hops=")\d+', r'\g<1>9', "route @c0"),
    ("no route", r'<route [^>]*/>', r'', "has no route"),
    ("words", r'(synapseWords=")\d+', r'\g<1>5', "synapse words"),
    ("claim of an entry", r'(<synapseEntry [^>]* words=")\d+', r'\g<1>5', "entry 0"),
    ("weight bits", r'(weightBits=")\d+', r'\g<1>1', "core @c0"),
    ("neurons", r'(<neuronGroup [^>]* count=")\d+', r'\g<1>4000', "core @c0"),
    ("output words", r'(axonMapWords=")\d+', r'\g<1>5', "words of output axons"),
    ("place", r'(<core [^>]*x=")\d+', r'\g<1>6', "core @c0"),
    ("chip", r'(<chip [^>]*x=")\d+', r'\g<1>3', "chip 0"),
    ("a core off", r'(<gate kind="core" x=")\d+', r'\g<1>0', "is switched off, but holds"),
    ("its routers off", r'(<gate kind="router" x=")\d+', r'\g<1>0', "which is switched off"),
    ("the barrier's router off", r'(<gate kind="router" x=")\d+', r'\g<1>1', "barriers of core"),
    ("a bank too many off", r'(<gate kind="bank" [^>]*bank=")\d+', r'\g<1>0', "banks that stay on"),
    ("barrier members", r'(members=")\d+', r'\g<1>7', "barriers wait for 7 cores"),
    ("barrier root", r'(barrierX=")\d+', r'\g<1>64', "which is not there"),
    ("a gate outside", r'(<gate [^>]*columns=")\d+', r'\g<1>90', "reaches outside"),
    ("same core", r'(<core id=")1(" name="[^"]*" x="0" y="0" p=")1', r'\g<1>0\g<2>0', "@c"),
]
for title, pattern, text, words in cases:
    expect(title, changed(good, work, CONFIG, sub(pattern, text)), 4, words)

# The same folder on a chip with faults: a link that is dead the other way, and one
# that no route takes.
dead = lambda x, link: with_faults(work + ".machine", "oheo-gulch",
                                   f'<dead chip="0" x="{x}" y="0" link="{link}"/>')
os.makedirs(work + ".machine", exist_ok=True)
expect("a dead link", changed(good, work, "manifest.json", dead(0, "e")), 4,
       ": takes the dead link ", " of router (")
expect("a dead link elsewhere", changed(good, work, "manifest.json", dead(3, "n")), 0)

certificate = [
    ("rank of an entrance", r'(inject 0 0 0) \d+', r'\1 90', "does not rise"),
    ("rank of an exit", r'(eject 1 0 1) \d+', r'\1 0', "does not rise"),
    ("channel left out", r'eject 1 0 1 \d+\n', '', "certificate.txt"),
    ("other machine", r'machine \S+', 'machine kapoho-point', "it is for machine"),
    ("other discipline", r'virtual-channels=1', 'virtual-channels=2', "first line"),
    ("twice", r'(inject 0 0 0 \d+)\ninject 0 0 1 \d+', r'\1\n\1', "two ranks"),
    ("count", r'channels \d+', 'channels 2147483647', "fewer channels"),
    ("end", r'end\n', '', "'end'"),
]
for title, pattern, text, words in certificate:
    expect(title, changed(good, work, "certificate.txt", sub(pattern, text)), 4, words)

# What is no artefact: 1.
expect("manifest", changed(good, work, "manifest.json", lambda d: d[:100], sealed=False), 1)
expect("not xml", changed(good, work, CONFIG, lambda d: d[:500]), 1, "config.xml")
expect("entities", changed(good, work, CONFIG, sub(
    r'<loihi2Config', '<!DOCTYPE a [<!ENTITY b "c">]><loihi2Config')), 1, "not allowed")

names = [CONFIG, "loihi2/tables.bin", "certificate.txt"]
found = never_crashes(good, work, names, int(sys.argv[3]), 7)
finish(f"all damage found")
