#!/usr/bin/env python3
"""Random small networks through every target: any difference is a failure.

usage: random_networks.py --count N [--seed S] [--targets cpu,loihi2,spinnaker2]
                          [--folder DIR]

Each network is written as text, compiled with `sfc compile` and compared with the
interpreter by `sfc verify` on random inputs. A target may refuse a network (exit
code 3, with a diagnostic); refusals are counted, and a target that refuses more
than it takes fails the test. Prints a coverage report: how often each op, neuron
and feature was compiled.
"""
import argparse
import collections
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

FIT = 3

# name: (param makers, element type emitted)
NEURONS = {
    "loihi_lif": ({"di": lambda r: r.choice([0, 410, 1024, 4096]),
                   "dv": lambda r: r.choice([0, 128, 410, 4096]),
                   "bias": lambda r: r.choice([0, 64, 1280, -640]),
                   "vth": lambda r: 64 * r.randint(5, 60)}, "spike"),
    "if_int": ({"theta": lambda r: r.randint(5, 60)}, "spike"),
    "lif_int": ({"dv": lambda r: r.choice([0, 128, 1024]),
                 "theta": lambda r: r.randint(5, 60)}, "spike"),
    "lif_int_zero": ({"dv": lambda r: r.choice([0, 128, 1024]),
                      "theta": lambda r: r.randint(5, 60)}, "spike"),
    "stbif": ({"d": lambda r: r.randint(8, 40), "q0": lambda r: r.randint(0, 20),
               "smin": lambda r: 0, "smax": lambda r: r.randint(2, 15)}, "i2"),
    "sigma_delta": ({"bias": lambda r: 4096 * r.randint(-3, 3),
                     "vth": lambda r: 4096 * r.randint(1, 4)}, "i26"),
}


def neuron_text(name):
    out = subprocess.run(["sfc", "neurons", name], check=True,
                         capture_output=True, text=True).stdout
    return re.search(r"(?ms)^ *neuron .*?^ *}\n", out).group(0)


class Network:
    """Builds one network as text; every choice comes from one seeded source."""

    def __init__(self, seed, profile):
        self.r = random.Random(seed)
        self.profile = profile
        self.blobs, self.ops, self.used = [], [], collections.Counter()
        self.neurons, self.streams = [], []  # (name, shape, scalar)
        self.names = 0

    def name(self, base):
        self.names += 1
        return f"{base}{self.names}"

    def blob(self, scalar, shape, values):
        name = self.name("w")
        dims = ", ".join(map(str, shape))
        text = ", ".join(map(str, values))
        self.blobs.append(f"  blob @{name} : {scalar}[{dims}] = dense [{text}]")
        return "@" + name

    def weight(self):
        w = self.r.choice([0, 0, 2, 4, -2, -6, 8, 12, 20, -14, 26])
        return w if self.r.random() < 0.9 else self.r.choice([-128, 126])

    def weights(self, shape):
        count = 1
        for d in shape:
            count *= d
        return self.blob("i9", shape, [self.weight() for _ in range(count)])

    def emit(self, result, text, scalar, shape):
        dims = "[" + ", ".join(map(str, shape)) + "]" if shape else ""
        self.ops.append(f"    %{result} = {text} : {scalar}{dims}")
        self.used[text.split()[0].split(".")[0]] += 1

    def delayed(self, stream):
        name, shape, scalar = stream
        if self.r.random() < 0.3:
            out = self.name("d")
            self.emit(out, f"delay %{name} {{steps = {self.r.randint(1, 4)}}}",
                      scalar, shape)
            return out
        return name

    def flat(self, name, shape, scalar):
        if len(shape) == 1:
            return name, shape
        out, size = self.name("f"), shape[0] * shape[1] * shape[2]
        self.emit(out, f"reshape %{name}", scalar, [size])
        return out, [size]

    def linear(self, stream, size):
        source = self.delayed(stream)
        source, shape = self.flat(source, stream[1], stream[2])
        out, bias, attrs = self.name("i"), "", self.shift()
        if self.r.random() < 0.4:
            bias = ", " + self.blob("i13", [size], [self.r.randint(-9, 9)
                                                    for _ in range(size)])
            self.used["bias"] += 1
        if self.r.random() < 0.2:
            d = self.blob("i7", [size, shape[0]],
                          [self.r.randint(0, 5) for _ in range(size * shape[0])])
            attrs.append(f"delays = {d}")
            self.used["delays"] += 1
        w = self.weights([size, shape[0]])
        text = f" {{{', '.join(attrs)}}}" if attrs else ""
        self.emit(out, f"linear.wrap %{source}, {w}{bias}{text}", "i24", [size])
        return out, [size]

    def sparse(self, stream, size):
        source = self.delayed(stream)
        source, shape = self.flat(source, stream[1], stream[2])
        edges = sorted({(self.r.randrange(size), self.r.randrange(shape[0]))
                        for _ in range(2 * size)})
        index = self.blob("i16", [len(edges), 2], [v for e in edges for v in e])
        index_blob = self.blobs.pop().replace(": i16[", ": i32[")
        self.blobs.append(index_blob)
        w = self.weights([len(edges)])
        out = self.name("i")
        self.emit(out, f"sparse.wrap %{source}, {index}, {w} {{rows = {size}}}",
                  "i24", [size])
        return out, [size]

    def conv(self, stream):
        name, (c, h, w), _ = stream
        source = self.delayed(stream)
        o, k = self.r.randint(1, 4), self.r.choice([1, 2, 3])
        s, p = self.r.choice([1, 2]), self.r.choice([0, 1])
        d = self.r.choice([1, 1, 2])
        g = c if c > 1 and self.r.random() < 0.3 else 1
        o *= g
        wide = d * (k - 1) + 1
        kind = "convt" if h * w * o < 80 and self.r.random() < 0.3 else "conv"
        if kind == "convt":
            oh, ow = [(n - 1) * s - 2 * p + wide for n in (h, w)]
        else:
            oh, ow = [(n + 2 * p - wide) // s + 1 for n in (h, w)]
        if oh < 1 or ow < 1:
            return self.linear(stream, 6)
        weights = self.weights([o, c // g, k, k])
        out = self.name("i")
        attrs = []
        if d != 1:
            attrs.append(f"dilation = {d}")
            self.used["dilation"] += 1
        if g != 1:
            attrs.append(f"groups = {g}")
            self.used["groups"] += 1
        if s != 1:
            attrs.append(f"stride = {s}")
        if p:
            attrs.append(f"pad = {p}")
        attrs += self.shift()
        text = f" {{{', '.join(attrs)}}}" if attrs else ""
        self.emit(out, f"{kind}.wrap %{source}, {weights}{text}", "i24", [o, oh, ow])
        return out, [o, oh, ow]

    def pool(self, stream):
        name, (c, h, w), _ = stream
        source = self.delayed(stream)
        kh, kw = self.r.randint(1, min(3, h)), self.r.randint(1, min(3, w))
        s = self.r.choice([1, 2])
        shape = [c, (h - kh) // s + 1, (w - kw) // s + 1]
        out = self.name("i")
        self.emit(out, f"pool.wrap %{source} {{kind = sum, kernel = [{kh}, {kw}], "
                       f"stride = {s}}}", "i24", shape)
        return out, shape

    def shift(self):
        """Attributes of a projection that scale it; chips' own rounding is legal
        everywhere, the other ones in the general profile."""
        if self.r.random() < 0.8:
            return []
        self.used["shift"] += 1
        if self.profile != "general":
            return ["shift = 1", "round = half-away", "each = true"]
        rounds = ["floor", "ceil", "zero", "half-up", "half-away", "half-even"]
        rule = self.r.choice(rounds)
        self.used["round " + rule] += 1
        text = [f"shift = {self.r.choice([-1, 1, 2])}", f"round = {rule}"]
        return text + (["each = true"] if self.r.random() < 0.5 else [])

    def population(self, current, shape):
        names = ["loihi_lif", "loihi_lif", "sigma_delta"]
        if self.profile == "general":
            names = list(NEURONS)
        neuron = self.r.choice(names)
        if neuron not in self.neurons:
            self.neurons.append(neuron)
        params, scalar = NEURONS[neuron]
        args = []
        for param, make in params.items():
            if param == "bias" and neuron == "loihi_lif" and self.r.random() < 0.3:
                size = shape[0]
                dims = [size] + [1] * (len(shape) - 1)
                args.append(f"bias = {self.blob('i24', dims, [64 * self.r.randint(-9, 20) for _ in range(size)])}")
                self.used["per-neuron param"] += 1
            else:
                args.append(f"{param} = {make(self.r)}")
        if neuron == "stbif":  # its operand is i32
            self.ops[-1] = self.ops[-1].replace(" : i24[", " : i32[")
        out = self.name("h")
        self.emit(out, f"neurons @{neuron}(%{current}) {{{', '.join(args)}}}",
                  scalar, shape)
        self.used["@" + neuron] += 1
        self.streams.append((out, shape, scalar))

    def projection(self, stream, shape=None):
        """A current from `stream`, of `shape` when given."""
        if shape is None and len(stream[1]) == 3 and self.r.random() < 0.7:
            return self.pool(stream) if self.r.random() < 0.2 else self.conv(stream)
        if shape is not None and len(shape) == 3:
            return None
        size = shape[0] if shape else self.r.choice([3, 5, 8, 10])
        kind = self.sparse if self.r.random() < 0.25 else self.linear
        return kind(stream, size)

    def layer(self):
        # Graded results are wide: only the host reads them, so that sums stay in
        # the width that every target has.
        sources = [s for s in self.streams if s[2] in ("spike", "i2", "i4")]
        current, shape = self.projection(self.r.choice(sources))
        if len(shape) == 1 and self.r.random() < 0.3:  # a second path
            other = self.projection(self.r.choice(sources), shape)
            if other:
                both = self.name("i")
                self.emit(both, f"add.wrap %{current}, %{other[0]}", "i24", shape)
                current = both
        if len(shape) == 1 and self.r.random() < 0.35:  # recurrence
            size, out = shape[0], self.name("h")
            back, rec, both = self.name("r"), self.name("i"), self.name("i")
            self.ops.append(f"    %{back} = delay %{out} "
                            f"{{steps = {self.r.randint(1, 3)}}} : spike[{size}]")
            w = self.weights([size, size])
            self.emit(rec, f"linear.wrap %{back}, {w}", "i24", shape)
            self.emit(both, f"add.wrap %{current}, %{rec}", "i24", shape)
            if "loihi_lif" not in self.neurons:
                self.neurons.append("loihi_lif")
            self.emit(out, f"neurons @loihi_lif(%{both}) {{di = 1024, dv = 128, "
                           f"vth = {64 * self.r.randint(10, 80)}}}", "spike", shape)
            self.used["recurrence"] += 1
            self.used["@loihi_lif"] += 1
            self.streams.append((out, shape, "spike"))
        else:
            self.population(current, shape)

    def text(self):
        shape = self.r.choice([[6], [12], [2, 5, 5], [1, 6, 6]])
        self.streams.append(("x", shape, "spike"))
        for _ in range(self.r.randint(1, 4)):
            self.layer()
        out = self.streams[-1]
        dims = lambda s: "[" + ", ".join(map(str, s)) + "]"
        body = "\n".join(self.ops)
        neurons = "\n".join(neuron_text(n) for n in self.neurons)
        return ("module @random {\n" + "\n".join(self.blobs) + "\n" + neurons +
                f"\n  network @main(%x: spike{dims(shape)}) -> "
                f"({out[2]}{dims(out[1])}) {{steps = 12}} {{\n{body}\n"
                f"    return %{out[0]}\n  }}\n}}\n")


def run(*words):
    return subprocess.run(words, capture_output=True, text=True)


def try_target(path, target, folder, seed):
    """'same', 'refused' or a text that says what went wrong."""
    out = os.path.join(folder, target)
    shutil.rmtree(out, ignore_errors=True)
    done = run("sfc", "compile", path, "--target", target, "-o", out)
    if done.returncode == FIT and "[target-cannot]" in done.stderr + done.stdout:
        return "refused"
    if done.returncode != 0:
        return f"compile exit {done.returncode}: {done.stderr}"
    done = run("sfc", "verify", out, "--samples", "4", "--seed", str(seed))
    if done.returncode != 0:
        return f"verify exit {done.returncode}: {done.stderr}"
    return "same"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--seed", type=int,
                        default=int(os.environ.get("SF_SEED", "1")))
    parser.add_argument("--targets", default="cpu,loihi2,spinnaker2")
    parser.add_argument("--folder")
    options = parser.parse_args()
    folder = options.folder or tempfile.mkdtemp()
    os.makedirs(folder, exist_ok=True)
    targets = options.targets.split(",")
    tally = {t: collections.Counter() for t in targets}
    used, failures = collections.Counter(), 0
    for i in range(options.count):
        seed = options.seed * 100000 + i
        network = Network(seed, "loihi" if i % 2 == 0 else "general")
        path = os.path.join(folder, f"net{i}.sf")
        with open(path, "w") as file:
            file.write(network.text())
        for target in targets:
            result = try_target(path, target, folder, seed)
            tally[target][result if result in ("same", "refused") else "bad"] += 1
            if result not in ("same", "refused"):
                failures += 1
                print(f"network {i} (seed {seed}) on {target}: {result}")
        used.update(network.used)
    print("coverage:", ", ".join(f"{k} {v}" for k, v in sorted(used.items())))
    for target, counts in tally.items():
        print(f"{target}: {counts['same']} same, {counts['refused']} refused, "
              f"{counts['bad']} different or failed")
        if counts["refused"] > counts["same"]:
            failures += 1
            print(f"{target} refuses more than it takes")
    if not options.folder:
        shutil.rmtree(folder)
    print(f"{failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
