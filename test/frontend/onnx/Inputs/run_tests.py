"""Runs ONNX tests through sfc, on the interpreter and as CPU code.

usage: run_tests.py [options] ROOT     folders with model.onnx and test_data_set_0 below ROOT

  --tiers FILE     run what it lists and sum up by its tiers, not everything below ROOT
  --only TIER      of these tiers (may be repeated)
  --bind WHICH     first: the first input that is data is the stream, others are constants
                   none: all are streams; all: every input is a constant
  --or-constants TIER  in this tier, a test passes too when it does with every input a
                   constant (may be repeated)
  --refused FILE   tests that are refused, and why: "NAME<TAB>part of the message"; each must
                   be refused so, and no other
  --write FILE     write what is refused, in that form
  --light          run ROOT/light_*.onnx on (0, 1, 2, ..)/n
  --no-cpu         on the interpreter only
  --isa LEVEL      of the CPU code: one level is compiled faster than all
  --at-least N     without a list: anything may be refused, but N tests must pass
  --timeout S      of one command (default 60)
  --quiet          print no line for a test that passes

One line a test, then a summary. Exit status 1: a test failed, a refusal is not as listed, or
nothing ran. rtol 1e-3, atol 1e-7, as the official runner has it. A refusal is an error with
exit code 1 or 3 that names what it is about; everything else is a failure.
"""
import argparse
import collections
import glob
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np

import protobuf

RTOL, ATOL = 1e-3, 1e-7
BFLOAT16_RTOL = 2 ** -7  # its spacing: old test data were truncated, not rounded
PASS, REFUSED, FAIL = "pass", "refused", "FAIL"


class Test:
    def __init__(self, name, tier, model, folder=None):
        self.name, self.tier, self.model, self.folder = name, tier, model, folder

    def read(self, kind, index):
        with open(os.path.join(self.folder, f"{kind}_{index}.pb"), "rb") as file:
            return file.read()


class Outcome(Exception):
    def __init__(self, status, note=""):
        super().__init__(status, note)
        self.status, self.note = status, note


def first_error(text):
    """The first error line, without file and place; the id stays."""
    match = re.search(r"error: (.*)", text)
    return match.group(1).strip() if match else text.strip()[-200:]


def sfc(words, options):
    try:
        done = subprocess.run(["sfc", *words], capture_output=True, text=True, errors="replace",
                              timeout=options.timeout)
    except subprocess.TimeoutExpired:
        raise Outcome(FAIL, f"no answer after {options.timeout} s: sfc {' '.join(words)}")
    if done.returncode < 0:
        raise Outcome(FAIL, f"signal {-done.returncode}: {done.stderr[-300:]}")
    return done


REFUSALS = ("[import]", "[blob]", "[target-cannot]", "[unproved]", "[input-shape]")


def refuse_or_fail(done, what=""):
    """Exit codes 1 (the model) and 3 (the target) are refusals when something is said."""
    error = first_error(done.stderr)
    if done.returncode in (1, 3) and error.endswith(REFUSALS):
        raise Outcome(REFUSED, what + error)
    raise Outcome(FAIL, f"exit code {done.returncode}: {done.stderr[-300:]}")


def stream_file(folder, index, values):
    path = os.path.join(folder, f"in{index}.npy")
    np.save(path, values)
    return path


def light_data(model, path):
    """The official runner's input of a model that comes without: (0, 1, 2, ..)/n."""
    shape = model.shape(model.inputs[0])
    count = int(np.prod(shape))
    values = (np.arange(count, dtype=np.float64) / count).astype(np.float32).reshape(shape)
    with open(path.replace(".onnx", "_output_0.pb"), "rb") as file:
        return [values], [protobuf.Tensor(file.read())]


INT64, BOOL = 7, 9


def choose_streams(model, bind):
    """Indices of the inputs that are streams. int64 are shapes, axes and counts, not data, and
    bool are conditions where there is something else."""
    every = range(len(model.inputs))
    if bind != "first":
        return list(every) if bind == "none" else []
    others = [i for i in every if model.dtype(model.inputs[i]) != INT64]
    data = [i for i in others if model.dtype(model.inputs[i]) != BOOL]
    return (data or others)[:1]


def prepare(test, bind, options, work):
    """Writes the bound model and its input; (model file, words for sfc, expected)."""
    with open(test.model, "rb") as file:
        model = protobuf.Model(file.read())
    named = model.inputs + model.outputs
    if not all(model.is_tensor(name) for name in named):
        refuse_or_fail(sfc(["import", test.model, "-o", os.path.join(work, "x.sf")], options))
    if not test.folder:
        values, expected = light_data(model, test.model)
        return test.model, ["--input", stream_file(work, 0, values[0])], expected
    streams = choose_streams(model, bind)
    path = os.path.join(work, "model.onnx")
    constants = {name: test.read("input", i)
                 for i, name in enumerate(model.inputs) if i not in streams}
    with open(path, "wb") as file:
        file.write(model.bound(constants))
    try:
        words = []
        for i in streams:
            data = protobuf.Tensor(test.read("input", i), model.dtype(model.inputs[i]))
            words += ["--input", stream_file(work, i, data.values)]
        expected = [protobuf.Tensor(test.read("output", i), model.dtype(name))
                    for i, name in enumerate(model.outputs)]
    except protobuf.Unsupported as error:
        refuse_or_fail(sfc(["import", "--batch", "none", path, "-o",
                            os.path.join(work, "x.sf")], options), f"({error}) ")
    return path, words, expected


def compare(index, got, expected):
    want = expected.values
    if got.shape != want.shape:
        raise Outcome(FAIL, f"output {index} has shape {list(got.shape)}, expected "
                            f"{list(want.shape)}")
    if got.dtype.kind == "f":
        got = expected.as_stored(got)
    got, want = got.astype(np.float64), want.astype(np.float64)
    rtol = BFLOAT16_RTOL if expected.dtype == protobuf.BFLOAT16 else RTOL
    close = np.isclose(got, want, rtol=rtol, atol=ATOL, equal_nan=True)
    if not close.all():
        at = tuple(int(i) for i in np.argwhere(~close)[0])
        raise Outcome(FAIL, f"output {index}{list(at)} is {got[at]:.9g}, expected {want[at]:.9g}"
                            f" ({int((~close).sum())} of {close.size} differ)")


def run_on(options, work, path, words, expected, target):
    outputs = [os.path.join(work, f"out{i}.npy") for i in range(len(expected))]
    command = ["run", path, "--no-batch", *words, "--threads", "1"]
    for output in outputs:
        command += ["--output", output]
    done = sfc(command + target, options)
    if done.returncode != 0:
        refuse_or_fail(done, "cpu: " if target else "")
    for i, output in enumerate(outputs):
        compare(i, np.load(output), expected[i])


def run_bound(test, bind, options):
    """(status, note) with inputs bound so. The CPU run compares the two as well."""
    with tempfile.TemporaryDirectory() as work:
        try:
            path, words, expected = prepare(test, bind, options, work)
            run_on(options, work, path, words, expected, [])
            if not options.no_cpu:
                isa = ["--isa", options.isa] if options.isa else []
                run_on(options, work, path, words, expected, ["--target", "cpu", *isa])
        except Outcome as outcome:
            return outcome.status, outcome.note
    return PASS, ""


def run_test(test, options):
    status, note = run_bound(test, options.bind, options)
    if status == REFUSED and test.tier in options.or_constants:
        again, fault = run_bound(test, "all", options)
        if again == PASS:
            return PASS, "as constants; with a stream: " + note
        if again == FAIL:
            return FAIL, "as constants: " + fault
    return status, note


# ---- Which tests, and what is expected of them. ----

def folder_test(root, name, tier):
    folder = os.path.join(root, name)
    return Test(name, tier, os.path.join(folder, "model.onnx"),
                os.path.join(folder, "test_data_set_0"))


def find_tests(options):
    tests = []
    if options.tiers:
        with open(options.tiers) as file:
            rows = [line.rstrip("\n").split("\t") for line in file if not line.startswith("#")]
        for tier, name in rows:
            folder = os.path.join(options.root, name)
            if os.path.isdir(folder):
                tests.append(folder_test(options.root, name, tier))
            elif not os.path.exists(folder):
                sys.exit(f"'{folder}' of {options.tiers} is missing")
    elif options.light:
        for path in sorted(glob.glob(os.path.join(options.root, "light_*.onnx"))):
            tests.append(Test(os.path.basename(path), "light", path))
    else:
        for path in sorted(glob.glob(os.path.join(options.root, "**", "model.onnx"),
                                     recursive=True)):
            name = os.path.relpath(os.path.dirname(path), options.root)
            tests.append(folder_test(options.root, name, os.path.dirname(name) or "all"))
    if options.only:
        tests = [test for test in tests if test.tier in options.only]
    return tests


def read_refused(path):
    if not path:
        return {}
    with open(path) as file:
        rows = [line.rstrip("\n").split("\t") for line in file
                if line.strip() and not line.startswith("#")]
    return dict(rows)


def judge(name, status, note, refused, any_refused):
    """What is wrong with the outcome, or None."""
    if status == FAIL:
        return note
    if any_refused:
        return None
    if status == REFUSED and name not in refused:
        return "is refused and not listed: " + note
    if status == REFUSED and refused[name] not in note:
        return f"is refused for another reason than '{refused[name]}': {note}"
    if status == PASS and name in refused:
        return "passes: take it off the list"
    return None


def parse_arguments():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("root")
    parser.add_argument("--only", action="append")
    parser.add_argument("--or-constants", action="append", default=[])
    parser.add_argument("--bind", choices=["first", "none", "all"], default="first")
    parser.add_argument("--timeout", type=float, default=60)
    parser.add_argument("--at-least", type=int)
    for name in ("tiers", "refused", "write", "isa"):
        parser.add_argument("--" + name)
    for name in ("light", "no-cpu", "quiet"):
        parser.add_argument("--" + name, action="store_true")
    return parser.parse_args()


def main():
    options = parse_arguments()
    tests = find_tests(options)
    refused = read_refused(options.refused)
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda test: run_test(test, options), tests))
    summary = collections.defaultdict(collections.Counter)
    wrong = 0
    for test, (status, note) in zip(tests, outcomes):
        summary[test.tier][status] += 1
        fault = judge(test.name, status, note, refused, options.at_least is not None)
        wrong += fault is not None
        if fault is not None or status != PASS or not options.quiet:
            print(f"{'WRONG' if fault else status}: {test.name}{': ' if fault or note else ''}"
                  f"{fault or note}")
    for name in sorted(set(refused) - {test.name for test in tests}):
        if not options.only:
            wrong += 1
            print(f"WRONG: {name}: is listed and was not run")
    if options.write:
        with open(options.write, "w") as file:
            file.writelines(f"{test.name}\t{note}\n" for test, (status, note)
                            in zip(tests, outcomes) if status == REFUSED)
    for tier, counts in sorted(summary.items()):
        print(f"{tier}: {sum(counts.values())} tests, {counts[PASS]} pass, "
              f"{counts[REFUSED]} refused, {counts[FAIL]} fail")
    print(f"{len(tests)} tests, {wrong} not as expected")
    passed = sum(counts[PASS] for counts in summary.values())
    if passed < (options.at_least or 0):
        sys.exit(f"only {passed} pass, {options.at_least} did before")
    sys.exit(wrong > 0 or not tests)


main()
