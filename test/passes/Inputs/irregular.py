#!/usr/bin/env python3
"""An irregular network: neurons of hidden groups, each reading its group's part
of a wide input, in random order; a recurrence inside, a dense read-out.

usage: irregular.py GROUPS MEMBERS INPUTS FAN_IN > NETWORK.sf
"""
import random
import sys

groups, members, inputs, fan_in = map(int, sys.argv[1:5])
draw = random.Random(7)
n, sources = groups * members, groups * inputs
order = list(range(n))
draw.shuffle(order)

edges, back = [], []
for neuron in range(n):
    first = order[neuron] // members * inputs
    for source in sorted(draw.sample(range(inputs), fan_in)):
        edges.append((neuron, first + source, draw.choice((-3, -2, -1, 1, 2, 3))))
    back += [(neuron, s, draw.choice((-2, 2))) for s in sorted(draw.sample(range(n), 3))]


def blobs(name, rows):
    print(f"  blob @{name}_at: i32[{len(rows)}, 2] = dense [" +
          ", ".join(f"{t}, {s}" for t, s, _ in rows) + "]")
    print(f"  blob @{name}: i4[{len(rows)}] = dense [" + ", ".join(str(w) for _, _, w in rows) + "]")


print("module @irregular {facts = [analog-free, quantized, spiking-normal-form, balanced]} {")
blobs("w", edges)
blobs("r", back)
print(f"  blob @v: i4[10, {n}] = dense [" + ", ".join(str(draw.randint(-4, 4)) for _ in range(10 * n)) + "]")
print(f"  blob @theta: i24[{n}] = dense [" + ", ".join(str(draw.randint(20, 60)) for _ in range(n)) + "]")
print(f"""  neuron @if_int_zero(%x: i24) -> spike {{
    param %theta: i32 in [0, 2147483647]
    state %v: i32 = 0
    %h = add.sat %v, %x : i32
    %s = gt %h, %theta
    %n = select %s, 0, %h
    next %v = %n
    emit %s
  }}
  network @main(%x: spike[{sources}]) -> (spike[10]) {{lag = 2}} {{
    %d = delay %x : spike[{sources}]
    %i = sparse %d, @w_at, @w {{rows = {n}}} : i24[{n}]
    %b = delay %h : spike[{n}]
    %j = sparse %b, @r_at, @r {{rows = {n}}} : i24[{n}]
    %k = add %i, %j : i24[{n}]
    %h = neurons @if_int_zero(%k) {{theta = @theta, start = 1}} : spike[{n}]
    %e = delay %h : spike[{n}]
    %o = linear %e, @v : i24[10]
    %y = neurons @if_int_zero(%o) {{theta = 9, start = 2}} : spike[10]
    return %y
  }}
}}""")
