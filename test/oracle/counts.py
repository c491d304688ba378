"""Events, spikes and updates of each population, from the values of a run and the
definitions in include/sf/counts.h."""
from evaluate import Network, positions, product

PASSAGES = {"add", "concat", "slice", "reshape", "transpose", "delay"}
PROJECTIONS = {"linear", "conv", "convt", "sparse", "pool"}


def non_zero(data):
    return sum(1 for x in data if x != 0)


def sources(ops, value, found):
    """Projections and plain values that reach `value` (names, each once)."""
    op = ops.get(value)
    if value in found["seen"]:
        return
    found["seen"].add(value)
    if op and op.op in PASSAGES and not is_leaf(ops, value):
        for use in op.uses:
            if use.startswith("%"):
                sources(ops, use, found)
    else:
        found["list"].append(value)


def is_leaf(ops, value):
    """A slice or delay that no projection feeds."""
    if ops[value].op not in ("slice", "delay"):
        return False
    work, seen = [value], set()
    while work:
        name = work.pop()
        op = ops.get(name)
        if name in seen or not op:
            continue
        seen.add(name)
        if op.op in PROJECTIONS:
            return False
        if op.op in PASSAGES:
            work += [u for u in op.uses if u.startswith("%")]
    return True


def window_events(network, op, x_type, data):
    d = len(x_type.shape) - 1
    t = op.types[0]
    strides = Network.axes(op, "stride", d, 1)
    pad = Network.axes(op, "pad", 2 * d, 0)
    dilation = Network.axes(op, "dilation", d, 1)
    if op.op == "pool":
        kernel, groups, targets = Network.axes(op, "kernel", d, 1), None, 1
    else:
        w = network.module.blobs[op.uses[1]].type.shape
        kernel, targets = w[2:], t.shape[0] // op.attrs.get("groups", 1)
    events, plane = 0, product(x_type.shape[1:])
    for place in positions(t.shape[1:]):
        for k in positions(kernel):
            source = Network.source(place, k, strides, pad, dilation,
                                    x_type.shape[1:], op.op == "convt")
            if source is None:
                continue
            at = 0
            for extent, p in zip(x_type.shape[1:], source):
                at = at * extent + p
            for c in range(x_type.shape[0]):
                events += (data[c * plane + at] != 0) * targets
    return events


def projection_events(network, op, data):
    x_type = network.types[op.uses[0]]
    if op.op == "linear":
        return non_zero(data) * op.types[0].shape[-1]
    if op.op == "sparse":
        index = network.module.blobs[op.uses[1]].data
        return sum(data[j] != 0 for j in index[1::2])
    return window_events(network, op, x_type, data)


def events(network, ops, name, series, t):
    op = ops.get(name)
    if op and op.op in PROJECTIONS:
        return projection_events(network, op, series[op.uses[0]][t])
    return non_zero(series[name][t])


def count(network, series, steps):
    """{population: (neurons, events in, spikes out, updates)}"""
    ops = {r: op for op in network.network.ops for r in op.results}
    out = {}
    for op in network.network.ops:
        if op.op != "neurons":
            continue
        found = {"seen": set(), "list": []}
        for use in op.uses:
            sources(ops, use, found)
        neurons = product(op.types[0].shape)
        out[op.results[0][1:]] = (
            neurons,
            sum(events(network, ops, name, series, t)
                for t in range(steps) for name in found["list"]),
            sum(non_zero(series[r][t])
                for t in range(steps) for r in op.results),
            neurons * max(0, steps - op.attrs.get("start", 0)))
    return out
