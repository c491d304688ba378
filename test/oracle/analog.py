"""Analog ops in binary64, as ONNX defines them: tolerance-defined in docs/ir.md 4."""
import math

import numpy as np


def erf(x):
    return np.vectorize(math.erf, otypes=[float])(x)


def gelu(x, attrs):
    if "approximate" in attrs:
        return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) *
                                      (x + 0.044715 * x ** 3)))
    return 0.5 * x * (1 + erf(x / math.sqrt(2)))


def attr(attrs, name, default):
    return float(np.float32(attrs.get(name, default)))


UNARY = {
    "relu": lambda x, a: np.maximum(x, 0),
    "clip": lambda x, a: np.minimum(np.maximum(x, attr(a, "min", -math.inf)),
                                    attr(a, "max", math.inf)),
    "leaky_relu": lambda x, a: np.where(x < 0, attr(a, "alpha", 0.01) * x, x),
    "elu": lambda x, a: np.where(x < 0, attr(a, "alpha", 1) * np.expm1(x), x),
    "gelu": gelu,
    "silu": lambda x, a: x / (1 + np.exp(-x)),
    "sigmoid": lambda x, a: 1 / (1 + np.exp(-x)),
    "tanh": lambda x, a: np.tanh(x),
    "hardsigmoid": lambda x, a: np.clip(attr(a, "alpha", 0.2) * x +
                                        attr(a, "beta", 0.5), 0, 1),
    "hardswish": lambda x, a: x * np.clip(x / 6 + 0.5, 0, 1),
    "exp": lambda x, a: np.exp(x),
    "erf": lambda x, a: erf(x),
    "sqrt": lambda x, a: np.sqrt(x),
    "abs": lambda x, a: np.abs(x),
    "floor": lambda x, a: np.floor(x),
    "log": lambda x, a: np.log(x),
    "softplus": lambda x, a: np.logaddexp(0, x),
}


def channels(x, n):
    """Shape that lines a vector of channels up with x[c, ...]."""
    return n.reshape((-1,) + (1,) * (x.ndim - 1)) if n.ndim == 1 and \
        x.ndim > 1 else n


def normalized(x, axes, epsilon):
    mean = x.mean(axis=axes, keepdims=True)
    variance = ((x - mean) ** 2).mean(axis=axes, keepdims=True)
    return (x - mean) / np.sqrt(variance + epsilon)


def run(op, t, operands):
    x = [np.array(o.data, dtype=np.float64).reshape(o.shape) for o in operands]
    a, name = op.attrs, op.op
    epsilon = attr(a, "epsilon", 1e-5)
    if name in UNARY:
        y = UNARY[name](x[0], a)
    elif name == "prelu":
        y = np.where(x[0] < 0, x[1] * x[0], x[0])
    elif name == "pow":
        y = x[0] ** x[1]
    elif name == "div":
        y = x[0] / x[1]
    elif name == "softmax":
        axis = a.get("axis", -1)
        e = np.exp(x[0] - x[0].max(axis=axis, keepdims=True))
        y = e / e.sum(axis=axis, keepdims=True)
    elif name in ("layernorm", "rmsnorm"):
        axes = tuple(range(a.get("axis", -1) % x[0].ndim, x[0].ndim))
        if name == "layernorm":
            y = normalized(x[0], axes, epsilon) * x[1]
            y = y + x[2] if len(x) > 2 else y
        else:
            y = x[0] / np.sqrt((x[0] ** 2).mean(axis=axes, keepdims=True) +
                               epsilon) * x[1]
    elif name == "groupnorm":
        shape = x[0].shape
        y = x[0].reshape(a["groups"], -1)
        y = normalized(y, (1,), epsilon).reshape(shape)
        y = y * channels(x[0], x[1]) + channels(x[0], x[2])
    elif name == "instancenorm":
        axes = tuple(range(1, x[0].ndim))
        y = normalized(x[0], axes, epsilon)
        y = y * channels(x[0], x[1]) + channels(x[0], x[2])
    elif name == "batchnorm":
        s, b, m, v = [channels(x[0], n) for n in x[1:]]
        y = s * (x[0] - m) / np.sqrt(v + epsilon) + b
    elif name == "lrn":
        size, c = a["size"], x[0].shape[0]
        square = np.stack([
            (x[0][max(0, k - (size - 1) // 2):
                  min(c, k + math.ceil((size - 1) / 2) + 1)] ** 2).sum(axis=0)
            for k in range(c)])
        y = x[0] / (attr(a, "bias", 1) + attr(a, "alpha", 1e-4) / size *
                    square) ** attr(a, "beta", 0.75)
    else:
        raise NotImplementedError(name)
    return list(np.broadcast_to(y, t.shape).astype(np.float32).ravel())
