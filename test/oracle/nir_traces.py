"""The paper's single neuron as its platforms recorded it, by named convention.

usage: nir_traces.py MODELS WORK

MODELS is ../shared/models. Each row: the platform's file of 1000 steps (input, v,
spike), the model, the options that make our run that platform's, the factor from our
potential to its, the largest error allowed there, and the steps that spike."""
import os
import subprocess
import sys

import numpy as np

AT_ONCE = [460, 510, 710, 760]
LATE = [461, 511, 711, 761]
SUBTRACTED = [450, 500, 710, 760]
ROWS = [
    ("norse", "lif_norse", "norse --dt 1e-4", 1, 2.5e-8, AT_ONCE),
    ("snntorch", "lif_norse", "snntorch --reset value", 1, 1e-6, AT_ONCE),
    ("nengo", "lif_norse", "nengo --dt 1e-4", 10, 2.5e-7, AT_ONCE),
    ("rockpool", "lif_rockpool", "rockpool --dt 1e-4", 1, 2.5e-8, SUBTRACTED),
    ("sinabs", "lif_rockpool", "sinabs --dt 1e-4", 1, 2.5e-8, SUBTRACTED),
    ("spyx", "lif_rockpool", "spyx --dt 1e-4", 1, 5e-8, LATE),
    ("lava_cpu_float", "lif_norse", "lava", 1, 2.5e-8, LATE),
    ("lava_cpu_fixed", "lif_norse", "loihi --input-type spike", 1, 0, LATE),
    ("lava_loihi_fixed", "lif_norse", "loihi --input-type spike", 1, 0, LATE),
    ("spinnaker2", "lif_norse", "nir --dt 1e-4 --reset value", 25, 5e-4, AT_ONCE),
    ("exact", "lif_norse", "nir --dt 1e-4 --reset subtract --scheme exponential", None, 0, AT_ONCE),
]
NEURON = {"lif_norse": "1", "lif_rockpool": "1_LIFNeuronTorch"}


def run(models, work, model, options, stimulus):
    """Potential and spikes of every step."""
    paths = [os.path.join(work, name) for name in ("x.npy", "v.npy", "s.npy")]
    np.save(paths[0], stimulus)
    command = ["sfc", "run", os.path.join(models, "nir", model + ".nir"),
               "--input", paths[0], "--record", NEURON[model] + ":v=" + paths[1],
               "--record", NEURON[model] + "=" + paths[2], "--convention"]
    done = subprocess.run(command + options.split(), capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit("%s\n%s" % (" ".join(command), done.stderr))
    return [np.load(path).reshape(-1).astype(float) for path in paths[1:]]


def main(models, work):
    os.makedirs(work, exist_ok=True)
    failed = 0
    for platform, model, options, factor, allowed, steps in ROWS:
        want = np.loadtxt(os.path.join(models, "nir/reference/lif_%s.csv" % platform),
                          delimiter=",")
        stimulus = (want[:, 0] != 0).astype(np.uint8).reshape(1, -1, 1)
        if "spike" not in options:
            stimulus = stimulus.astype(np.float32)
        v, s = run(models, work, model, options, stimulus)
        fired = list(np.nonzero(s)[0])
        error = 0.0
        if factor is not None:
            difference = np.abs(v * factor - want[:, 1])
            # The chip's probe shows 128 in the step of a spike.
            if platform == "lava_loihi_fixed":
                difference[want[:, 1] == 128] = 0
            error = difference.max()
        good = fired == steps and error <= allowed and max(s) == 1
        failed += not good
        print("%s: largest error %.2g, spikes at %s%s" %
              (platform, error, fired, "" if good else ": DIFFERS"))
    print("%d platforms, %d differ" % (len(ROWS), failed))
    return failed != 0


sys.exit(main(sys.argv[1], sys.argv[2]))
