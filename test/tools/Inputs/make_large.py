"""Models that fit no Loihi 2: reads `sfc neurons loihi_lif`, prints a .sf module.

core   a dense layer of 9,000 inputs, more than a core can listen to
board  600,000 neurons, more than a board's cores hold"""
import sys

neuron = sys.stdin.read().split("\n", 1)[1].rstrip().removesuffix("}").rstrip()
print(f"module @large {{\n{neuron}")
if sys.argv[1] == "core":
    print("""  blob @w : i8[16, 9000] = splat 2
  network @main(%x: spike[9000]) -> (spike[16]) {steps = 4} {
    %i = linear %x, @w : i24[16]
    %y = neurons @loihi_lif(%i) {vth = 640} : spike[16]
    return %y
  }
}""")
else:
    print("""  network @main(%x: i24[600000]) -> (spike[600000]) {steps = 4} {
    %y = neurons @loihi_lif(%x) {vth = 640} : spike[600000]
    return %y
  }
}""")
