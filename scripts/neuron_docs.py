#!/usr/bin/env python3
"""Prints docs/neurons.md: every neuron function of the library, from its text in
ir/library/ and the comment above it. A comment says what the function computes; its line
`Source:` says where that comes from."""
import os
import re
import sys

HEAD = """# Neurons

Generated from `ir/library` by `scripts/docs.sh`. `sfc neurons NAME` prints a function's text; a module that uses one gets a
copy. Params without a value must be given. States start at the value shown. In formulas a state on the right is
its value before the step. "conversion N" is a section of the numerical reference; `test/oracle/neuron_models.py` evaluates its
equations and holds the functions to them."""
NEURON = re.compile(
    r"(?P<comment>(?://[^\n]*\n)*)neuron @(?P<name>\w+)\((?P<inputs>.*?)\) -> "
    r"(?P<results>.*?) \{\n(?P<body>.*?)\n\}\n", re.S)


def words(comment):
    lines = [line[2:].strip() for line in comment.splitlines()]
    source = [line for line in lines if line.startswith("Source: ")]
    text = " ".join(line for line in lines if not line.startswith("Source: "))
    return text.replace("|", "\\|"), " ".join(s[8:] for s in source)


def params(body):
    out = []
    for name, kind, limits, value in re.findall(
            r"param %(\w+): (\w+)(?: in (\[.*?\]))?(?: = (\S+))?", body):
        out.append("`%s%s`%s" % (name, " = " + value if value else "",
                                 " " + limits if limits else ""))
    return ", ".join(out)


def states(body):
    return ", ".join("`%s = %s`" % (name, value.replace("%", ""))
                     for name, value in re.findall(
                         r"state %(\w+): \w+ = (\S+)", body))


def family(path):
    text = open(path).read()
    head = re.match(r"((?://.*\n)+)module", text).group(1)
    print("\n## %s\n\n%s\n" % (os.path.basename(path)[:-3], words(head)[0]))
    print("| neuron | takes, sends | computes | states | params | source |")
    print("|---|---|---|---|---|---|")
    for n in NEURON.finditer(text):
        computes, source = words(n["comment"])
        print("| `%s` | %s -> %s | %s | %s | %s | %s |" % (
            n["name"], ", ".join(re.findall(r": (\w+)", n["inputs"])),
            n["results"].strip("()"), computes, states(n["body"]),
            params(n["body"]), source))


def main():
    folder = sys.argv[1]
    rows = open(os.path.join(folder, "families.def")).read()
    print(HEAD)
    for name in re.findall(r"(?m)^SF_FAMILY\((\w+)\)", rows):
        family(os.path.join(folder, name + ".sf"))


if __name__ == "__main__":
    main()
