"""Writes files that break the style, each in one way, and one that does not."""
import os
import sys


def write(name, text):
    with open(os.path.join(sys.argv[1], name), "w") as file:
        file.write(text)


write("long.c", "int x;\n" * 701)
write("function.c", "int too_long(int a,\n int b) {\n" + "  a += b;\n" * 99 + "}\n")
write("wide.c", "int " + "x" * 96 + ";\n")
write("words.c", "/* TO" + "DO */\nconst char *path = \"/ho" + "me/someone\";\n")
write("fine.c", "int fine(void) {\n" + "  f();\n" * 98 + "}\n/* a {b}/tmp/c } */\n")
