"""Sizes and words of the sources that git tracks.

usage: check_style.py SOURCE_DIR [FILE...]

Without git (a source package) every file of the tree is looked at.
"""
import os
import re
import subprocess
import sys

FILE_LINES = 700
FUNCTION_LINES = 100
COLUMNS = 100
C_LIKE = (".c", ".h", ".def")
TEXT = C_LIKE + (".py", ".sh", ".md", ".txt", ".cmake", ".test", ".sf", ".xml", ".rng",
                 ".json", ".in", ".map", ".ld", ".cpp")
# Split so that this file does not find itself.
UNFINISHED = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" * 3]) + r")\b")
LOCAL_PATH = re.compile("(?<![\\w.%}$)])/(" + "|".join(["work", "root", "home", "tmp"])
                        + r")/[\w.]")
# Folders of tests' damaged inputs and of other people's files, as they are.
LEFT_ALONE = ("test/data/", "test/fuzz/corpus/")


def tracked(root):
    done = subprocess.run(["git", "-C", root, "ls-files"], capture_output=True, text=True)
    if done.returncode == 0 and done.stdout:
        return done.stdout.splitlines()
    return [os.path.relpath(os.path.join(folder, name), root)
            for folder, _, names in os.walk(root) for name in names]


def without_text(source):
    """The code with comments, strings and characters blanked, lines kept."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
    return pattern.sub(lambda m: "\n" * m.group().count("\n") or " ", source)


def long_functions(source):
    """(first line, name, lines) of each function body that is too long."""
    code = without_text(source)
    # Only one side of #if/#else keeps the braces balanced.
    code = re.sub(r"(?ms)^#\s*else.*?^#\s*endif", lambda m: "\n" * m.group().count("\n"), code)
    code = re.sub(r"(?m)^[ \t]*#(?:[^\n]*\\\n)*[^\n]*",
                  lambda m: "\n" * m.group().count("\n"), code)
    depth, start, head = 0, 0, 0
    for at, character in enumerate(code):
        if character == "{":
            if depth == 0:
                start = at
            depth += 1
        elif character == "}":
            depth = max(depth - 1, 0)
            if depth == 0:
                match = re.search(r"(\w+)\s*\([^{};]*\)\s*$", code[head:start])
                lines = code.count("\n", start, at) + 1
                if match and lines > FUNCTION_LINES:
                    yield code.count("\n", 0, start) + 1, match.group(1), lines
                head = at + 1
        elif character == ";" and depth == 0:
            head = at + 1


def check_lines(path, lines):
    for number, line in enumerate(lines, 1):
        if UNFINISHED.search(line):
            yield f"{path}:{number}: unfinished: {line.strip()[:60]}"
        # A template of mkstemp names no machine's file.
        if LOCAL_PATH.search(line) and "XXXXXX" not in line:
            yield f"{path}:{number}: a path of one machine: {line.strip()[:60]}"
        if path.endswith((".c", ".h")) and len(line) > COLUMNS:
            yield f"{path}:{number}: {len(line)} columns"
        if line != line.rstrip() and path.endswith(C_LIKE):
            yield f"{path}:{number}: spaces at the end"


def check(root, path):
    if path.startswith(LEFT_ALONE) or not (path.endswith(TEXT) or path == ".ci/run"):
        return
    with open(os.path.join(root, path), encoding="utf-8") as file:
        source = file.read()
    lines = source.splitlines()
    yield from check_lines(path, lines)
    if path.endswith(C_LIKE + (".py", ".sh")) and len(lines) > FILE_LINES:
        yield f"{path}: {len(lines)} lines"
    if path.endswith((".c", ".h")):
        for number, name, length in long_functions(source):
            yield f"{path}:{number}: function {name} has {length} lines"


def main():
    root = sys.argv[1]
    paths = sys.argv[2:] or tracked(root)
    faults = [f for p in paths if os.path.isfile(os.path.join(root, p)) for f in check(root, p)]
    for fault in faults:
        print(fault)
    sys.exit(bool(faults))


main()
