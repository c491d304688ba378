"""Damages copies of a compiled folder and prints what sf-loihi2-sim says.

usage: damage.py DIR WORK_FOLDER
"""
import os
import shutil
import subprocess
import sys

import numpy as np

good, work = sys.argv[1:]
CONFIG, TABLES = "loihi2/config.xml", "loihi2/tables.bin"


def run(title, arguments):
    done = subprocess.run(["sf-loihi2-sim"] + arguments, capture_output=True, text=True)
    first = (done.stderr.splitlines() or [""])[0]
    message = first.split("error: ", 1)[-1]
    print(f"{title}: {done.returncode}: {message}")


def damaged(title, path, change):
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(good, work)
    with open(f"{work}/{path}", "rb") as file:
        before = file.read()
    after = change(before)
    assert after != before, title
    with open(f"{work}/{path}", "wb") as file:
        file.write(after)
    run(title, [work, "--check"])


def replaced(title, old, new):
    damaged(title, CONFIG, lambda text: text.replace(old, new, 1))


replaced("threshold", b'vth="80"', b'vth="81"')
replaced("axon target", b'core="1" axon="0"', b'core="1" axon="1"')
replaced("route", b'toCore="1"', b'toCore="0"')
replaced("lag", b'lag="2"', b'lag="3"')
replaced("attribute", b'vth="80"', b'vht="80"')
replaced("entity", b"<loihi2Config", b'<!DOCTYPE x [<!ENTITY e "1">]>\n<loihi2Config')
replaced("syntax", b"</board>", b"")
damaged("weight", TABLES, lambda data: data[:7] + b"\x09" + data[8:])
damaged("short tables", TABLES, lambda data: data[:-1])
os.remove(f"{work}/{TABLES}")
run("no tables", [work, "--check"])
run("no folder", [f"{work}/nowhere", "--check"])
run("no arguments", [])
for title, name, array in [
        ("unknown input", "y", np.zeros((1, 2, 3), np.uint8)),
        ("wrong shape", "x", np.zeros((1, 2, 4), np.uint8)),
        ("wrong type", "x", np.zeros((1, 2, 3), np.float32)),
        ("not a spike", "x", np.array([[[0, 1, 0], [0, 1, 2]]], np.int32))]:
    np.save(f"{work}/input.npy", array)
    run(title, [good, "--input", f"{name}={work}/input.npy"])
run("bad option", [good, "--fast"])
run("no length", [good])
