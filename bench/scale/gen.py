#!/usr/bin/env python3
"""Stacks of convolutions of any size, as text.

  gen.py --layers 10 --channels 64 --side 64 > stack.sf

Every layer is a 3 x 3 convolution over `channels` x `side` x `side` neurons that
read the layer before; all share one kernel. `--neuron if_int` has one register
of 32 bits and no bias, which takes half a word of a Loihi 2 core; `loihi_lif`
takes a word. The text grows with the layers, never with the neurons."""

import argparse
import pathlib
import re
import sys

IR = pathlib.Path(__file__).resolve().parents[2] / "ir"
ARGUMENTS = {"if_int": "theta = 60", "loihi_lif": "vth = 6400, di = 4096"}


def neuron_text(name):
    """The neuron function as the library defines it."""
    for path in sorted(IR.glob("**/*.sf")):
        text = path.read_text(encoding="utf-8")
        found = re.search(rf"^neuron @{name}\(.*?^}}\n", text, re.MULTILINE | re.DOTALL)
        if found:
            return found.group(0)
    sys.exit(f"gen.py: the library has no neuron @{name}")


def stack(options):
    """The module's text, line by line."""
    channels, side = options.channels, options.side
    shape = f"{channels}, {side}, {side}"
    yield 'module @stack {facts = ["analog-free", quantized, "spiking-normal-form"]} {'
    yield f"blob @w1: i8[{channels}, {options.inputs}, 3, 3] = splat 7"
    yield f"blob @w: i8[{channels}, {channels}, 3, 3] = splat 7"
    yield neuron_text(options.neuron)
    yield f"network @main(%x: spike[{options.inputs}, {side}, {side}]) -> (spike[{shape}]) {{"
    before, kernel = "x", "w1"
    for layer in range(options.layers):
        yield (f"  %i{layer} = conv.wrap %{before}, @{kernel} {{pad = [1, 1, 1, 1]}}"
               f" : i24[{shape}]")
        yield (f"  %h{layer} = neurons @{options.neuron}(%i{layer})"
               f" {{{ARGUMENTS[options.neuron]}}} : spike[{shape}]")
        before, kernel = f"h{layer}", "w"
    yield f"  return %{before}"
    yield "}"
    yield "}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--layers", type=int, required=True)
    parser.add_argument("--channels", type=int, required=True)
    parser.add_argument("--side", type=int, required=True, help="rows and columns")
    parser.add_argument("--inputs", type=int, default=3, help="channels of the input")
    parser.add_argument("--neuron", choices=sorted(ARGUMENTS), default="loihi_lif")
    options = parser.parse_args()
    sys.stdout.write("\n".join(stack(options)) + "\n")


if __name__ == "__main__":
    main()
