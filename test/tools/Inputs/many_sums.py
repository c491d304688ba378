"""A population that 33 projections reach, as IR in normal form."""
sums = "\n".join(f"    %i{n} = linear %d, @w : i8[2]" for n in range(33))
adds = "\n".join(f"    %a{n} = add.sat %{'a' if n > 1 else 'i'}{n - 1}, %i{n} : i24[2]"
                 for n in range(1, 33))
print(f"""module @many {{facts = [analog-free, quantized, spiking-normal-form, balanced]}} {{
  blob @w : i4[2, 2] = splat 1
  neuron @f(%a: i24) -> spike {{ %s = gt %a, 3  emit %s }}
  network @main(%x: spike[2]) -> (spike[2]) {{
    %d = delay %x : spike[2]
{sums}
{adds}
    %h = neurons @f(%a32) {{start = 1}} : spike[2]
    return %h
  }}
}}""")
