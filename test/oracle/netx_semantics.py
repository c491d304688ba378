"""What a netx file means, on networks whose values are worked out by hand or by Lava.

usage: netx_semantics.py WORK

Each case writes a file, runs it with `sfc run` and compares with values of the
reference page (loihi2 2.2 to 2.7) or with plain numpy. Lava counts steps from 1 and
sees inputs a step later, so `--layer-lag 1` gives its tables."""
import os
import subprocess
import sys

import numpy as np

from make_netx import add_layer, dense, lif, resonator, sdnn, write

W = np.array([[10, -20, 30], [4, 6, -8]])
WORK = sys.argv[1]
FAILED = []


def check(what, have, want):
    have, want = np.asarray(have), np.asarray(want)
    good = have.shape == want.shape and np.array_equal(have, want)
    print("%s: %s" % (what, "equal" if good else "DIFFERS"))
    if not good:
        print(have, "\nwanted\n", want)
        FAILED.append(what)


def events(steps, width, *lists):
    """lists: for each input {step from 1: value}, or steps with value 1."""
    x = np.zeros((1, steps, width), np.int32)
    for i, spikes in enumerate(lists):
        spikes = spikes if isinstance(spikes, dict) else {t: 1 for t in spikes}
        for t, value in spikes.items():
            x[0, t - 1, i] = value
    return x


def run(build, x, records, options=("--layer-lag", "1")):
    path = os.path.join(WORK, "network.net")
    write(path, build)
    np.save(os.path.join(WORK, "x.npy"), x)
    command = ["sfc", "run", path, "--input", os.path.join(WORK, "x.npy"),
               *options]
    for i, name in enumerate(records):
        command += ["--record", "%s=%s/r%d.npy" % (name, WORK, i)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit("%s\n%s" % (" ".join(command), done.stderr))
    got = [np.load("%s/r%d.npy" % (WORK, i))[0] for i in range(len(records))]
    return got + [done.stderr]


def lif_trace():
    u, v, s, _ = run(lambda r: dense(r, 0, W.astype("f4"), lif(1024, 128, 80),
                                     bias=np.array([2, 1], "f4")),
                     events(12, 3, [1, 6], [4, 6], [2, 6, 7, 8, 9]),
                     ["dense0:u", "dense0:v", "dense0"])
    check("lif u", u.T, [[0, 640, 2400, 1800, 70, 52, 1319, 2909, 4101, 4995,
                          3746, 2809],
                         [0, 256, -320, -240, 204, 153, 242, -331, -760, -1082,
                          -811, -608]])
    check("lif v", v.T, [[128, 892, 3392, 0, 198, 371, 1806, 4786, 0, 0, 3874,
                          0],
                         [64, 382, 114, -66, 205, 415, 708, 418, -292, -1300,
                          -2006, -2487]])
    check("lif spikes", np.argwhere(s[:, 0])[:, 0] + 1, [4, 9, 10, 12])


def recurrent_trace():
    u, v, s, _ = run(lambda r: dense(r, 0, W, lif(1024, 128, 20),
                                     kind="dense_rec",
                                     weight_rec=np.array([[0, -40], [24, 0]])),
                     events(8, 3, [1, 2], [3], [1]),
                     ["dense0:u", "dense0:v", "dense0"])
    check("recurrent u", u[1:], [[2560, -256], [2560, 1600], [-1920, 3120],
                                 [-4000, 2340], [-5560, 1755], [-6730, 1316],
                                 [-7607, 987]])
    check("recurrent v", v[1:], [[0, -256], [0, 0], [-1920, 0], [-5860, 0],
                                 [-11236, 0], [-17614, 0], [-24670, 987]])
    check("recurrent spikes", s[1:].T, [[1, 1, 0, 0, 0, 0, 0],
                                        [0, 1, 1, 1, 1, 1, 0]])


def old_recurrent():
    u, stderr = run(lambda r: dense(r, 0, W, lif(1024, 128, 20),
                                    kind="recurrent",
                                    recWeight=np.array([[0, -40], [24, 0]])),
                    events(3, 3, [1, 2], [3], [1]), ["dense0:u"])
    check("old spelling u", u[2], [2560, 1600])
    check("old spelling warns", "older spelling of dense_rec" in stderr, True)


def delays():
    u, _ = run(lambda r: dense(r, 0, W, lif(4096, 0, 131071),
                               delay=np.array([[0, 1, 2], [3, 0, 5]])),
               events(8, 3, [1], [1], [1]), ["dense0:u"])
    check("delays", u[1:], [[640, 384], [-1280, 0], [1920, 0], [0, 256],
                            [0, 0], [0, -512], [0, 0]])
    for value, name in ((3, "scalar"), (np.array([3, 3]), "uniform")):
        u, _ = run(lambda r: dense(r, 0, W, lif(4096, 0, 131071), delay=value),
                   events(6, 3, [1]), ["dense0:u"])
        check("delay " + name, u[:, 0], [0, 0, 0, 0, 640, 0])
    u, _ = run(lambda r: dense(r, 0, W, lif(4096, 0, 131071),
                               delay=np.array([0, 1, 2])),
               events(6, 3, [1], [1], [1]), ["dense0:u"])
    check("delay of inputs", u[:, 0], [0, 640, -1280, 1920, 0, 0])
    u, _ = run(lambda r: dense(r, 0, W[:, :2], lif(4096, 0, 131071),
                               delay=np.array([0, 2])),
               events(6, 2, [1], [1]), ["dense0:u"])
    check("delay of neurons when N = M", u[:4].T,
          [[0, -640, 0, 0], [0, 0, 0, 640]])
    u, stderr = run(lambda r: dense(r, 0, W, lif(4096, 0, 131071), delay=99),
                    events(66, 3, [1]), ["dense0:u"])
    check("delay clamped", np.argwhere(u[:, 0])[:, 0], [63])
    check("delay clamped warns", "clamped" in stderr, True)


def resonators():
    w_re, w_im = np.array([[20, -10], [6, 40]]), np.array([[0, 14], [-8, 2]])

    def build(kind):
        return lambda r: add_layer(r, 0, "dense", resonator(kind, 2000, 3400),
                                   shape=np.array([2]), weight_real=w_re,
                                   weight_imag=w_im)
    x = events(24, 2, [1, 10], [3, 10])
    re, im, s, stderr = run(build("RF_PHASE"), x,
                            ["dense0:re", "dense0:im", "dense0"])
    check("rf re", re[[1, 2, 3, 4, 10, 11, 13, 23]],
          [[1280, 384], [1062, 567], [-63, 3145], [-994, 2508], [1486, 1018],
           [1385, 1738], [247, 1610], [838, 1150]])
    check("rf im", im[[1, 2, 3, 4, 10, 11, 13, 23]],
          [[0, -512], [624, -237], [1931, 208], [1572, 1706], [-312, -1832],
           [467, -1024], [1330, 947], [376, -537]])
    check("rf spikes", np.argwhere(s), [[3, 1], [11, 0], [13, 1], [23, 0]])
    check("rf constants warn", "become 1999, 3399" in stderr, True)
    re, im, s, _ = run(build("RF_IZHIKEVICH"), x,
                       ["dense0:re", "dense0:im", "dense0"])
    check("rf_iz", np.hstack([re, im])[[3, 4, 11]],
          [[0, 3145, 639, 208], [-311, 0, 530, 639], [0, 0, 639, 639]])
    late, stderr = run(lambda r: add_layer(
        r, 0, "dense", resonator("RF_PHASE", 1000, 3900), delay=3,
        bias=np.array([1, 1]), shape=np.array([2]), weight_real=w_re,
        weight_imag=w_im), x, ["dense0:re"])
    check("rf ignores delay and bias", late[1], [1280, 384])
    check("rf says so", stderr.count("has no effect"), 2)
    check("rf_iz spikes", np.argwhere(s), [[3, 0], [4, 1], [11, 0], [11, 1]])


def sigma_delta():
    x = events(8, 3, {1: 64, 4: 320, 6: -7, 7: 100},
               {2: 192, 4: -64, 6: 3, 7: -300}, {2: 64, 6: 5, 7: -50})
    sig, act, res, s, _ = run(
        lambda r: dense(r, 0, W, sdnn(1), bias=np.array([2, -1])), x,
        ["dense0:sig", "dense0:act", "dense0:res", "dense0"],
        ["--layer-lag", "1", "--input-message-bits", "16"])
    check("sigma-delta sent", s.T, [[128, 0, 0, 0, 0, 0, 0, 136], [0] * 8])
    check("sigma-delta sig", sig[[1, 2, 4, 6, 7]],
          [[640, 256], [-1280, 896], [3200, 1792], [3220, 1742], [8720, 742]])
    check("sigma-delta act, res", [act[7, 0], res[7, 0], act[2, 0], res[2, 0]],
          [16912, 0, 6912, -1280])
    s, _ = run(lambda r: dense(r, 0, W, sdnn(1, sigma_output=False)),
               events(5, 3, {1: 3, 3: 1}, {2: -5, 3: 1}, {3: 1}), ["dense0"],
               ["--layer-lag", "1", "--input-message-bits", "24"])
    check("sigma", s.T, [[0, 30, 130, 150, 150], [0, 12, -18, -16, -16]])


def delta():
    values = dict(enumerate([3, 4, 4, 6, 6, -2, -2, -2], 1))
    for exponent, vth, want in ((6, 1, [192, 64, 0, 128, 0, -512, 0, 0]),
                                (0, 3, [3, 0, 0, 3, 0, -8, 0, 0])):
        s, _ = run(lambda r: add_layer(r, 0, "input", sdnn(vth),
                                       shape=np.array([1, 1, 1])),
                   events(8, 1, values).reshape(1, 8, 1, 1, 1), ["input0"],
                   ["--spike-exp", str(exponent)])
        check("delta, exponent %d" % exponent, s.ravel(), want)


def weights():
    """The sum of a single spike is the weight that the loader leaves."""
    def left(weight, **options):
        u, stderr = run(lambda r: dense(r, 0, weight, lif(4096, 0, 131071),
                                        **options),
                        np.eye(2, dtype=np.int32)[np.newaxis], ["dense0:u"],
                        [])
        return (u.T // 64).tolist(), stderr
    check("float weights", left(np.array([[2.9, -3.9]], "f4"))[0], [[2, -3]])
    for weight, want, said in (([[255, -3]], [[254, -3]], "clipped"),
                               ([[-300, 4]], [[-256, 4]], "clipped"),
                               ([[201, -3]], [[201, -3]], "9 bits"),
                               ([[101, -3]], [[101, -3]], ""),
                               ([[255, 1]], [[255, 1]], ""),
                               ([[256, 2]], [[0, 0]], "all weights of"),
                               ([[-256, -2]], [[-256, -2]], ""),
                               ([[-258, -2]], [[0, 0]], "all weights of"),
                               ([[-258, 0]], [[0, 0]], "all weights of"),
                               ([[0, 0]], [[0, 0]], "loader fails on such")):
        have, stderr = left(np.array(weight))
        check("weights %s" % weight, have, want)
        check("weights %s say '%s'" % (weight, said),
              said in stderr and (bool(said) or "warning" not in stderr), True)


def decays_and_default():
    u, v, _ = run(lambda r: dense(r, 0, W[:, :2], dict(
        type="LOIHI", iDecay=np.array([4096, 0]), vDecay=np.array([0, 4096]),
        vThMant=1000)), events(3, 2, [1]), ["dense0:u", "dense0:v"])
    check("decay arrays", np.hstack([u, v])[1:],
          [[640, 256, 640, 256], [0, 256, 640, 256]])
    s, stderr = run(lambda r: dense(r, 0, W, None), events(5, 3, [1, 2, 3]),
                    ["dense0"])
    check("no neuron never spikes", s.sum(), 0)
    check("no neuron warns", "can never spike" in stderr, True)


def reset():
    u, v, _ = run(lambda r: (dense(r, 0, np.array([[2]]), lif(0, 0, 131071)),
                             dense(r, 1, np.array([[2]]), lif(0, 0, 131071),
                                   bias=3)),
                  events(10, 1, [2]), ["dense0:u", "dense1:v"],
                  ["--layer-lag", "1", "--reset-interval", "4"])
    # Lava: layer 0 is cleared at 1, 5, 9, layer 1 at 2, 6, 10.
    check("reset layer 0", u[:, 0] // 64, [0, 0, 2, 2, 0, 0, 0, 0, 0, 0])
    check("reset layer 1", v[:, 0] // 192, [1, 1, 2, 3, 4, 1, 2, 3, 4, 1])
    v, _ = run(lambda r: dense(r, 0, np.array([[2]]), lif(0, 0, 131071),
                               bias=3), events(9, 1, []), ["dense0:v"],
               ["--reset-interval", "4"])
    check("reset as period", v[:, 0] // 192, [1, 2, 3, 4, 1, 2, 3, 4, 1])


def conv_numpy(x, w, stride, pad, dilation, groups):
    x = np.pad(x, ((0, 0), (pad[0], pad[0]), (pad[1], pad[1])))
    per = w.shape[1]
    rows = (x.shape[1] - dilation[0] * (w.shape[2] - 1) - 1) // stride[0] + 1
    cols = (x.shape[2] - dilation[1] * (w.shape[3] - 1) - 1) // stride[1] + 1
    y = np.zeros((w.shape[0], rows, cols), int)
    for o in range(w.shape[0]):
        g = o // (w.shape[0] // groups)
        part = x[g * per:(g + 1) * per]
        for r in range(rows):
            for c in range(cols):
                cut = part[:, r * stride[0]:, c * stride[1]:]
                cut = cut[:, ::dilation[0], ::dilation[1]]
                y[o, r, c] = (cut[:, :w.shape[2], :w.shape[3]] * w[o]).sum()
    return y


def conv_and_flatten():
    rng = np.random.default_rng(1)
    x = rng.integers(0, 2, (1, 1, 4, 7, 9))
    w = 2 * rng.integers(-60, 60, (6, 2, 2, 3))
    window = dict(stride=(2, 1), padding=(1, 2), dilation=(2, 1), groups=2)
    want = conv_numpy(x[0, 0], w, (2, 1), (1, 2), (2, 1), 2)
    matrix = 2 * rng.integers(-60, 60, (3, want.size))

    def build(r):
        add_layer(r, 0, "input", None, shape=np.array([4, 7, 9]))
        add_layer(r, 1, "conv", lif(4096, 4096, 5), weight=w[..., np.newaxis],
                  shape=np.array(want.shape), bias=np.arange(6), groups=2,
                  stride=np.array([2, 1]), padding=np.array([1, 2]),
                  dilation=np.array([2, 1]))
        add_layer(r, 2, "flatten", None, shape=np.array([want.size, 1, 1]))
        dense(r, 3, matrix, lif(4096, 4096, 131071))
    u, s, d, _ = run(build, x, ["conv1:u", "conv1", "dense3:u"], [])
    check("conv of %s" % window, u[0] // 64, want)
    spikes = want + np.arange(6)[:, None, None] > 5
    check("conv bias", s[0], spikes)
    check("flatten order", d[0] // 64, matrix @ spikes.ravel())

    full = rng.integers(-9, 9, want.shape[::-1])  # W, H, C

    def with_full_bias(r):
        add_layer(r, 0, "conv", lif(4096, 4096, 131071), weight=w,
                  shape=np.array(want.shape), bias=full, groups=2,
                  stride=np.array([2, 1]), padding=np.array([1, 2]),
                  dilation=np.array([2, 1]))
    v, _ = run(with_full_bias, x, ["conv0:v"], ["--input-shape", "9,7,4"])
    check("bias for every neuron", v[0] // 64, want + full.transpose(2, 1, 0))


def main():
    os.makedirs(WORK, exist_ok=True)
    for case in (lif_trace, recurrent_trace, old_recurrent, delays, resonators,
                 sigma_delta, delta, weights, decays_and_default, reset,
                 conv_and_flatten):
        case()
    print("%d differ" % len(FAILED))
    sys.exit(bool(FAILED))


main()
