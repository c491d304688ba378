#!/usr/bin/env python3
"""Attention with masks, as exporters write them, from ONNX to spikes: masks.py FOLDER

A head whose scores a mask changes in each of the ways below. The float network gives what the
formula gives, and all forms on the interpreter and as CPU code the same integers, near it.
"""
import os
import subprocess
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
from onnx_writer import BOOL, graph, info, model, node, tensor  # noqa: E402

TOKENS, WIDTH, SAMPLES = 4, 6, 24
CAUSAL = np.tril(np.ones((1, TOKENS, TOKENS), bool))
LOWEST = np.float32(-3.4028235e38)
# what stands between scores %s and softmax; what is fed in
WAYS = {
    "added input": ([("Add", ["s", "m"])], "float"),
    "choice": ([("Where", ["m", "s", "ninf"])], "bool"),
    "choice of the lowest": ([("Not", ["m"]), ("Where", ["@", "lowest", "s"])], "bool"),
    "chosen and added": ([("Where", ["m", "zero", "ninf"]), ("Add", ["s", "@"])], "bool"),
    "choice of a row": ([("Not", ["m"]), ("Where", ["@", "ninf", "s"])], "row"),
    "constant choice": ([("Where", ["causal", "s", "ninf"])], None),
    "constant choice of the lowest": ([("Where", ["hidden", "lowest", "s"])], None),
}


def weights():
    rng = np.random.default_rng(3)
    shapes = {"q": (WIDTH, 8), "k": (WIDTH, 8), "v": (WIDTH, 8), "o": (8, 3)}
    return {n: (rng.standard_normal(s) / 2).astype(np.float32) for n, s in shapes.items()}


def network(ops, dtype, w):
    nodes = [node("MatMul", ["x", "w" + n], [n]) for n in "qkv"]
    nodes += [node("Transpose", ["k"], ["kt"], perm=[0, 2, 1]),
              node("MatMul", ["q", "kt"], ["s0"]), node("Mul", ["s0", "scale"], ["s"])]
    last = "s"
    for i, (kind, names) in enumerate(ops):
        nodes.append(node(kind, [last if n == "@" else n for n in names], ["t%d" % i]))
        last = "t%d" % i
    nodes += [node("Softmax", [last], ["p"], axis=-1), node("MatMul", ["p", "v"], ["a"]),
              node("MatMul", ["a", "wo"], ["y"])]
    constants = {"w" + n: a for n, a in w.items()}
    constants.update(scale=np.float32(0.35), ninf=np.float32(-np.inf), lowest=LOWEST,
                     zero=np.float32(0), one=np.float32(1), far=np.float32(-1e4), causal=CAUSAL,
                     hidden=~CAUSAL)
    inputs = [info("x", [1, TOKENS, WIDTH])]
    if dtype is not None:
        inputs.append(info("m", [1, 1 if dtype == "row" else TOKENS, TOKENS],
                           *([] if dtype == "float" else [BOOL])))
    return model(graph(nodes, inputs, [info("y", [1, TOKENS, 3])],
                       [tensor(n, np.asarray(a)) for n, a in constants.items()]))


def expected(x, shown, w):
    s = np.float32(0.35) * (x @ w["q"]) @ (x @ w["k"]).swapaxes(1, 2)
    e = np.exp(s - s.max(-1, keepdims=True)) * shown
    return (e / e.sum(-1, keepdims=True)) @ (x @ w["v"]) @ w["o"]


def refusal(folder, w, calib):
    """what is said of a mask that the network computes itself"""
    path = os.path.join(folder, "computed.onnx")
    with open(path, "wb") as file:
        file.write(network([("Sub", ["one", "m"]), ("Mul", ["@", "far"]), ("Add", ["s", "@"])],
                           "float", w))
    run("sfc", "import", path, "-o", path + ".sf")
    said = subprocess.run(["sf-opt", path + ".sf", "--passes", "canonicalize,convert-to-spiking",
                           *calib, "-o", path + ".spikes.sf"], capture_output=True, text=True)
    for line in said.stderr.splitlines():
        if "error: " in line or line.startswith("help: "):
            print("computed:", line[line.find("error: " if "error: " in line else "help: "):])


def run(*words):
    subprocess.run([str(w) for w in words], check=True, stdout=subprocess.DEVNULL)


def results(folder, name, inputs, calib):
    """the float network's, and those of all forms"""
    path = os.path.join(folder, name)
    run("sfc", "import", path + ".onnx", "-o", path + ".sf")
    out = []
    for form in (None, "integer", "graded", "stbif"):
        made = path + (f".{form}.sf" if form else ".sf")
        if form:
            run("sf-opt", path + ".sf", "--verify-each", "--passes",
                f"canonicalize,convert-to-spiking{{form={form}}}", *calib, "-o", made)
        for target in ([], ["--target", "cpu"]):
            run("sfc", "run", made, *inputs, *target, "--output", path + ".npy")
            out.append(np.load(path + ".npy").reshape(SAMPLES, TOKENS, 3))
    return out[0], out[1], out[2:]


def main():
    folder, w, rng = sys.argv[1], weights(), np.random.default_rng(1)
    x = rng.standard_normal((SAMPLES, TOKENS, WIDTH)).astype(np.float32)
    fed = np.repeat(CAUSAL, SAMPLES, 0)
    for i in range(SAMPLES):
        fed[i, :, :1 + i % TOKENS] = True
    np.save(os.path.join(folder, "x.npy"), x)
    np.save(os.path.join(folder, "bool.npy"), fed.astype(np.uint8))
    np.save(os.path.join(folder, "row.npy"), fed[:, 1:2].astype(np.uint8))
    np.save(os.path.join(folder, "float.npy"), np.where(fed, 0, -1e9).astype(np.float32))
    for name, (ops, dtype) in WAYS.items():
        with open(os.path.join(folder, name + ".onnx"), "wb") as file:
            file.write(network(ops, dtype, w))
        files = ["x.npy"] + (["m=" + os.path.join(folder, dtype + ".npy")]
                             if dtype is not None else [])
        files[0] = os.path.join(folder, files[0])
        inputs = [word for f in files for word in ("--input", f)]
        calib = [word for f in files for word in ("--calib", f)]
        y, cpu, forms = results(folder, name, inputs, calib)
        shown = {None: CAUSAL, "row": fed[:, 1:2]}.get(dtype, fed)
        wanted = expected(x, shown, w)
        floats = max(np.abs(y - wanted).max(), np.abs(cpu - wanted).max())
        differ = sum(int((f != forms[0]).sum()) for f in forms)
        near = np.corrcoef(forms[0].ravel(), wanted.ravel())[0, 1]
        print(f"{name}: float {'as' if floats < 1e-5 else 'not as'} the formula, {differ} of "
              f"{sum(f.size for f in forms)} integers differ, "
              f"{'near' if near > 0.999 else 'far'}")
    files = [os.path.join(folder, "x.npy"), "m=" + os.path.join(folder, "float.npy")]
    refusal(folder, w, [word for f in files for word in ("--calib", f)])


if __name__ == "__main__":
    main()
