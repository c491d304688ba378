"""Broken NIR files, one a diagnostic: make_nir_malformed.py FOLDER.

Writes FOLDER/NAME.nir for each case and FOLDER/expected.json: the options, the exit
code and a part of the message. check_malformed.py runs them."""
import copy
import json
import os
import sys

import h5py
import numpy as np

from nir_generate import write

F = np.float32
CASES = {}
LIF = {"type": "LIF", "tau": F([0.002, 0.003]), "r": F([1, 1]), "v_leak": F([0, 0]),
       "v_threshold": F([1, 1])}
CHAIN = {"type": "NIRGraph",
         "nodes": {"in": {"type": "Input", "shape": np.array([2])},
                   "w": {"type": "Affine", "weight": F([[1, 2], [3, 4]]),
                         "bias": F([0.5, 0.25])},
                   "n": LIF,
                   "out": {"type": "Output", "shape": np.array([2])}},
         "edges": [("in", "w"), ("w", "n"), ("n", "out")]}
CONV = {"type": "Conv2d", "weight": F(np.ones((2, 2, 3, 3))), "bias": F([0, 0]),
        "stride": np.int64(1), "padding": np.int64(0), "dilation": np.int64(1),
        "groups": np.int64(1)}


def case(message, options=(), code=1):
    """Registers what is done to a sound graph, with what it must provoke."""
    def register(change):
        CASES[change.__name__] = (change, message, list(options), code)
        return change
    return register


def maps(graph, node, shape=(2, 4, 4)):
    """The weights become a layer of maps, without neurons behind it."""
    graph["nodes"]["in"]["shape"] = np.array(shape)
    graph["nodes"]["w"] = node
    del graph["nodes"]["n"], graph["nodes"]["out"]
    graph["edges"] = [("in", "w")]


# ---- Containers and graphs. ----------------------------------------------------

@case("has no group /node: it is no NIR file")
def no_node(graph):
    return "no node"


@case("has no dataset 'type' that names what it is")
def no_type(graph):
    del graph["nodes"]["w"]["type"]


@case("unknown node type 'Sigmoid'")
def unknown_type(graph):
    graph["nodes"]["w"]["type"] = "Sigmoid"


@case("names a node 'm' that the graph does not have")
def dangling(graph):
    graph["edges"].append(("n", "m"))


@case("must be text of shape (E, 2)")
def edges_shape(graph):
    graph["edges"] = [("in", "w", "n")]


@case("the graph has no nodes")
def no_nodes(graph):
    graph["nodes"], graph["edges"] = {}, []


@case("a nested graph must have one Input and one Output; 'sub' has 0 and 0")
def nested_ports(graph):
    graph["nodes"]["sub"] = {"type": "NIRGraph", "nodes": {"n": LIF}, "edges": []}


@case("an input of the network has none")
def into_input(graph):
    graph["edges"].append(("n", "in"))


@case("an output of the network has none")
def out_of_output(graph):
    graph["edges"].append(("out", "w"))


@case("no edge leads to this output of the network")
def lost_output(graph):
    graph["edges"].remove(("n", "out"))


@case("this is not the network that was trained")
def orphan_input(graph):
    graph["nodes"]["input_n"] = {"type": "Input", "shape": np.array([2])}
    graph["edges"] = [("in", "w"), ("w", "out"), ("input_n", "n"), ("n", "out")]


@case("it lies on a cycle without a neuron that keeps a state")
def algebraic_loop(graph):
    graph["edges"].append(("w", "w"))


# ---- Datasets. ------------------------------------------------------------------

@case("it has no dataset 'tau'")
def missing_tau(graph):
    del graph["nodes"]["n"]["tau"]


@case("'tau' element 1 is -0.003; it must be above 0")
def negative_tau(graph):
    graph["nodes"]["n"]["tau"] = np.array([0.002, -0.003])


@case("'weight' element 3 is nan; it must be a finite f32")
def nan_weight(graph):
    graph["nodes"]["w"]["weight"] = F([[1, 2], [3, np.nan]])


@case("'r' must be numbers, but is text")
def text_r(graph):
    graph["nodes"]["n"]["r"] = "one"


@case("'r' must be numbers, but is empty")
def empty_r(graph):
    graph["nodes"]["n"]["r"] = F([])


@case("'r' and 'tau' have different shapes")
def shapes_differ(graph):
    graph["nodes"]["n"]["tau"] = F([0.002, 0.003, 0.004])


@case("'weight' has 1 axes; it must have (.., out, in)")
def flat_weight(graph):
    graph["nodes"]["w"]["weight"] = F([1, 2])


@case("'bias' has 3 elements; one for each of the 2 outputs is expected")
def bias_count(graph):
    graph["nodes"]["w"]["bias"] = F([1, 2, 3])


@case("'shape' must be a list of one to 8 sizes")
def shape_rank(graph):
    graph["nodes"]["in"]["shape"] = np.ones(9, dtype=np.int64)


@case("'shape' has the size -2; sizes are integers from 1 on")
def negative_shape(graph):
    graph["nodes"]["in"]["shape"] = np.array([-2])


@case("'delay' element 0 is -1; it must be 0 or more")
def negative_delay(graph):
    graph["nodes"]["w"] = {"type": "Delay", "delay": F([-1, 1])}


@case("is more than 1048576 steps of 0.0001")
def long_delay(graph):
    graph["nodes"]["w"] = {"type": "Delay", "delay": F([1e9, 1e9])}


# ---- Shapes. ---------------------------------------------------------------------

@case("'in' sends [3], but it takes [2]")
def input_width(graph):
    graph["nodes"]["in"]["shape"] = np.array([3])


@case("'n' sends [2], but it takes [5]")
def output_width(graph):
    graph["nodes"]["out"]["shape"] = np.array([5])


@case("the shape of its input is not known")
def unknown_shape(graph):
    graph["nodes"] = {"n": dict(LIF, tau=F(0.002), r=F(1), v_leak=F(0),
                                v_threshold=F(1))}
    graph["edges"] = []


@case("its input is [2, 4]; 2 channels and 2 axes are expected")
def conv_axes(graph):
    maps(graph, CONV, (2, 4))


@case("its window does not fit the input of 2 along axis 1")
def conv_window(graph):
    maps(graph, CONV, (2, 2, 2))


@case("2 channels do not divide into 3 groups")
def conv_groups(graph):
    maps(graph, dict(CONV, groups=np.int64(3)))


@case("'weight' has 2 axes; it must have 4")
def conv_weight(graph):
    maps(graph, dict(CONV, weight=F([[1, 2], [3, 4]])))


@case("'padding' is 'full'; it must be numbers, same or valid")
def conv_padding(graph):
    maps(graph, dict(CONV, padding="full"))


@case("padding same goes with stride 1 only")
def conv_same(graph):
    maps(graph, dict(CONV, padding="same", stride=np.int64(2)))


@case("'stride' is 0; it must be an integer from 1 on")
def conv_stride(graph):
    maps(graph, dict(CONV, stride=np.int64(0)))


@case("'stride' must be one or 2 integers")
def conv_strides(graph):
    maps(graph, dict(CONV, stride=np.array([1, 1, 1])))


@case("'input_shape' must have 2 sizes")
def conv_input(graph):
    maps(graph, dict(CONV, input_shape=np.array([4])))


@case("'padding' 2 is more than half of the window 2")
def pool_padding(graph):
    maps(graph, {"type": "SumPool2d", "kernel_size": np.int64(2),
                 "stride": np.int64(2), "padding": np.int64(2)})


@case("start_dim 5 and end_dim -1 are no axes of [2, 4, 4]")
def flatten_axes(graph):
    maps(graph, {"type": "Flatten", "start_dim": np.int64(5),
                 "end_dim": np.int64(-1)})


# ---- Conventions. ----------------------------------------------------------------

@case("a time constant of neuron 0 is shorter than the step of 0.0025",
      ["--dt", "0.0025"])
def short_tau(graph):
    pass


@case("spikingjelly's neurons have r = 1 or r = tau / dt",
      ["--convention", "spikingjelly"])
def spikingjelly_r(graph):
    graph["nodes"]["n"]["r"] = F([3, 3])


@case("convention loihi takes no bias", ["--convention", "loihi"])
def loihi_bias(graph):
    graph["nodes"]["n"]["tau"] = F([0.002, 0.002])


@case("convention loihi needs weights times gain from -1 to 255/256",
      ["--convention", "loihi"])
def loihi_weight(graph):
    graph["nodes"]["w"].update(bias=F([0, 0]), weight=F([[100, 0], [0, 1]]))
    graph["nodes"]["n"]["tau"] = F([0.002, 0.002])


@case("convention loihi needs one gain in a layer", ["--convention", "loihi"])
def loihi_gain(graph):
    graph["nodes"]["w"]["bias"] = F([0, 0])


@case("--reset must be auto, value, subtract, value-late, subtract-late or none, "
      "got 'soft'", ["--reset", "soft"], 2)
def option_word(graph):
    pass


@case("--dt must be auto or a number above 0, got '0'", ["--dt", "0"], 2)
def option_number(graph):
    pass


@case("the nir reader has no option 'batch'", ["--batch", "none"], 2)
def option_unknown(graph):
    pass


@case("does not go with a reset in the next step",
      ["--reset", "value-late", "--spikes-per-step", "many"], 2)
def option_pair(graph):
    pass


# ---- Rarer ones. -------------------------------------------------------------------

def alone(graph, node, shape):
    """Only an input before the node."""
    graph["nodes"] = {"in": {"type": "Input", "shape": np.array(shape)}, "w": node}
    graph["edges"] = [("in", "w")]


@case("'delay' must have one number for each of the 32 elements")
def delay_count(graph):
    alone(graph, {"type": "Delay", "delay": F([[[0]], [[1]]])}, (2, 4, 4))


@case("'delay' changes more than 4096 times", ["--dt", "1"])
def delay_runs(graph):
    delays = np.tile(np.array([0, 1], dtype=np.int8), 2100)
    alone(graph, {"type": "Delay", "delay": delays}, (4200,))


@case("a number of neuron 0 is beyond f32 after discretisation with dt = 1e+10",
      ["--dt", "1e10"])
def gain_range(graph):
    graph["nodes"]["n"] = {"type": "IF", "r": F([1e30, 1]), "v_threshold": F([1, 1])}


@case("spikingjelly has no neuron with a synaptic current",
      ["--convention", "spikingjelly"])
def spikingjelly_cuba(graph):
    graph["nodes"]["n"] = {"type": "CubaLI", "r": F([1, 1]), "v_leak": F([0, 0]),
                           "tau_mem": F([0.002, 0.002]), "tau_syn": F([0.002, 0.002])}


@case("'shape' has the size 65536; sizes are integers from 1 on, fewer than 2^31 "
      "elements in all")
def shape_elements(graph):
    graph["nodes"]["in"]["shape"] = np.array([65536, 65536])


@case("'weight' has 4200 products in its leading axes; at most 4096 are read")
def products(graph):
    alone(graph, {"type": "Linear", "weight": np.ones((4200, 1, 1), dtype=np.int8)},
          (4200, 1))


@case("its result has 2^31 elements or more")
def conv_result(graph):
    maps(graph, dict(CONV, padding=np.int64(40000)))


@case("its input is [2, 4]; a map has three axes")
def pool_axes(graph):
    maps(graph, {"type": "SumPool2d", "kernel_size": np.int64(2),
                 "stride": np.int64(2), "padding": np.int64(0)}, (2, 4))


def loihi(graph, **neuron):
    """A layer that convention loihi takes, but for what is given."""
    graph["nodes"]["w"]["bias"] = F([0, 0])
    graph["nodes"]["w"]["weight"] = F([[0.5, 0], [0, 0.5]])
    graph["nodes"]["n"] = dict(LIF, **{"tau": F([0.002, 0.002]), **neuron})


@case("convention loihi needs neurons behind every projection; 'out' is a Output",
      ["--convention", "loihi"])
def loihi_output(graph):
    loihi(graph)
    del graph["nodes"]["n"]
    graph["edges"] = [("in", "w"), ("w", "out")]


@case("convention loihi needs one 'tau' in a layer", ["--convention", "loihi"])
def loihi_tau(graph):
    loihi(graph, tau=F([0.002, 0.004]), r=F([1, 2]))


@case("'tau' is shorter than the step of 0.01",
      ["--convention", "loihi", "--dt", "0.01"])
def loihi_step(graph):
    loihi(graph)
    graph["nodes"]["w"]["weight"] = F([[0, 0], [0, 0]])


@case("convention loihi needs one threshold in a layer", ["--convention", "loihi"])
def loihi_thresholds(graph):
    loihi(graph, v_threshold=F([1, 2]))


@case("convention loihi needs thresholds from 0 to 512, this one is 600",
      ["--convention", "loihi"])
def loihi_threshold(graph):
    loihi(graph, v_threshold=F([600, 600]))


@case("convention loihi takes spiking neurons that leak to 0 and reset to 0",
      ["--convention", "loihi"])
def loihi_leak(graph):
    loihi(graph, v_leak=F([0.5, 0.5]))


@case("convention loihi needs a Linear or a convolution before the neurons",
      ["--convention", "loihi"])
def loihi_input(graph):
    loihi(graph)
    del graph["nodes"]["w"]
    graph["edges"] = [("in", "n"), ("n", "out")]


@case("--spikes-per-step many does not go with --convention loihi",
      ["--convention", "loihi", "--spikes-per-step", "many"], 2)
def loihi_many(graph):
    pass


def main(folder):
    os.makedirs(folder, exist_ok=True)
    expected = {}
    for name, (change, message, options, code) in CASES.items():
        graph = copy.deepcopy(CHAIN)
        path = os.path.join(folder, name + ".nir")
        if change(graph) == "no node":
            with h5py.File(path, "w") as file:
                file["version"] = "1.0.8"
        else:
            write(path, graph)
        expected[name] = {"message": message, "options": options, "exit": code}
    with open(os.path.join(folder, "expected.json"), "w") as text:
        json.dump(expected, text, indent=1, sort_keys=True)
        text.write("\n")


main(sys.argv[1])
