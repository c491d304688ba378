"""The odd things of real NIR files, each taken or refused: nir_quirks.py WORK.

Numbers are those of the list in the reference (frontends.md 1.6). A file that is taken
must be read as the plain one beside it, whose text it shares, and say what is given."""
import copy
import os
import subprocess
import sys

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from nir_generate import write  # noqa: E402

F = np.float32
WORK = sys.argv[1]


def lif(value=0.002, shape=(2,)):
    number = F(np.full(shape, value)) if shape is not None else F(value)
    one = np.ones_like(number)
    return {"type": "LIF", "tau": number, "r": one, "v_leak": 0 * one,
            "v_threshold": one}


def chain(*nodes, shape=(2,), out=(2,)):
    names = ["n%d" % i for i in range(len(nodes))]
    every = ["in"] + names + ["out"]
    graph = {"in": {"type": "Input", "shape": np.array(shape)},
             "out": {"type": "Output", "shape": np.array(out)}}
    graph.update(zip(names, nodes))
    return {"type": "NIRGraph", "nodes": graph, "edges": list(zip(every, every[1:]))}


def linear(out=2, inputs=2, bias=None):
    node = {"type": "Linear", "weight": F(np.arange(out * inputs).reshape(out, inputs))}
    return node if bias is None else dict(node, type="Affine", bias=bias)


def conv(**more):
    return dict({"type": "Conv2d", "weight": F(np.ones((2, 2, 3, 3))), "bias": F([1, 2]),
                 "stride": np.array([1, 1]), "padding": np.array([1, 1]),
                 "dilation": np.array([1, 1]), "groups": np.int64(1),
                 "input_shape": np.array([4, 4])}, **more)


def pool(number):
    return {"type": "SumPool2d", "kernel_size": number, "stride": number,
            "padding": 0 * number}


def without(node, *names):
    return {k: v for k, v in node.items() if k not in names}


def nested(inner_shape, inner="lif"):
    graph = chain(linear(3, 2), {"type": "NIRGraph", "nodes": {
        "input": {"type": "Input", "shape": np.array(inner_shape)},
        "lif1": lif(shape=(3,)), "output": {"type": "Output", "shape": np.array([3])}},
        "edges": [("input", inner), (inner, "output")]}, out=(3,))
    return graph


def branches(names):
    graph = chain(linear(), lif())
    for name in names:
        graph["nodes"][name] = linear()
        graph["edges"] += [("in", name), (name, "n1")]
    return graph


MAPS = {"shape": (2, 4, 4), "out": (2, 4, 4)}
FLAT = {"type": "Flatten", "start_dim": np.int64(0), "end_dim": np.int64(-1),
        "input_type": np.array([2, 4, 4])}
WIDE = {"shape": (2, 4, 4), "out": (2,)}
PLAIN = chain(linear(), lif())
MAPPED = chain(conv(), lif(shape=(2, 4, 4)), **MAPS)
SPREAD = {"tau": F([[[0.002]], [[0.004]]])}

# Number, file, the plain file (text: what the module has; None: refused), what is
# said, options.
QUIRKS = [
    (1, chain(linear(), lif(shape=None)), PLAIN, ""),
    (1, chain(linear(), lif(shape=(1,))), PLAIN, ""),
    (2, chain(linear(bias=np.bool_(False)), lif()), PLAIN, ""),
    (3, chain(linear(1, 2), lif(shape=(1,)), out=(1, 1, 1)),
     chain(linear(1, 2), lif(shape=(1,)), out=(1,)),
     "sends [1] where [1, 1, 1] is expected, as many elements: reshaped"),
    (4, nested([3]), None, "'input' -> 'lif' names a node 'lif' that this graph does not "
                           "have"),
    (5, nested([2], "lif1"), None, "'n0' sends [3], but it takes [2]"),
    (5, nested([2], "lif1"), nested([3], "lif1"), "", "--ports", "lenient"),
    (6, chain(linear(), lif(-1.0)), None, "it must be above 0"),
    (6, chain(linear(), lif(0.0)), None, "it must be above 0"),
    (7, chain(without(conv(), "input_shape"), lif(shape=(2, 4, 4)), **MAPS), MAPPED, ""),
    (7, chain(conv(stride=np.int64(1), padding=np.array([1]), dilation=np.int64(1)),
              lif(shape=(2, 4, 4)), **MAPS), MAPPED, ""),
    (7, chain(pool(np.int64(2)), shape=(2, 4, 4), out=(2, 2, 2)),
     chain(pool(np.array([2, 2])), shape=(2, 4, 4), out=(2, 2, 2)), ""),
    (7, chain(pool(np.array([2])), shape=(2, 4, 4), out=(2, 2, 2)),
     chain(pool(np.array([2, 2])), shape=(2, 4, 4), out=(2, 2, 2)), ""),
    (8, chain(without(FLAT, "input_type"), linear(2, 32), **WIDE),
     chain(FLAT, linear(2, 32), **WIDE), ""),
    (8, chain(dict(without(FLAT, "input_type"), start_dim=np.int64(1)), linear(2, 32),
              **WIDE), chain(FLAT, linear(2, 32), **WIDE),
     "start_dim 1 counts a batch axis that the file does not have"),
    (8, chain(without(FLAT, "input_type", "start_dim", "end_dim"), linear(2, 32), **WIDE),
     chain(FLAT, linear(2, 32), **WIDE), "start_dim 1 counts a batch axis"),
    (9, chain(conv(), lif(shape=(2, 4, 4)), shape=(1, 2, 4, 4), out=(2, 4, 4)), MAPPED,
     "its shape has a leading axis of 1 that the next layer does not"),
    (10, branches(["a", "b"]), "%n1.sum.1 = add %n1.sum, %n0", ""),
    (11, chain(conv(), dict(lif(shape=None), **SPREAD), **MAPS),
     "blob @n1.beta : f32[2, 1, 1] = dense [0.95, 0.975]", ""),
    (12, chain(linear(), lif(shape=(2,))), chain(linear(), lif(shape=None)), ""),
    (13, chain(dict(linear(), type="Gemm"), lif()), None, "unknown node type 'Gemm'"),
    (13, chain(dict(linear(), type="Gemm"), lif()), None,
     "known are Affine, AvgPool2d, Conv1d"),
    (13, chain(dict(linear(), beta=F([1])), lif()), PLAIN,
     "Linear has no 'beta': it is ignored"),
]


def read(graph, options):
    path = os.path.join(WORK, "q.nir")
    write(path, graph)
    done = subprocess.run(["sfc", "import", path, *options], capture_output=True,
                          text=True)
    return done


def judge(graph, plain, words, options):
    done = read(graph, options)
    if words not in done.stderr:
        return "does not say: %s\n%s" % (words, done.stderr)
    if plain is None:
        return "" if done.returncode == 1 else "is not refused"
    if done.returncode:
        return "is refused:\n" + done.stderr
    if isinstance(plain, str):
        return "" if plain in done.stdout else "is read as\n" + done.stdout
    want = read(plain, [])
    return "" if done.stdout == want.stdout and want.returncode == 0 \
        else "is read as\n%s\nand not as\n%s" % (done.stdout, want.stdout)


def main():
    os.makedirs(WORK, exist_ok=True)
    wrong = 0
    for number, graph, plain, words, *options in copy.deepcopy(QUIRKS):
        fault = judge(graph, plain, words, options)
        if fault:
            wrong += 1
            print("quirk %d: the file %s" % (number, fault))
    numbers = {q[0] for q in QUIRKS}
    print("%d quirks, %d files, %d read otherwise than meant" %
          (len(numbers), len(QUIRKS), wrong))
    return wrong != 0


sys.exit(main())
