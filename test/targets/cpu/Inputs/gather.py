"""Prints a network that takes words of a vector one by one, as many gathers are written:
gather.py WORDS."""
import sys

words = int(sys.argv[1])
print(f"module @gather {{\n  network @main(%x: f32[{words}]) -> (f32[{words}]) {{")
for i in range(words):
    at = i * 7 % words
    print(f"    %w{i} = slice %x {{begin = [{at}], end = [{at + 1}]}} : f32[1]")
print("    %y = concat " + ", ".join(f"%w{i}" for i in range(words)) + f" {{axis = 0}} : f32[{words}]")
print("    return %y\n  }\n}")
