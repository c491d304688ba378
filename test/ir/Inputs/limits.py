"""usage: limits.py FOLDER [--large]: texts at the limits of docs/ir.md 2 and just beyond,
and the first line that `sf-opt` says of each; with more errors than one, the last too."""
import os
import subprocess
import sys

folder = sys.argv[1]


def check(name, text):
    path = os.path.join(folder, f"{name.replace(' ', '-')}.sf")
    with open(path, "wb") as file:
        file.write(text.encode("latin-1"))
    done = subprocess.run(["sf-opt", path, "-o", os.devnull], capture_output=True, text=True)
    said = (done.stderr or "accepted").splitlines()
    errors = sum(": error: " in line for line in said)
    print(f"{name}: {done.returncode}: {errors}: {said[0]}", flush=True)
    if errors > 1:
        print(f"  last: {said[-1]}", flush=True)
    os.remove(path)


def module(body):
    return f"module @m {{\n{body}\n}}\n"


def statements(count):
    """A neuron function of count + 1 values."""
    return module("neuron @f(%x: i8) -> i8 {\n" +
                  "".join(f"%y{i} = add.sat %x, 1 : i8\n" for i in range(count)) + "emit %x }")


def attribute(value):
    return f"module @m {{a = {value}}} {{ }}\n"


def axes(count):
    return module(f"blob @b : i8[{', '.join(['1'] * count)}] = splat 1")


if "--large" in sys.argv:
    check("list of 2^24", attribute("[" + ",".join(["1"] * (1 << 24)) + "]"))
    check("longer list", attribute("[" + ",".join(["1"] * ((1 << 24) + 1)) + "]"))
    sys.exit()
check("name 4096", module(f"blob @{'n' * 4096} : i8 = splat 1"))
check("name 4097", module(f"blob @{'n' * 4097} : i8 = splat 1"))
check("quoted name 4096", module(f"blob @\"{'n' * 4096}\" : i8 = splat 1"))
check("quoted name 4097", module(f"blob @\"{'n' * 4097}\" : i8 = splat 1"))
check("word 4097", attribute("w" * 4097))
check("string of 1 MiB", attribute('"' + "s" * (1 << 20) + '"'))
check("longer string", attribute('"' + "s" * ((1 << 20) + 1) + '"'))
check("values 4096", statements(4095))
check("values 4097", statements(4096))
check("inputs 4097", module("neuron @f(" + ", ".join(f"%x{i}: i8" for i in range(4097)) +
                            ") -> i8 { emit 1 }"))
check("rank 8", axes(8))
check("rank 9", axes(9))
check("elements", module("blob @b : i8[2147483647] = splat 1"))
check("too many elements", module("blob @b : i8[65536, 32768] = splat 1"))
check("byte 0x01", module("\x01"))
check("byte 0x80", module("\x80"))
check("many errors", module("blob b\n" * 1000))
