"""netx files made with h5py: the pieces that tests put together."""
import h5py
import numpy as np


def put(group, name, value):
    """A number, an array, or text as slayer writes it (fixed, ten bytes)."""
    if isinstance(value, str):
        value = np.array([value.encode()], dtype="S10")
    group[name] = value


def add_neuron(layer, neuron):
    group = layer.create_group("neuron")
    for name, value in neuron.items():
        group[name] = value


def add_layer(root, index, kind, neuron=None, **fields):
    layer = root.require_group("layer/%s" % index)
    if kind is not None:
        put(layer, "type", kind)
    for name, value in fields.items():
        layer[name.replace("weight_real", "weight/real")
              .replace("weight_imag", "weight/imag")] = value
    if neuron:
        add_neuron(layer, neuron)
    return layer


def lif(i_decay=1024, v_decay=128, vth=80, **more):
    return dict(type="CUBA", iDecay=np.int64(i_decay), vDecay=np.int64(v_decay),
                vThMant=np.int64(vth), **more)


def sdnn(vth=1, **more):
    return dict(type="SDNN", vThMant=np.int64(vth), **more)


def resonator(kind, sine, cosine, vth=10):
    return dict(type=kind, sinDecay=np.int64(sine), cosDecay=np.int64(cosine),
                vThMant=np.int64(vth))


def dense(root, index, weight, neuron, kind="dense", **fields):
    weight = np.asarray(weight)
    rows = weight.shape[0]
    return add_layer(root, index, kind, neuron, shape=np.array([rows]),
                     weight=weight, **fields)


def write(path, build):
    with h5py.File(path, "w", libver="earliest", track_order=False) as root:
        build(root)
