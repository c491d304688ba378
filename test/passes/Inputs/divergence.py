"""Which of two networks is nearer to a third on samples that none was made from.

usage: divergence.py REFERENCE.npy A.npy B.npy: fails unless the symmetric
Kullback-Leibler divergence of A from the reference is below that of B.
"""
import sys

import numpy as np


def log_softmax(path):
    logits = np.load(path).astype(np.float64)
    logits = logits.reshape(len(logits), -1)
    logits -= logits.max(axis=1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


reference, a, b = map(log_softmax, sys.argv[1:4])
loss = [((np.exp(reference) - np.exp(x)) * (reference - x)).sum(axis=1).mean()
        for x in (a, b)]
print("divergence %.6f of %s, %.6f of %s" % (loss[0], "A", loss[1], "B"))
sys.exit(0 if loss[0] < loss[1] else 1)
