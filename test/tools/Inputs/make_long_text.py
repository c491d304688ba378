"""make_long_text.py FOLDER: long.sf, whose text is over 1 KiB, and its weights,
which stay under 1 KiB when they are copied into a companion file. fails.sf is
the same with an op that legalize refuses."""
import os
import sys

folder = sys.argv[1]
with open(os.path.join(folder, "weights.bin"), "wb") as weights:
    weights.write(bytes(i % 7 for i in range(130)))


def write(name, last):
    with open(os.path.join(folder, name), "w") as text:
        print("module @long {", file=text)
        print('  blob @w : i4[2, 65] = raw "weights.bin" at 0 i8', file=text)
        print("  network @main(%x: spike[65]) -> (i16[2]) {", file=text)
        print("    %y0 = linear %x, @w : i16[2]", file=text)
        for i in range(40):
            print(f"    %y{i + 1} = delay %y{i} : i16[2]", file=text)
        print(f"    %z = {last} : i16[2]", file=text)
        print("    return %z\n  }\n}", file=text)


write("long.sf", "delay %y40")
write("fails.sf", "mul %y40, %y40")
