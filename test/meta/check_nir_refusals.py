"""Every refusal of the NIR reader is provoked by a broken file.

usage: check_nir_refusals.py SOURCE_DIR      (sfc in PATH)

All messages of sf_nir_refuse, and of sf_error with an id of input, in frontend/nir are
read from the source; the files of test/data/malformed/nir are imported, and each message
must appear. Messages of the writer are not the reader's; those that no file can
provoke are listed in UNREACHABLE with the reason."""
import glob
import json
import os
import re
import subprocess
import sys

STRING = r'"(?:[^"\\]|\\.)*"'
# Part of the message: why no small file provokes it.
UNREACHABLE = {
    "the graph has more than": "sf-h5dump passes on 65,536 objects, two a node: only "
                               "terminals that are put in for 22,000 nodes reach it",
    "'%s' has 2^31 elements or more": "sf-h5dump passes on at most 2^30 bytes",
    "it has 2^31 channels": "groups divide the outputs, so that the weights would have "
                            "as many elements",
}


def calls(text, name):
    """The text between the brackets of each call."""
    for match in re.finditer(r"\b%s\(" % name, text):
        depth, at, quoted = 1, match.end(), False
        while depth:
            c = text[at]
            if c == '"' and text[at - 1] != "\\":
                quoted = not quoted
            if not quoted:
                depth += (c == "(") - (c == ")")
            at += 1
        yield text[match.end():at - 1]


def literals(call):
    """Adjacent literals joined; one a parameter of the call."""
    for run in re.findall(r"%s(?:\s*%s)*" % (STRING, STRING), call):
        yield "".join(s[1:-1] for s in re.findall(STRING, run))


def messages(root):
    for path in sorted(glob.glob(os.path.join(root, "frontend/nir/*.c"))):
        base = os.path.basename(path)
        if base.startswith("nir_write") or base == "nir_report.c":
            continue
        with open(path) as file:
            text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
        for call in calls(text, "sf_nir_refuse"):
            yield base, list(literals(call))[-1]
        for call in calls(text, "sf_error"):
            if "SF_DIAG_" in call and "OOM" not in call:
                yield base, max(literals(call), key=len)


def pattern(message):
    parts = re.split(r"%[-.0-9]*(?:ll|z)?[a-z]", message.replace('\\"', '"'))
    return ".*".join(re.escape(p.replace("%%", "%")) for p in parts)


def said(root):
    folder = os.path.join(root, "test/data/malformed/nir")
    with open(os.path.join(folder, "expected.json")) as file:
        expected = json.load(file)
    text = []
    for name, case in sorted(expected.items()):
        done = subprocess.run(["sfc", "import", os.path.join(folder, name + ".nir"),
                               "-o", os.devnull] + case["options"],
                              capture_output=True, text=True)
        text.append(done.stderr)
    return "\n".join(text)


def main(root):
    text, missing, count = said(root), 0, 0
    for base, message in messages(root):
        count += 1
        if re.search(pattern(message), text) or any(p in message for p in UNREACHABLE):
            continue
        missing += 1
        print("%s: no broken file provokes: %s" % (base, message))
    if count < 40:
        sys.exit("fewer messages than expected: the source is read wrongly")
    print("%d refusals, %d without a broken file" % (count, missing))
    sys.exit(missing != 0)


main(sys.argv[1])
