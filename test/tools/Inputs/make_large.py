"""A dense layer of 9,000 inputs, more than a Loihi 2 core can listen to: prints .sf."""
print("module @large {")
print("  blob @w : i9[16, 9000] = splat 2")
print("  neuron @fire(%a: i24) -> spike {\n    param %theta: i24 = 10")
print("    %s = gt %a, %theta\n    emit %s\n  }")
print("  network @main(%x: spike[9000]) -> (spike[16]) {steps = 4} {")
print("    %i = linear %x, @w : i24[16]")
print("    %y = neurons @fire(%i) : spike[16]\n    return %y\n  }\n}")
