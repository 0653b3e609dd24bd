"""The layers of a network in plain NumPy float64: forward, and the pullback by hand.

Written from the paper alone: rows are examples, images are [batch, channels, height, width].
Shares no code, layout or idea of speed with the package, which is held against it.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

BATCH_NORM_EPSILON = 1e-5
CLASSES = 10


def linear(x, weight):
    """[batch, in] times [out, in]: the products, and the pullback to (dx, dweight)."""
    return x @ weight.T, lambda delta: (delta @ weight, delta.T @ x)


def convolution(x, weight):
    """Cross-correlation of [n, c, h, w] with [o, c, k, k], zero padding that keeps h and w."""
    k = weight.shape[-1]

    def correlate(images, filters):
        edge = k // 2
        padded = np.pad(images, [(0, 0), (0, 0), (edge, edge), (edge, edge)])
        patches = sliding_window_view(padded, (k, k), axis=(2, 3))  # n c h w k k
        return np.einsum("ncyxij,ocij->noyx", patches, filters, optimize=True), patches

    out, patches = correlate(x, weight)

    def pullback(delta):
        turned = weight.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1]
        dweight = np.einsum("noyx,ncyxij->ocij", delta, patches, optimize=True)
        return correlate(delta, turned)[0], dweight

    return out, pullback


def batch_norm(x, gamma, beta):
    """Train mode, over all axes but 1.

    Returns out, the pullback to (dx, dgamma, dbeta), the mean and the unbiased variance, which
    the running statistics follow (x is divided by the biased one).
    """
    axes = (0, *range(2, x.ndim))
    count = x.size // x.shape[1]
    mean, variance = x.mean(axes), x.var(axes)
    deviation = np.sqrt(per_channel(variance, x) + BATCH_NORM_EPSILON)
    normalised = (x - per_channel(mean, x)) / deviation

    def pullback(delta):
        dgamma, dbeta = (delta * normalised).sum(axes), delta.sum(axes)
        d = delta * per_channel(gamma, x)
        inner = per_channel((d * normalised).mean(axes), x)
        dx = (d - per_channel(d.mean(axes), x) - normalised * inner) / deviation
        return dx, dgamma, dbeta

    out = per_channel(gamma, x) * normalised + per_channel(beta, x)
    return out, pullback, mean, variance * count / (count - 1)


def per_channel(values, x):
    """Shape [channels] so that it broadcasts against x, whose channels are axis 1."""
    return values.reshape(1, -1, *[1] * (x.ndim - 2))


def relu(x):
    return np.maximum(x, 0), lambda delta: np.where(x > 0, delta, 0.0)


def pool(x, kind):
    """3x3 windows, stride 2, padding 1. `max` ignores the padding, `average` counts it as zeros."""
    height, width = x.shape[2:]
    padded = np.pad(
        x,
        [(0, 0), (0, 0), (1, 1), (1, 1)],
        constant_values=-np.inf if kind == "max" else 0.0,
    )
    patches = sliding_window_view(padded, (3, 3), axis=(2, 3))[:, :, ::2, ::2]
    flat = patches.reshape(*patches.shape[:4], 9)
    if kind == "max":
        share = (np.arange(9) == flat.argmax(-1)[..., None]).astype(float)
        out = flat.max(-1)
    else:
        share = np.full(flat.shape, 1 / 9)
        out = flat.mean(-1)

    def pullback(delta):
        dx = np.zeros_like(padded)
        rows, columns = delta.shape[2:]
        for y in range(rows):
            for z in range(columns):
                spread = delta[:, :, y, z, None] * share[:, :, y, z]
                dx[:, :, 2 * y : 2 * y + 3, 2 * z : 2 * z + 3] += spread.reshape(
                    *spread.shape[:2], 3, 3
                )
        return dx[:, :, 1 : 1 + height, 1 : 1 + width]

    return out, pullback


def cross_entropy(logits, labels):
    """Mean over the batch, in nats, and its gradient with respect to the logits."""
    shifted = logits - logits.max(1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    batch = len(labels)
    return -log_p[np.arange(batch), labels].mean(), (np.exp(log_p) - one_hot(labels)) / batch


def one_hot(labels):
    return np.eye(CLASSES)[labels]
