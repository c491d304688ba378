"""What importing a large model takes.

usage: onnx_memory.py MEGABYTES FOLDER [MatMul]

Writes a model whose weights are a hole in the file, and imports it with its text beside it. With
MatMul they must be turned round, which takes disk. The
weights must stay in the mapped file: the largest resident set is below 1.1 times the file, and
beyond what a tiny model takes, memory of the process's own grows by 5 % of the file and 32 MB at
most.
"""
import os
import resource
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "support"))
import onnx_writer as onnx  # noqa: E402

SIDE = 1024
LAYER = SIDE * SIDE * 4  # bytes
MEGABYTE = 1 << 20


def head(field, length):
    return onnx.varint(field << 3 | 2) + onnx.varint(length)


def weight_head(index):
    """All of an initializer but its elements, which stand last."""
    return onnx.number(1, SIDE) + onnx.number(1, SIDE) + onnx.number(2, onnx.FLOAT) + \
        onnx.message(8, f"w{index}") + head(9, LAYER)


def write(path, layers, operator):
    """A chain of matrices, each a hole of LAYER bytes."""
    attributes = {"transB": 1} if operator == "Gemm" else {}
    nodes = [onnx.node(operator, [f"x{i}", f"w{i}"], [f"x{i + 1}"], **attributes)
             for i in range(layers)]
    rest = onnx.messages(1, nodes) + onnx.message(2, "g") + \
        onnx.message(11, onnx.info("x0", ["N", SIDE])) + \
        onnx.message(12, onnx.info(f"x{layers}", ["N", SIDE]))
    heads = [weight_head(i) for i in range(layers)]
    heads = [head(5, len(h) + LAYER) + h for h in heads]
    graph_bytes = len(rest) + sum(len(h) + LAYER for h in heads)
    with open(path, "wb") as file:
        file.write(onnx.number(1, 8) + onnx.message(8, onnx.message(1, "") + onnx.number(2, 13)))
        file.write(head(7, graph_bytes) + rest)
        for h in heads:
            file.write(h)
            file.seek(LAYER, os.SEEK_CUR)
        file.truncate()


def run(path, limit=None):
    """Imports the model; returns (exit code, largest resident set in bytes)."""
    def limited():
        if limit:
            resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    child = subprocess.Popen(["sfc", "import", path, "-o", path + ".sf"],
                             stdout=subprocess.DEVNULL, preexec_fn=limited,
                             stderr=subprocess.DEVNULL if limit else None)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, usage.ru_maxrss * 1024


def data_needed(path):
    """The smallest limit of writable memory, to a megabyte, with which the import works."""
    low, high = 0, 4096
    while high - low > 1:
        middle = (low + high) // 2
        code, _ = run(path, middle * MEGABYTE)
        low, high = (low, middle) if code == 0 else (middle, high)
    return high


def main(megabytes, folder, operator="Gemm"):
    os.makedirs(folder, exist_ok=True)
    tiny, large = os.path.join(folder, "tiny.onnx"), os.path.join(folder, "large.onnx")
    write(tiny, 1, operator)
    write(large, int(megabytes) * MEGABYTE // LAYER, operator)
    size = os.path.getsize(large)
    allowed = data_needed(tiny) + int(0.05 * size / MEGABYTE + 32)
    code, resident = run(large)
    limited, _ = run(large, allowed * MEGABYTE)
    print(f"exit {code}, with {allowed} MB of its own {limited}; {size / MEGABYTE:.0f} MB file; "
          f"resident {resident / size:.2f} of it", file=sys.stderr)
    fine = code == 0 and limited == 0 and resident < 1.1 * size
    print("within the bounds" if fine else "too much memory")
    with open(large + ".sf", encoding="utf-8") as file:
        print(sum(" = raw " in line for line in file), "blobs lie in the model's file")
    for path in (tiny, large):
        os.remove(path)
    return not fine


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
