"""Random NIR graphs with every node type, nesting, branches, recurrence and delays."""
import string

import h5py
import numpy as np


class Generator:
    def __init__(self, seed, dt):
        self.rng = np.random.default_rng(seed)
        self.dt = dt
        self.names = set()

    def name(self):
        """Fresh, and of no order that means anything."""
        while True:
            letters = list(string.ascii_lowercase + string.digits + "._-")
            name = "".join(self.rng.choice(letters, 4))
            if name not in self.names and name.strip("."):
                self.names.add(name)
                return name

    def numbers(self, low, high, shape):
        return self.rng.uniform(low, high, shape)

    def each(self, low, high, shape):
        """One number a neuron, or one for all in one of three spellings."""
        choice = self.rng.integers(4)
        if choice == 0:
            return np.float64(self.rng.uniform(low, high))
        if choice == 1 and len(shape) == 1:
            return self.numbers(low, high, (1,))
        if choice == 2:
            return np.full(shape, self.rng.uniform(low, high))
        return self.numbers(low, high, shape)

    def neuron(self, kind, shape):
        node = {"type": kind, "r": self.each(0.5, 4.0, shape)}
        if kind in ("I", "IF"):
            node["r"] = node["r"] / (4 * self.dt)
        else:
            node["v_leak"] = self.each(-0.2, 0.3, shape)
            cuba = kind.startswith("Cuba")
            node["tau_mem" if cuba else "tau"] = self.each(1.5, 9.0, shape) * self.dt
            if cuba:
                node["tau_syn"] = self.each(1.2, 6.0, shape) * self.dt
                if self.rng.integers(2):
                    node["w_in"] = self.each(0.5, 3.0, shape)
        if kind in ("IF", "LIF", "CubaLIF"):
            node["v_threshold"] = self.each(0.2, 1.0, shape)
            if self.rng.integers(2):
                node["v_reset"] = self.each(-0.2, 0.1, shape)
        return node

    def some_neuron(self, shape):
        kinds = ["IF", "LIF", "CubaLIF", "LIF", "CubaLIF", "I", "LI", "CubaLI"]
        return self.neuron(str(self.rng.choice(kinds)), shape)

    def linear(self, inputs, outputs):
        node = {"type": "Linear",
                "weight": self.numbers(-1, 1.2, (outputs, inputs))}
        if self.rng.integers(2):
            node["type"] = "Affine"
            node["bias"] = self.numbers(-0.2, 0.4, (outputs,)) \
                if self.rng.integers(4) else np.bool_(False)
        return node

    def conv(self, shape):
        axes = len(shape) - 1
        kernel = [int(self.rng.integers(1, min(4, s + 1))) for s in shape[1:]]
        groups = int(self.rng.choice([g for g in (1, 2) if shape[0] % g == 0]))
        outputs = groups * int(self.rng.integers(1, 3))
        node = {"type": "Conv%dd" % axes, "groups": np.int64(groups),
                "weight": self.numbers(-1, 1.2, [outputs, shape[0] // groups] + kernel),
                "bias": self.numbers(-0.2, 0.3, (outputs,)), "dilation": np.int64(1)}
        padding = self.rng.integers(3)
        node["padding"] = ["same", "valid", np.int64(1)][padding]
        stride = 1 if padding == 0 else int(self.rng.integers(1, 3))
        node["stride"] = np.full(axes, stride) if self.rng.integers(2) \
            else np.int64(stride)
        if self.rng.integers(2):
            node["input_shape"] = np.array(shape[1:]) if axes == 2 \
                else np.int64(shape[1])
        pads = [k - 1 if padding == 0 else 2 * (padding == 2) for k in kernel]
        return node, [outputs] + [(s + p - k) // stride + 1
                                  for s, p, k in zip(shape[1:], pads, kernel)]

    def pool(self, shape):
        kernel = [min(2, s) for s in shape[1:]]
        node = {"type": str(self.rng.choice(["AvgPool2d", "SumPool2d"])),
                "kernel_size": np.array(kernel), "stride": np.int64(1),
                "padding": np.int64(0)}
        return node, [shape[0]] + [s - k + 1 for s, k in zip(shape[1:], kernel)]

    def plain(self, shape):
        """A node without state, and the shape behind it."""
        choice = self.rng.integers(6)
        if choice == 0:
            return {"type": "Scale", "scale": self.each(0.5, 1.5, shape)}, shape
        if choice == 1:
            return {"type": "Threshold",
                    "threshold": self.each(0.1, 0.6, shape)}, shape
        if choice == 2:
            steps = self.rng.integers(0, 4, shape) if self.rng.integers(2) \
                else np.full(shape, self.rng.integers(0, 4))
            return {"type": "Delay", "delay": steps * self.dt}, shape
        if len(shape) == 3 and choice == 3:
            return self.pool(shape)
        if len(shape) > 1:
            return self.conv(shape)
        outputs = int(self.rng.integers(1, 6))
        return self.linear(shape[0], outputs), [outputs]

    # ---- Graphs.

    def recur(self, nodes, edges, name, shape):
        """A way back to the neuron: itself, synapses, a delay, another neuron."""
        choice = self.rng.integers(5)
        if choice == 0:
            edges.append((name, name))
            return
        way = []
        if choice in (2, 4):
            way.append({"type": "Delay",
                        "delay": np.full(shape, self.rng.integers(0, 3)) * self.dt})
        if choice in (3, 4):
            way.append({"type": "Scale", "scale": self.numbers(-1, 1, shape)})
            way.append(self.some_neuron(shape))
        way.append(self.linear(shape[0], shape[0]) if len(shape) == 1
                   else {"type": "Scale", "scale": self.numbers(-1, 1, shape)})
        at = name
        for node in way:
            following = self.name()
            nodes[following] = node
            edges.append((at, following))
            at = following
        edges.append((at, name))

    def chain(self, nodes, edges, at, shape, depth):
        """Some layers behind `at`; name and shape of the last."""
        for _ in range(int(self.rng.integers(2, 5))):
            name = self.name()
            if depth < 2 and self.rng.integers(5) == 0:
                nodes[name], after = self.graph(shape, depth + 1)
            elif self.rng.integers(2):
                nodes[name], after = self.some_neuron(shape), shape
                if self.rng.integers(2):
                    self.recur(nodes, edges, name, shape)
            else:
                nodes[name], after = self.plain(shape)
            edges.append((at, name))
            if list(after) == list(shape) and self.rng.integers(3) == 0:
                # A way around the layer: both arrive at the next as a sum.
                join = self.name()
                nodes[join] = {"type": "Scale", "scale": self.each(0.5, 1.2, shape)}
                edges += [(at, join), (name, join)]
                name = join
            at, shape = name, after
        return at, shape

    def graph(self, shape, depth=0):
        nodes, edges = {}, []
        first, last = self.name(), self.name()
        nodes[first] = {"type": "Input", "shape": np.array(shape)}
        at, after = self.chain(nodes, edges, first, shape, depth)
        if depth == 0 and len(after) > 1 and self.rng.integers(2):
            flat = self.name()
            nodes[flat] = {"type": "Flatten", "start_dim": np.int64(0),
                           "end_dim": np.int64(-1)}
            edges.append((at, flat))
            at, after = flat, [int(np.prod(after))]
        nodes[last] = {"type": "Output", "shape": np.array(after)}
        edges.append((at, last))
        order = self.rng.permutation(len(edges))
        return {"type": "NIRGraph", "nodes": nodes,
                "edges": [edges[i] for i in order]}, after


def write(path, graph, version="1.0.8"):
    def put(group, node):
        for key, value in node.items():
            if key == "nodes":
                inner = group.create_group("nodes")
                for name, child in value.items():
                    put(inner.create_group(name), child)
            elif key == "edges":
                group.create_dataset("edges", data=[list(e) for e in value],
                                     dtype=h5py.string_dtype())
            else:
                group.create_dataset(key, data=value)

    with h5py.File(path, "w") as file:
        file.create_dataset("version", data=version)
        put(file.create_group("node"), graph)
