"""Broken and hostile ONNX models: onnx_malformed.py [--limits] WORK [NAME..].

Each is imported. The exit code must be 1 and the diagnostic as listed here, or, where "ok" is
listed, the import must succeed; no output file is left behind a refusal. With --limits, two
seconds of processor time and 256 MB of memory are the most that any file may take.
"""
import os
import re
import resource
import subprocess
import sys
import tempfile

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from onnx_writer import (BOOL, INT64, attribute, function, graph, info,  # noqa: E402
                         message, messages, model, node, number, tensor)
from onnx_malformed_case import CASES, case, f32, ints, relu_model, simple  # noqa: E402
import onnx_malformed_external  # noqa: E402, F401 (adds its cases)

SECONDS, KILOBYTES = 2.0, 256 * 1024
HUGE = 1 << 40


# ---- The file itself. ----

@case(r"byte \d+: GraphProto has a field that runs over its end")
def truncated():
    inner = graph([node("Relu", ["x"], ["y"])], [info("x", [1, 4])], [info("y", [1, 4])])
    return number(1, 8) + message(7, inner + b"\x0a\x7f\x01")


@case("the model has no graph")
def no_graph():
    return number(1, 8) + message(8, message(1, "") + number(2, 13))


@case("has a name that is not UTF-8")
def nul_in_name():
    return simple([node("Relu", ["x"], ["y"], name="re\0lu")])


@case("has a name that is not UTF-8")
def broken_utf8():
    return simple([node("Relu", ["x"], ["y"], name="x").replace(b"\x1a\x01x", b"\x1a\x01\xff")])


@case("a name of 5000 bytes in NodeProto; at most 4096")
def long_name():
    return simple([node("Relu", ["x"], ["y"], name="n" * 5000)])


@case("graphs are nested more than 64 deep")
def if_bomb():
    """A condition inside a condition: 28 KB."""
    inner = graph([node("Relu", ["x"], ["t"])], [], [info("t", [1, 4])])
    for _ in range(700):
        inner = graph([node("If", ["c"], ["t"], then_branch=("graph", inner))], [],
                      [info("t", [1])])
    return model(message(1, node("If", ["c"], ["y"], then_branch=("graph", inner))) +
                 message(5, tensor("c", np.array(True))) + message(11, info("x", [1, 4])) +
                 message(12, info("y", [1, 4])))


@case("more than 131072 nodes after unrolling loops and calls")
def if_tree():
    """Each branch has two conditions: 2^40 nodes from a small file, were it not a tree."""
    calls = [function("F0", ["a"], ["b"], [node("Add", ["a", "a"], ["b"])])]
    for i in range(1, 25):
        calls.append(function("F%d" % i, ["a"], ["b"],
                              [node("F%d" % (i - 1), ["a"], ["m"], domain="own"),
                               node("F%d" % (i - 1), ["m"], ["b"], domain="own")]))
    return simple([node("F24", ["x"], ["y"], domain="own")], functions=calls)


@case("the names of the nodes would take more than 33554432 bytes after unrolling")
def long_labels():
    """The names of calls stand before those of what they call."""
    calls = [function("F0", ["a"], ["b"], [node("Identity", ["a"], ["b"], name="n" * 4000)])]
    for i in range(1, 25):
        calls.append(function("F%d" % i, ["a"], ["b"],
                              [node("F%d" % (i - 1), ["a"], ["m"], "c" * 4000, "own"),
                               node("F%d" % (i - 1), ["m"], ["b"], "d" * 4000, "own")]))
    return simple([node("F24", ["x"], ["y"], domain="own")], functions=calls)


# ---- Tensors. ----

def with_weights(**more):
    return simple([node("Add", ["x", "w"], ["y"], name="add")],
                  [tensor("w", f32(4), **more)])


@case("tensor 'w' has 2\\^31 elements or more")
def tensor_huge():
    return with_weights(dims=[HUGE])


@case("tensor 'w' has 2\\^31 elements or more")
def tensor_product():
    return with_weights(dims=[1 << 16, 1 << 16, 1 << 16, 1 << 16])


@case("tensor 'w' has 2\\^31 elements or more")
def tensor_empty_product():
    return with_weights(dims=[0, 1 << 62, 1 << 62, 1 << 62], raw=b"")


@case("tensor 'w' has the extent -4")
def tensor_negative():
    return with_weights(dims=[-4])


@case("tensor 'w'.*expected 16 bytes, found 15")
def tensor_short():
    return with_weights(raw=bytes(15))


@case("tensor 'w' has 40 axes; at most 8")
def tensor_axes():
    return with_weights(dims=[1] * 40)


@case("tensor 'w' has elements of type .* \\(99\\)")
def tensor_type():
    return with_weights(dtype=99)


@case("tensor 'w' has elements of type string")
def tensor_text():
    return with_weights(dtype=8)


@case("tensor 'w', float.*: expected 4 elements, found 0")
def tensor_nothing():
    bare = number(1, 4) + number(2, 1) + message(8, "w")
    return simple([node("Add", ["x", "w"], ["y"])], [bare])


@case("tensor 'w' has elements in a field of another type than float")
def tensor_field():
    wrong = number(1, 4) + number(2, 1) + message(8, "w") + message(7, bytes(4))
    return simple([node("Add", ["x", "w"], ["y"])], [wrong])


# ---- Names. ----

@case("node 'b': error: .*input 'c' is not defined before the node")
def cycle():
    return simple([node("Add", ["x", "c"], ["m"], name="b"),
                   node("Relu", ["m"], ["c"], name="c"), node("Relu", ["c"], ["y"])])


@case("the name 'y' is defined twice")
def duplicate_output():
    return simple([node("Relu", ["x"], ["y"]), node("Neg", ["x"], ["y"])])


@case("the name 'w' is defined twice")
def duplicate_initializer():
    return simple([node("Add", ["x", "w"], ["y"])], [tensor("w", f32(4)), tensor("w", f32(4))])


@case("the name 'x' is defined twice")
def duplicate_input():
    return model(graph([node("Relu", ["x"], ["y"])], [info("x", [1, 4]), info("x", [1, 4])],
                       [info("y", [1, 4])]))


@case("node 'relu': error: .*input 'z' is not defined before the node")
def missing_input():
    return simple([node("Relu", ["z"], ["y"], name="relu")])


@case("the graph does not define its output 'z'")
def missing_output():
    return simple([node("Relu", ["x"], ["y"])], outputs=("z",))


@case("node 'relu': error: .*the input is missing")
def no_inputs():
    return simple([node("Relu", [], ["y"], name="relu")])


@case("node 'conv': error: .*missing")
def absent_input():
    return simple([node("Conv", ["x", "", ""], ["y"], name="conv")], shape=(1, 1, 4, 4))


# Nothing may be read of an input or output that is not there.
def without(op_type, inputs, outputs, **attributes):
    return simple([node(op_type, inputs, outputs, name="it", **attributes),
                   node("Relu", ["x"], ["y"])],
                  [tensor("i", ints(1)), tensor("w", f32(1, 4))])


@case("ok")
def cast_without_output():
    return without("Cast", ["x"], [], to=10)


@case("node 'it': error: .*starts, ends, axes, steps do not agree")
def slice_of_nothing():
    return without("Slice", ["", "i", "i"], ["t"])


@case("node 'it': error: .*an input is missing")
def clip_without_input():
    return simple([node("Clip", [], ["t"], name="it", max=0.5), node("Relu", ["x"], ["y"])],
                  opset=6)


@case("node 'it': error: .*input 2 is the constant NaN")
def choice_of_nan():
    return simple([node("Greater", ["x", "x"], ["c"]),
                   node("Where", ["c", "x", "n"], ["y"], name="it")],
                  [tensor("n", f32(1) * np.float32(np.nan))])


@case("ok")
def pad_without_output():
    return simple([node("Pad", ["x", "p"], [], name="it"), node("Relu", ["x"], ["y"])],
                  [tensor("p", ints(0, 0, 1, 1, 0, 0, 1, 1))], shape=(1, 1, 4, 4))


@case("node 'it': error: .*input 0 is missing")
def shape_without_input():
    return without("Shape", [], ["t"])


# ---- Inputs. ----

@case("input 'x' is not a tensor")
def input_no_type():
    return model(graph([node("Relu", ["x"], ["y"])], [info("x", None)], [info("y", [1])]))


@case("input 'x' has no shape")
def input_no_shape():
    bare = message(1, "x") + message(2, message(1, number(1, 1)))
    return model(graph([node("Relu", ["x"], ["y"])], [bare], [info("y", [1])]))


@case("input 'x' has elements of a type that is not known")
def input_type():
    return simple([node("Relu", ["x"], ["y"])], dtype=77)


@case("input 'x' has too many axes")
def input_axes():
    return simple([node("Relu", ["x"], ["y"])], shape=[1] * 60)


@case("input 'x' has 2\\^31 elements or more")
def input_huge():
    return simple([node("Relu", ["x"], ["y"])], shape=[1, 1 << 20, 1 << 20])


@case("input 'x' has an axis without elements")
def input_negative():
    return simple([node("Relu", ["x"], ["y"])], shape=[1, -3])


# ---- Operators. ----

@case("node 'it': error: own.Magic .*the operator is unknown")
def unknown_operator():
    return simple([node("Magic", ["x"], ["y"], "it", "own")])


@case("node 'it': error: .*attribute 'axis' is of another type than expected")
def attribute_type():
    return simple([node("Softmax", ["x"], ["y"], name="it", axis="one")])


@case("node 'it': error: .*: kernel_shape is missing or 0")
def attribute_list_type():
    return simple([node("MaxPool", ["x"], ["y"], name="it", kernel_shape=[2.0, 2.0])],
                  shape=(1, 1, 4, 4))


@case("node 'it': error: .*the extent 1099511627776")
def constant_of_shape_huge():
    return simple([node("ConstantOfShape", ["n"], ["k"], name="it"),
                   node("Add", ["x", "k"], ["y"])], [tensor("n", ints(HUGE))])


@case(r"node 'it': error: .*a constant of shape \[1048576, 1048576\] is too large")
def constant_of_shape_product():
    return simple([node("ConstantOfShape", ["n"], ["k"], name="it"),
                   node("Add", ["x", "k"], ["y"])], [tensor("n", ints(1 << 20, 1 << 20))])


@case("node 'c': error: .*constants would take more than 134 million operations")
def constant_of_shape_large():
    """Below the limit of one tensor, but its elements would be computed."""
    return simple([node("ConstantOfShape", ["n"], ["k"], name="it"),
                   node("Concat", ["k", "k"], ["c"], axis=0),
                   node("ReduceSum", ["c"], ["s"]), node("Add", ["x", "s"], ["y"])],
                  [tensor("n", ints(1 << 28))])


@case(r"node 'it': error: .*a range of 1\.09951e\+12 elements")
def range_huge():
    return simple([node("Range", ["a", "b", "c"], ["k"], name="it"),
                   node("Add", ["x", "k"], ["y"])],
                  [tensor("a", np.array(0)), tensor("b", np.array(HUGE)),
                   tensor("c", np.array(1))])


@case(r"node 'it': error: .*a range of 1\.07374e\+09 elements")
def range_large():
    return simple([node("Range", ["a", "b", "c"], ["k"], name="it"),
                   node("Add", ["x", "k"], ["y"])],
                  [tensor("a", np.array(0)), tensor("b", np.array(1 << 30)),
                   tensor("c", np.array(1))])


@case("node 'it': error: .*the extent 1099511627776")
def expand_huge():
    return simple([node("Expand", ["w", "n"], ["k"], name="it"),
                   node("Add", ["x", "k"], ["y"])],
                  [tensor("n", ints(HUGE, 1)), tensor("w", f32(1))])


@case(r"node 'it': error: .*the result is too large: \[1099511627776, 1, 4\]")
def expand_stream():
    return simple([node("Expand", ["x", "n"], ["y"], name="it")],
                  [tensor("n", ints(HUGE, 1, 4))])


@case("node 'c28': error: .*too large")
def concat_grows():
    nodes = [node("Concat", ["x", "x"], ["c0"], axis=1)]
    for i in range(1, 70):
        nodes.append(node("Concat", ["c%d" % (i - 1)] * 2, ["c%d" % i], axis=1,
                          name="it" if i == 29 else ""))
    return simple(nodes, outputs=("c69",))


@case(r"node 'it': error: .*the result is too large: \[1, 1, 4294967297, 4294967297\]")
def pads_huge():
    return simple([node("MaxPool", ["x"], ["y"], name="it", kernel_shape=[2, 2],
                        pads=[0x7fffffff] * 4)], shape=(1, 1, 4, 4))


@case("ok")
def dilation_huge():
    return simple([node("Conv", ["x", "w"], ["y"], name="it", auto_pad="SAME_UPPER",
                        dilations=[0x7fffffff] * 2)], [tensor("w", f32(1, 1, 3, 3))],
                  shape=(1, 1, 4, 4))


@case("node 'it': error: .*'strides' has the number 0")
def stride_zero():
    return simple([node("Conv", ["x", "w"], ["y"], name="it", strides=[0, 0])],
                  [tensor("w", f32(1, 1, 3, 3))], shape=(1, 1, 4, 4))


@case("node 'it': error: .*the weights do not fit the input in 0 groups")
def group_zero():
    return simple([node("Conv", ["x", "w"], ["y"], name="it", group=0)],
                  [tensor("w", f32(1, 1, 3, 3))], shape=(1, 1, 4, 4))


@case("node 'it': error: .*a batch of 268435456 samples; at most 4096")
def batch_huge():
    """Samples are taken one by one."""
    return simple([node("Conv", ["x", "w"], ["y"], name="it")], [tensor("w", f32(1, 1, 1, 1))],
                  shape=(1 << 28, 1, 1, 1))


@case("ok")
def slices_far():
    """Steps multiply from view to view."""
    nodes = [node("Slice", ["w", "z", "e", "z", "s"], ["v0"])]
    for i in range(1, 6):
        nodes.append(node("Slice", ["v%d" % (i - 1), "z", "e", "z", "s"], ["v%d" % i]))
    return simple(nodes + [node("Add", ["x", "v5"], ["y"])],
                  [tensor("w", f32(4)), tensor("z", ints(0)), tensor("e", ints(1 << 40)),
                   tensor("s", ints((1 << 62) + 1))])


@case("node 'it': error: .*the shape has the extent 2147483648")
def reshape_overflow():
    return simple([node("Reshape", ["x", "n"], ["y"], name="it")],
                  [tensor("n", ints(1 << 31, 1 << 31, 1 << 31, -1))])


@case("node 'it': error: .*the shape has 1048576 axes")
def long_list():
    """A list of axes that takes no room in the file, read in every iteration."""
    body = graph([node("Reshape", ["s", "k"], ["t"], name="it"),
                  node("Identity", ["c"], ["d"])],
                 [info("i", [], INT64), info("c", [], BOOL), info("s", [1, 4])],
                 [info("d", [], BOOL), info("s", [1, 4])])
    return simple([node("ConstantOfShape", ["m"], ["k"], value=("tensor", tensor("", ints(1)))),
                   node("Loop", ["n", "", "x"], ["y"], body=("graph", body))],
                  [tensor("n", np.array(4096)), tensor("m", ints(1 << 20))])


@case(r"Shape \(opset 13\) on -: input 0 is missing")
def shape_of_nothing():
    return simple([node("Shape", [""], ["s"], name="shape"), node("Expand", ["x", "s"], ["y"])])


@case(r"Size \(opset 13\) on -: input 0 is missing")
def size_of_nothing():
    return simple([node("Size", [""], ["s"], name="size"), node("Expand", ["x", "s"], ["y"])])


def attention(*inputs, **shapes):
    """Q, K and V of one head with three tokens of width 4, and what follows them."""
    own = dict(q=[1, 1, 3, 4], k=[1, 1, 3, 4], v=[1, 1, 3, 4], **shapes)
    return model(graph([node("Attention", [*"qkv", *inputs], ["y"], "it")],
                       [info(name, shape) for name, shape in own.items()],
                       [info("y", [1, 1, 3, 4])]), opset=23)


@case("node 'it': error: .*the mask does not fit the scores")
def attention_mask():
    """Broadcasting goes from the mask to the scores only."""
    return attention("m", m=[1, 1, 3, 7])


@case("node 'it': error: .*the mask does not fit the scores")
def attention_mask_tokens():
    return attention("m", m=[2, 1, 3, 3])


@case("node 'it': error: .*input 4 does not fit")
def attention_past_width():
    return attention("", "k0", "v0", k0=[1, 1, 2, 5], v0=[1, 1, 2, 4])


@case("node 'it': error: .*former keys and values do not agree")
def attention_past_tokens():
    return attention("", "k0", "v0", k0=[1, 1, 2, 4], v0=[1, 1, 5, 4])


@case("node 'it': error: .*broadcasting from axis 9223372036854775807 on")
def add_axis():
    return simple([node("Add", ["x", "w"], ["y"], name="it", broadcast=1, axis=(1 << 63) - 1)],
                  [tensor("w", f32(4))], opset=6)


@case("ok")
def samples_unrolled():
    """Each sample is a part of its own; whether they are steps is asked once."""
    return model(graph([node("AveragePool", ["x"], ["y"], kernel_shape=[5, 5], pads=[2, 2, 2, 2])],
                       [info("x", [4096, 1, 5, 5])], [info("y", [4096, 1, 5, 5])]))


# ---- Functions and loops. ----

@case("functions call functions more than 32 deep")
def function_of_itself():
    return simple([node("F", ["x"], ["y"], "call", "own")],
                  functions=[function("F", ["a"], ["b"],
                                      [node("F", ["a"], ["b"], "inner", "own")])])


@case("functions call functions more than 32 deep")
def functions_of_each_other():
    pair = [function("F", ["a"], ["b"], [node("G", ["a"], ["m"], "g1", "own"),
                                         node("G", ["m"], ["b"], "g2", "own")]),
            function("G", ["a"], ["b"], [node("F", ["a"], ["m"], "f1", "own"),
                                         node("F", ["m"], ["b"], "f2", "own")])]
    return simple([node("F", ["x"], ["y"], "call", "own")], functions=pair)


def loop(trips, body_nodes, depth=1):
    """Loops in loops, each of so many trips."""
    body = None
    for i in range(depth):
        inputs = [info("i%d" % i, [], INT64), info("c%d" % i, [], BOOL), info("s%d" % i, [1, 4])]
        inner = [node("Loop", ["n", "", "s%d" % i], ["t%d" % i], body=("graph", body))] \
            if body else [n.replace(b"INNER", b"s%d" % i) for n in body_nodes]
        body = graph(inner, inputs, [info("c%d" % i, [], BOOL),
                                     info(("t%d" if body else "s%d") % i, [1, 4])])
    return simple([node("Loop", ["n", "", "x"], ["y"], name="it", body=("graph", body))],
                  [tensor("n", np.array(trips, np.int64))])


@case("node 'it': error: .*more than 4096 iterations")
def loop_long():
    return loop(1 << 62, [])


@case("more than 131072 nodes after unrolling loops and calls")
def loops_in_loops():
    """Nothing happens in them, but often."""
    return loop(4096, [], depth=4)


@case("more than 4096 iterations")
def loop_endless():
    body = graph([], [info("i", [], INT64), info("c", [], BOOL), info("s", [1, 4])],
                 [info("c", [], BOOL), info("s", [1, 4])])
    return simple([node("Loop", ["", "", "x"], ["y"], name="it", body=("graph", body))])


@case("node 'it': error: .*the graph 'body' is missing")
def loop_without_body():
    return simple([node("Loop", ["n", "", "x"], ["y"], name="it")],
                  [tensor("n", np.array(3))])


@case("node 'it': error: .*the graph 'then_branch' is missing")
def if_without_branch():
    return simple([node("If", ["c"], ["y"], name="it")], [tensor("c", np.array(True))])


@case("node 'it': error: .*16777216 iterations; 1 to 4096 are unrolled")
def scan_long():
    body = graph([node("Relu", ["e"], ["t"])], [info("e", [1])], [info("t", [1])])
    return simple([node("Scan", ["x"], ["y"], name="it", num_scan_inputs=1,
                        body=("graph", body))], shape=(1 << 24, 1))


@case("node 'it': error: Scan .*the body gives no value for an output of the node")
def scan_output_absent():
    """The state is not given, and the body gives it for the scanned output, too."""
    body = graph([], [info("s", [1]), info("e", [1])], [info("s", [1]), info("s", [1])])
    return simple([node("Scan", ["", "x"], ["z", "y"], name="it", num_scan_inputs=1,
                        body=("graph", body))], shape=(4, 1))


@case("node 'it': error: Loop .*the body gives no value for an output of the node")
def loop_output_absent():
    body = graph([], [info("i", [], INT64), info("c", [], BOOL), info("s", [1])],
                 [info("c", [], BOOL), info("s", [1]), info("s", [1])])
    return simple([node("Loop", ["n", "", ""], ["z", "y"], name="it", body=("graph", body))],
                  [tensor("n", np.array(3))])


# ---- Much of it. ----

@case("ok")
def many_inputs():
    """Looked up one by one, this would be 10^9 comparisons."""
    count = 30000
    names = ["w%d" % i for i in range(count)]
    return model(graph([node("Relu", ["x"], ["y"])],
                       [info("x", [1, 4])] + [info(n, [1]) for n in names], [info("y", [1, 4])],
                       [tensor(n, f32(1)) for n in names]))


@case("ok")
def many_functions():
    """The same for calls of functions."""
    count = 20000
    calls = [function("F%d" % i, ["a"], ["b"], [node("Identity", ["a"], ["b"])])
             for i in range(count)]
    nodes = [node("F%d" % (count - 1), ["x"], ["t%d" % i], domain="own") for i in range(count)]
    return simple(nodes + [node("Relu", ["x"], ["y"])], functions=calls)


@case("ok")
def many_outputs():
    """The same for outputs that are casts."""
    count = 20000
    nodes = [node("Cast", ["x"], ["t%d" % i], to=10) for i in range(count)]
    return simple(nodes, outputs=["t%d" % i for i in range(count)])


@case("node 'it': error: .*attribute")
def many_attributes():
    many = [attribute("a%d" % i, i) for i in range(50000)]
    return simple([node("Softmax", ["x"], ["y"], name="it", axis="no") + messages(5, many)])


# ---- Running them. ----

def write(folder, made):
    for name, content in (made if isinstance(made, dict) else {"m.onnx": made}).items():
        path = os.path.join(folder, name)
        if isinstance(content, bytes):
            with open(path, "wb") as file:
                file.write(content)
        elif content[0] == "link":
            os.symlink(content[1], path)
        elif content[0] == "fifo":
            os.mkfifo(path)
        else:
            os.mkdir(path)


def stop_in_time():
    """What hangs is killed after ten times the limit."""
    resource.setrlimit(resource.RLIMIT_CPU, (int(10 * SECONDS),) * 2)


def run(path, target, options):
    """(exit code, errors, seconds of processor time, kilobytes)"""
    with open(target + ".err", "w+b") as errors:
        child = subprocess.Popen(["sfc", "import", path, "-o", target, *options],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=errors, preexec_fn=stop_in_time)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        text = errors.read().decode(errors="replace")
    return child.returncode, text, used.ru_utime + used.ru_stime, used.ru_maxrss


def check(name, work, limits):
    make, expected, options = CASES[name]
    with tempfile.TemporaryDirectory(dir=work) as outer:
        folder = os.path.join(outer, "model")
        os.mkdir(folder)
        write(folder, make())
        target = os.path.join(outer, "x.sf")
        code, text, seconds, kilobytes = run(os.path.join(folder, "m.onnx"), target, options)
        left = os.path.exists(target)
    wrong = []
    ok, _, pattern = expected.partition("|") if expected.startswith("ok") else ("", "", expected)
    fine = (ok and code == 0) or (pattern and code == 1 and not left and
                                  re.search(pattern, text) and "[internal]" not in text)
    if not fine:
        wrong.append(f"exit code {code}, expected {expected!r}:\n{text[:1500]}")
    if limits and seconds > SECONDS:
        wrong.append(f"{seconds:.1f} s of processor time")
    if limits and kilobytes > KILOBYTES:
        wrong.append(f"{kilobytes // 1024} MB of memory")
    if wrong:
        print(f"{name}: " + "; ".join(wrong), flush=True)
    return not wrong


def main():
    words = [w for w in sys.argv[1:] if w != "--limits"]
    os.makedirs(words[0], exist_ok=True)
    names = words[1:] or sorted(CASES)
    failed = sum(not check(name, words[0], "--limits" in sys.argv) for name in names)
    print(f"{len(names)} broken files, {failed} not reported as expected")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
