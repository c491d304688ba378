#!/usr/bin/env python3
"""Prints docs/neurons.md: every neuron function of the library, from its text in
ir/library/ and the comment above it. A comment says what the function computes; its line
`Source:` says where that comes from."""
import os
import re
import sys

HEAD = """# Neurons

Generated from `ir/library` by `scripts/docs.sh`. `sfc neurons NAME` prints a function's text; a module that uses one gets a
copy. Params without a value must be given. States start at the value shown. In formulas a state on the right is
its value before the step. "conversion N" is a section of the numerical reference; `test/oracle/neuron_models.py` evaluates its
equations and holds every function to them: 2,000 neurons, 60 steps, random parameters, every value that is sent, on
interpreter, CPU and emulated Cortex-M4 (`test/interp/slow/neurons.test`). Loihi 2 runs those in integers and refuses the others by name; floats go through
`quantize-neurons`."""
# The bindings of conversion reference 3.9 with its extension forms, and 2.7.
ROWS = [
    ("SpikingJelly IF, LIF, PLIF", "sj_if sj_if_soft sj_lif sj_lif_soft sj_lif_whole "
     "sj_lif_whole_soft sj_plif sj_plif_soft sj_plif_whole sj_plif_whole_soft"),
    ("SpikingJelly QIF, EIF, Izhikevich", "sj_qif sj_qif_soft sj_eif sj_eif_soft "
     "sj_izhikevich sj_izhikevich_soft"),
    ("SpikingJelly KLIF, CUBA (3.1)", "sj_klif sj_klif_soft sj_klif_whole "
     "sj_klif_whole_soft sj_cuba_lif sj_cuba_lif_soft"),
    ("snnTorch Leaky subtract, zero, none",
     "snntorch_leaky snntorch_leaky_zero snntorch_leaky_none"),
    ("snnTorch reset_delay = False", "snntorch_leaky_now lif_zero "
     "snntorch_synaptic_now cuba_lif_zero snntorch_rleaky_now "
     "snntorch_rleaky_now_zero snntorch_lapicque_now snntorch_lapicque_now_zero"),
    ("snnTorch Synaptic",
     "snntorch_synaptic snntorch_synaptic_zero snntorch_synaptic_none"),
    ("snnTorch RLeaky", "snntorch_rleaky snntorch_rleaky_zero snntorch_rleaky_none"),
    ("snnTorch Lapicque",
     "snntorch_lapicque snntorch_lapicque_zero snntorch_lapicque_none"),
    ("snnTorch Alpha", "snntorch_alpha snntorch_alpha_zero snntorch_alpha_none"),
    ("Norse LIF, LIFBox, IAF", "norse_lif norse_lif_box norse_lif_box_soft norse_iaf"),
    ("Norse LSNN (ALIF)", "alif"),
    ("Norse ada_lif", "norse_ada_lif"),
    ("Norse AdEx, Izhikevich", "adex izhikevich"),
    ("Norse LIFRefrac", "norse_lif_refrac"),
    ("sinabs LIF: Multi-, Max-, SingleSpike; tau_syn; norm_input (gain)",
     "sinabs_lif sinabs_lif_zero sinabs_lif_single sinabs_lif_single_zero "
     "sinabs_cuba_lif sinabs_cuba_lif_zero sinabs_cuba_lif_single "
     "sinabs_cuba_lif_single_zero"),
    ("sinabs ALIF", "sinabs_alif sinabs_alif_zero sinabs_alif_single "
     "sinabs_alif_single_zero sinabs_cuba_alif sinabs_cuba_alif_zero "
     "sinabs_cuba_alif_single sinabs_cuba_alif_single_zero"),
    ("AdLIF", "adlif"),
    ("SE-adLIF, EF-adLIF", "se_adlif ef_adlif"),
    ("Lava LIF, LIFReset, LIFRefractory, TernaryLIF", "lava_lif lava_lif_reset "
     "lava_lif_refractory lava_ternary_lif loihi_lif loihi_lif_reset "
     "loihi_lif_refractory loihi_ternary_lif"),
    ("ST-BIF", "stbif stbif_gain"),
    ("IF, LIF, CUBA-LIF of no framework: resets; current new or old",
     "if if_zero if_int if_int_zero lif lif_zero lif_int lif_int_zero cuba_lif "
     "cuba_lif_zero cuba_lif_lag cuba_lif_lag_zero"),
    ("refractory modes hold, clamp, mask-only", "lif_hold lif_clamp lif_mask "
     "cuba_lif_hold cuba_lif_clamp cuba_lif_mask"),
    ("form rot: RF, RF_IZ", "rf rf_iz lava_rf"),
    ("second adaptation: ATRLIF", "lava_atrlif"),
    ("delta output: SigmaDelta, Delta, Sigma",
     "sigma_delta lava_sigma_delta delta sigma"),
    ("graded output: ProdNeuron, GradedVec", "lava_prod product lava_graded_vec"),
    ("PSN: a sliding one is delays, weights and", "threshold"),
    ("GLIF", "glif"),
    ("multi-level codes (1.5)", "multi_threshold burst ilif"),
    ("few-spikes schedules (1.5)", "fs fs_relu"),
    ("encoders (2.7)",
     "direct if_zero if even_rate bernoulli latency delta_event delta"),
    ("read-outs: count, last and mean potential, first spike",
     "count li mean mean_li first_spike sigma accumulate"),
]
NEURON = re.compile(
    r"(?P<comment>(?://[^\n]*\n)*)neuron @(?P<name>\w+)\((?P<inputs>.*?)\) -> "
    r"(?P<results>.*?) \{\n(?P<body>.*?)\n\}\n", re.S)


def words(comment):
    lines = [line[2:].strip() for line in comment.splitlines()]
    source = [line for line in lines if line.startswith("Source: ")]
    text = " ".join(line for line in lines if not line.startswith("Source: "))
    return text.replace("|", "\\|"), " ".join(s[8:] for s in source)


def params(body):
    out = []
    for name, kind, limits, value in re.findall(
            r"param %(\w+): (\w+)(?: in (\[.*?\]))?(?: = (\S+))?", body):
        out.append("`%s%s`%s" % (name, " = " + value if value else "",
                                 " " + limits if limits else ""))
    return ", ".join(out)


def states(body):
    return ", ".join("`%s = %s`" % (name, value.replace("%", ""))
                     for name, value in re.findall(
                         r"state %(\w+): \w+ = (\S+)", body))


def family(path):
    text = open(path).read()
    head = re.match(r"((?://.*\n)+)module", text).group(1)
    print("\n## %s\n\n%s\n" % (os.path.basename(path)[:-3], words(head)[0]))
    print("| neuron | takes, sends | computes | states | params | source |")
    print("|---|---|---|---|---|---|")
    for n in NEURON.finditer(text):
        computes, source = words(n["comment"])
        print("| `%s` | %s -> %s | %s | %s | %s | %s |" % (
            n["name"], ", ".join(re.findall(r": (\w+)", n["inputs"])),
            n["results"].strip("()"), computes, states(n["body"]),
            params(n["body"]), source))


def table(known):
    """Which functions each row of the reference is; a name must be a function."""
    print("\n## Rows of the reference\n\nModels of conversion 3.9 and its extension "
          "forms, and the encoders of 2.7.\n")
    print("| row | functions |\n|---|---|")
    for row, names in ROWS:
        unknown = set(names.split()) - known
        if unknown:
            sys.exit("no function of the library: %s" % ", ".join(sorted(unknown)))
        print("| %s | %s |" % (row, ", ".join("`%s`" % n for n in names.split())))


def main():
    folder = sys.argv[1]
    rows = open(os.path.join(folder, "families.def")).read()
    print(HEAD)
    families = [os.path.join(folder, name + ".sf")
                for name in re.findall(r"(?m)^SF_FAMILY\((\w+)\)", rows)]
    table({n["name"] for path in families for n in NEURON.finditer(open(path).read())})
    for path in families:
        family(path)


if __name__ == "__main__":
    main()
