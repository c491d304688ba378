"""Broken netx files, one a diagnostic: make_malformed.py FOLDER.

Writes FOLDER/NAME.net for each case and FOLDER/expected.json: the options, the exit
code and a part of the message. check_malformed.py runs them."""
import json
import os
import sys

import h5py
import numpy as np

from make_netx import add_layer, dense, lif, resonator, sdnn, write

W = np.array([[10, -20, 30], [4, 6, -8]], dtype=np.int16)
CASES = {}


def case(message, options=(), code=1):
    """Registers a builder under its name, with what its file must provoke."""
    def register(build):
        CASES[build.__name__] = (build, message, list(options), code)
        return build
    return register


# ---- Containers. ---------------------------------------------------------------

@case("not an HDF5 file, or damaged or cut off")
def cut_off(root):
    dense(root, 0, W, lif())


@case("no group '/layer': it is HDF5, but not a netx network")
def no_layers(root):
    root["weights"] = W


@case("'/layer' has no group '0'")
def empty(root):
    root.create_group("layer")


@case("numbered without a gap only up to 0")
def gap(root):
    dense(root, 0, W, lif())
    dense(root, 2, W.T, lif())


@case("only hard links are followed")
def soft_link(root):
    dense(root, 0, W, lif())
    root["layer/0/bias"] = h5py.SoftLink("/layer/0/shape")


@case("external or custom link")
def external_link(root):
    dense(root, 0, W, lif())
    root["layer/0/bias"] = h5py.ExternalLink("other.h5", "/x")


@case("keeps its data in another file")
def external_data(root):
    dense(root, 0, W, lif())
    root.create_dataset("layer/0/bias", shape=(2,), dtype="i4",
                        external=[("other.raw", 0, 8)])


@case("is a virtual dataset, assembled from other files")
def virtual_data(root):
    dense(root, 0, W, lif())
    layout = h5py.VirtualLayout(shape=(2,), dtype="i4")
    layout[:] = h5py.VirtualSource("other.h5", "x", shape=(2,))
    root.create_virtual_dataset("layer/0/bias", layout)


@case("is packed with filter")
def other_filter(root):
    dense(root, 0, W, lif())
    root.create_dataset("layer/0/bias", data=np.zeros(2, "i4"), chunks=(2,),
                        scaleoffset=4)


@case("needs 4294967296 bytes; all data of a file may take 1073741824")
def bomb(root):
    dense(root, 0, W, lif())
    root.create_dataset("layer/0/bias", shape=(1 << 30,), dtype="i4",
                        chunks=(1 << 16,), compression="gzip")


@case("nested more than 16 deep, or a loop of links")
def loop(root):
    dense(root, 0, W, lif())
    root["layer/0/again"] = root["layer"]


# ---- Layers. ---------------------------------------------------------------------

@case("layer type 'pool' cannot be read: the vendor's loader does not implement")
def pool(root):
    add_layer(root, 0, "pool", shape=np.array([1, 2, 2]))
    add_layer(root, 1, "concat", shape=np.array([1, 2, 2]))


@case("layer type 'concat' cannot be read")
def all_at_once(root):
    add_layer(root, 0, "pool", shape=np.array([1, 2, 2]))
    add_layer(root, 1, "concat", shape=np.array([1, 2, 2]))


@case("`dense` layer with weight/real and weight/imag is the same")
def dense_comp(root):
    dense(root, 0, W, lif(), kind="dense_comp")


@case("layer type 'attention' cannot be read: no netx reader gives it a meaning")
def unknown_layer(root):
    add_layer(root, 0, "attention")


@case("'/layer/0/type' is missing")
def no_type(root):
    add_layer(root, 0, None, lif(), shape=np.array([2]), weight=W)


@case("'/layer/0/type' must be text, but is a number")
def number_type(root):
    add_layer(root, 0, None, lif(), shape=np.array([2]), weight=W)
    root["layer/0/type"] = 3


@case("'/layer/0/shape' is missing")
def no_shape(root):
    add_layer(root, 0, "dense", lif(), weight=W)


@case("sizes are positive and a layer has fewer than 2^31 neurons")
def huge_shape(root):
    add_layer(root, 0, "dense", lif(), weight=W,
              shape=np.array([1 << 16, 1 << 16, 2]))


@case("'/layer/0/weight' is missing")
def no_weight(root):
    add_layer(root, 0, "dense", lif(), shape=np.array([2]))


@case("'/layer/0/weight' has 6 elements on 2 axes; for 5 neurons it must be (5,")
def wrong_rows(root):
    add_layer(root, 0, "dense", lif(), shape=np.array([5]), weight=W)


@case("element 1 is nan; it must be an integer of 32 bits")
def nan_weight(root):
    dense(root, 0, np.array([[1, np.nan]], "f4"), lif())


@case("'/layer/1/weight' has 3 columns, but the layer before sends 2 values")
def wrong_columns(root):
    dense(root, 0, W, lif())
    dense(root, 1, W, lif())


@case("'/layer/0/weight' must be numbers, but is compound")
def compound_weight(root):
    add_layer(root, 0, "dense", lif(), shape=np.array([2]))
    root["layer/0/weight"] = np.zeros(2, dtype=[("r", "f4"), ("i", "f4")])


def conv(root, index, weight, shape, **fields):
    add_layer(root, index, "conv", lif(), weight=weight, shape=np.array(shape),
              **fields)


@case("the file has no input layer, so the input of '/layer/0' has no shape")
def no_input_shape(root):
    conv(root, 0, np.full((2, 1, 3, 3), 2, "i2"), [2, 4, 4])


@case("says 2 x 5 x 4 (channels, height, width), but the convolution gives "
      "2 x 4 x 4", ["--input-shape", "6,6,1"])
def conv_shape(root):
    conv(root, 0, np.full((2, 1, 3, 3), 2, "i2"), [2, 5, 4])


@case("is for 1 channels in 1 groups, its input has 3",
      ["--input-shape", "6,6,3"])
def conv_channels(root):
    conv(root, 0, np.full((2, 1, 3, 3), 2, "i2"), [2, 4, 4])


@case("'/layer/0/stride' is 0; it must be 1 to 65535",
      ["--input-shape", "6,6,1"])
def zero_stride(root):
    conv(root, 0, np.full((2, 1, 3, 3), 2, "i2"), [2, 4, 4], stride=0)


@case("a flatten layer must stand between them", ["--input-shape", "4,4,1"])
def no_flatten(root):
    conv(root, 0, np.full((2, 1, 3, 3), 2, "i2"), [2, 2, 2])
    dense(root, 1, np.full((1, 8), 2, "i2"), lif())


@case("is an input layer behind other layers")
def late_input(root):
    dense(root, 0, W, lif())
    add_layer(root, 1, "input", lif(), shape=np.array([1, 2, 2]))


@case("no layer is left: the file has 1, 1 are skipped", ["--skip-layers", "1"])
def all_skipped(root):
    dense(root, 0, W, lif())


@case("fits neither the 2 neurons nor the 3 inputs nor both")
def wrong_delay(root):
    dense(root, 0, W, lif(), delay=np.zeros(5, "i4"))


@case("is recurrent and has delays; the vendor's loader refuses both together")
def recurrent_delay(root):
    dense(root, 0, W, lif(), kind="dense_rec", delay=1,
          weight_rec=np.zeros((2, 2), "i2"))


@case("'/layer/0/weight_rec' is missing")
def no_recurrent_weight(root):
    dense(root, 0, W, lif(), kind="dense_rec")


@case("the vendor's loader makes both synapses binary, which loses the messages")
def graded_recurrent(root):
    dense(root, 0, W, sdnn(), kind="dense_rec",
          weight_rec=np.zeros((2, 2), "i2"))


@case("'/layer/0/bias' has 3 elements; the layer has 2 neurons")
def wrong_bias(root):
    dense(root, 0, W, lif(), bias=np.zeros(3, "i4"))


# ---- Neurons. ---------------------------------------------------------------------

@case("neuron type 'ALIF' of '/layer/0' is not known")
def unknown_neuron(root):
    dense(root, 0, W, dict(type="ALIF"))


@case("'/layer/0/neuron/iDecay' is missing")
def no_decay(root):
    dense(root, 0, W, dict(type="CUBA", vDecay=1, vThMant=1))


@case("'/layer/0/neuron/iDecay' is 4097; a decay is 0 to 4096")
def wide_decay(root):
    dense(root, 0, W, lif(i_decay=4097))


@case("'/layer/0/neuron/vThMant' is 131072; a threshold is 0 to 131071")
def wide_threshold(root):
    dense(root, 0, W, lif(vth=131072))


@case("the threshold, is missing")
def no_threshold(root):
    dense(root, 0, W, dict(type="SDNN"))


@case("need a dense layer with weight/real and weight/imag")
def real_resonator(root):
    dense(root, 0, W, resonator("RF_PHASE", 2000, 3400))


@case("has complex weights; they need RF neurons")
def complex_lif(root):
    add_layer(root, 0, "dense", lif(), shape=np.array([2]), weight_real=W,
              weight_imag=W)


@case("their squares may add up to 4096^2")
def growing_resonator(root):
    add_layer(root, 0, "dense", resonator("RF_IZ", 4000, 4000),
              shape=np.array([2]), weight_real=W, weight_imag=W)


@case("is a sigma output and has a bias; the vendor's loader refuses both")
def sigma_bias(root):
    dense(root, 0, W, sdnn(sigma_output=True), bias=np.zeros(2, "i4"))


@case("shifted by 12 it leaves 32 bits")
def wide_bias(root):
    dense(root, 0, W, sdnn(), bias=np.array([1 << 20, 0]))


# ---- Options. ----------------------------------------------------------------------

@case("--layer-lag must be an integer from 0 to 1, got '2'",
      ["--layer-lag", "2"], 2)
def option_range(root):
    dense(root, 0, W, lif())


@case("--input-shape must be one to three sizes as x,y,f",
      ["--input-shape", "4,,1"], 2)
def option_shape(root):
    dense(root, 0, W, lif())


@case("--encode li sends f32, but '/layer/0' takes spike",
      ["--encode", "li"], 2)
def encoder_type(root):
    dense(root, 0, W, lif())


@case("model 'if_zero' has no param 'tau'", ["--encode", "if_zero{tau=2.0}"], 2)
def encoder_param(root):
    dense(root, 0, W, lif())


@case("--readout li takes f32, but the network sends spike",
      ["--readout", "li"], 2)
def readout_type(root):
    dense(root, 0, W, lif())


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    expected = {}
    for name, (build, message, options, code) in CASES.items():
        path = os.path.join(folder, name + ".net")
        write(path, build)
        expected[name] = {"message": message, "options": options, "exit": code}
    path = os.path.join(folder, "cut_off.net")
    os.truncate(path, os.path.getsize(path) // 2)
    with open(os.path.join(folder, "expected.json"), "w") as out:
        json.dump(expected, out, indent=1, sort_keys=True)
        out.write("\n")


main()
