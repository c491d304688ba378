"""Runs a NIR graph in binary64 from the equations of NIR's paper, step by step.

Shares nothing with the reader. A graph is {"nodes": {name: node}, "edges": [(a, b)]};
a node is {"type": .., parameters}, nested graphs are nodes with "nodes" and "edges".
NEAR counts potentials so near a threshold that f32 may decide otherwise."""
import math

import numpy as np

STATE = ("I", "IF", "LI", "LIF", "CubaLI", "CubaLIF")
FIRES = ("IF", "LIF", "CubaLIF")
MARGIN = 2e-5


def flatten(graph, prefix=""):
    """Nodes and edges without nesting; ports of nested graphs become "Port"."""
    nodes, edges = {}, []
    for name, node in graph["nodes"].items():
        if node["type"] == "NIRGraph":
            inner, links = flatten(node, prefix + name + "/")
            nodes.update(inner)
            edges += links
        else:
            port = prefix and node["type"] in ("Input", "Output")
            nodes[prefix + name] = dict(node, type="Port") if port else node

    def end(name, kind):
        node = graph["nodes"][name]
        if node["type"] != "NIRGraph":
            return prefix + name
        port = [n for n, v in node["nodes"].items() if v["type"] == kind]
        return prefix + name + "/" + port[0]

    for a, b in graph["edges"]:
        edges.append((end(a, "Output"), end(b, "Input")))
    return nodes, edges


def reach(start, links):
    seen, todo = set(), list(links.get(start, ()))
    while todo:
        at = todo.pop()
        if at not in seen:
            seen.add(at)
            todo += links.get(at, ())
    return seen


def distances(nodes, edges):
    far = {n: 0 for n, v in nodes.items() if v["type"] == "Input"}
    changed = True
    while changed:
        changed = False
        for a, b in edges:
            if a in far and far[a] + 1 < far.get(b, math.inf):
                far[b] = far[a] + 1
                changed = True
    return far


class Network:
    def __init__(self, graph, options):
        self.nodes, edges = flatten(graph)
        self.edges = sorted(set(edges))
        self.o = options
        self.near = 0
        self.cut = set()
        self.order = self.schedule()
        self.state, self.last, self.history = {}, {}, {}

    # ---- Order of one step.

    def takes_time(self, name):
        node = self.nodes[name]
        return node["type"] == "Delay" and \
            np.all(np.asarray(node["delay"]) / self.o["dt"] >= 0.5)

    def waits(self, done):
        """Edges that hold up what is not done."""
        return [(a, b) for a, b in self.edges
                if a not in done and b not in done and (a, b) not in self.cut
                and not self.takes_time(a)]

    def schedule(self):
        far = distances(self.nodes, self.edges)
        order, done = [], set()
        while len(done) < len(self.nodes):
            blocked = {b for _, b in self.waits(done)}
            ready = [n for n in self.nodes if n not in done and n not in blocked]
            if ready:
                order += ready
                done.update(ready)
            else:
                self.break_cycles(done, far)
        return order

    def break_cycles(self, done, far):
        links, back = {}, {}
        for a, b in self.waits(done):
            links.setdefault(a, set()).add(b)
            back.setdefault(b, set()).add(a)
        left = [n for n in self.nodes if n not in done]
        before = {n: reach(n, back) for n in left}
        # First cycles: all that leads there is reached from there, too.
        groups = {frozenset(before[n]) for n in left
                  if n in before[n] and all(n in before[m] for m in before[n])}
        for group in groups:
            held = [n for n in group if self.nodes[n]["type"] in STATE]
            least = min(far.get(n, math.inf) for n in held)
            for name in held:
                if far.get(name, math.inf) == least:
                    self.cut_before(name, back)

    def cut_before(self, name, back):
        seen, todo = {name}, [name]
        while todo:
            at = todo.pop()
            for a in back.get(at, ()):
                if self.nodes[a]["type"] in STATE:
                    self.cut.add((a, at))
                elif a not in seen:
                    seen.add(a)
                    todo.append(a)

    # ---- Values.

    def step(self, inputs):
        """Values of all nodes in one step, by name."""
        now = {}
        for name in [n for n in self.order if self.takes_time(n)]:
            now[name] = self.delayed(name, None)
        for name in self.order:
            if name in now:
                continue
            node = self.nodes[name]
            if node["type"] == "Input":
                now[name] = inputs[name]
                continue
            now[name] = self.value(name, node, self.arriving(name, now))
        for name, node in self.nodes.items():
            if node["type"] == "Delay":
                self.history.setdefault(name, []).append(self.arriving(name, now))
        self.last = now
        return now

    def arriving(self, name, now):
        total = 0.0
        for a, b in self.edges:
            if b != name:
                continue
            if (a, b) in self.cut:
                total = total + self.last.get(a, 0.0)
            else:
                total = total + now[a]
        return total

    def delayed(self, name, x):
        node = self.nodes[name]
        steps = np.floor(np.asarray(node["delay"]) / self.o["dt"] + 0.5).astype(int)
        past = self.history.get(name, [])
        out = np.zeros(steps.shape)
        for i in np.ndindex(steps.shape):
            k = steps[i]
            if k == 0:
                out[i] = np.broadcast_to(x, steps.shape)[i]
            elif k <= len(past):
                out[i] = np.broadcast_to(past[-k], steps.shape)[i]
        return out

    def value(self, name, node, x):
        kind = node["type"]
        if kind in ("Output", "Port"):
            return x
        if kind in ("Linear", "Affine"):
            x = np.broadcast_to(x, (node["weight"].shape[1],))
            return node["weight"] @ x + node.get("bias", 0.0)
        if kind in ("Conv1d", "Conv2d"):
            return convolve(node, x)
        if kind in ("AvgPool2d", "SumPool2d"):
            return pool(node, x)
        if kind == "Scale":
            return node["scale"] * x
        if kind == "Flatten":
            return np.reshape(x, -1)
        if kind == "Delay":
            return self.delayed(name, x)
        if kind == "Threshold":
            self.look(x, node["threshold"])
            return (x > node["threshold"]).astype(float)
        return self.neuron(name, node, x)

    def look(self, v, theta):
        self.near += np.count_nonzero(np.abs(v - theta) < MARGIN)

    def factors(self, tau):
        k = self.o["dt"] / tau
        return (np.exp(-k), 1 - np.exp(-k)) if self.o["scheme"] == "exponential" \
            else (1 - k, k)

    def neuron(self, name, node, x):
        kind = node["type"]
        v, i = self.state.get(name, (0.0, 0.0))
        if kind in ("I", "IF"):
            v = v + self.o["dt"] * node["r"] * x
        else:
            drive = x
            if kind.startswith("Cuba"):
                keep, part = self.factors(node["tau_syn"])
                old, i = i, keep * i + part * node.get("w_in", 1.0) * x
                drive = i if self.o["current"] == "new" else old
            keep, part = self.factors(node["tau" if "tau" in node else "tau_mem"])
            v = keep * v + part * (node["r"] * drive + node["v_leak"])
        shape = np.shape(node["r"])
        v = np.broadcast_to(v, np.broadcast_shapes(np.shape(v), shape))
        if kind not in FIRES:
            self.state[name] = v, i
            return v
        theta = node["v_threshold"]
        self.look(v, theta)
        s = (v > theta).astype(float)
        if self.o["reset"] == "value":
            v = np.where(s > 0, node.get("v_reset", 0.0), v)
        else:
            v = v - s * theta
        self.state[name] = v, i
        return s


def pair(value, axes):
    return list(np.broadcast_to(np.asarray(value).reshape(-1), (axes,)))


def convolve(node, x):
    w = node["weight"]
    axes = w.ndim - 2
    stride, dilation = pair(node["stride"], axes), pair(node["dilation"], axes)
    begin, end = [], []
    for a in range(axes):
        total = dilation[a] * (w.shape[2 + a] - 1)
        if isinstance(node["padding"], str):
            total = total if node["padding"] == "same" else 0
            begin.append(total // 2)
            end.append(total - total // 2)
        else:
            begin.append(pair(node["padding"], axes)[a])
            end.append(begin[a])
    x = np.pad(x, [(0, 0)] + list(zip(begin, end)))
    size = [(x.shape[1 + a] - dilation[a] * (w.shape[2 + a] - 1) - 1) // stride[a] + 1
            for a in range(axes)]
    out = np.zeros([w.shape[0]] + size)
    per = w.shape[0] // int(node["groups"])
    for o in range(w.shape[0]):
        first = o // per * w.shape[1]
        for at in np.ndindex(*size):
            for c in range(w.shape[1]):
                for k in np.ndindex(*w.shape[2:]):
                    where = tuple(at[a] * stride[a] + k[a] * dilation[a]
                                  for a in range(axes))
                    out[(o,) + at] += w[(o, c) + k] * x[(first + c,) + where]
    return out + np.reshape(node["bias"], (-1,) + (1,) * axes)


def pool(node, x):
    kernel, stride = pair(node["kernel_size"], 2), pair(node["stride"], 2)
    padding = pair(node["padding"], 2)
    x = np.pad(x, [(0, 0), (padding[0],) * 2, (padding[1],) * 2])
    size = [(x.shape[1 + a] - kernel[a]) // stride[a] + 1 for a in range(2)]
    out = np.zeros([x.shape[0]] + size)
    for i, j in np.ndindex(*size):
        window = x[:, i * stride[0]:i * stride[0] + kernel[0],
                   j * stride[1]:j * stride[1] + kernel[1]]
        out[:, i, j] = window.sum(axis=(1, 2))
    return out / (kernel[0] * kernel[1]) if node["type"] == "AvgPool2d" else out
