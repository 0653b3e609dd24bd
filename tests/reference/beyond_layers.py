"""What layers may have beyond the paper's, in plain NumPy float64: forward, pullback by hand.

Activations, dropout, the sigmoid loss, what Forward-Forward asks of a layer, and the matrices of
similarities that `local_sim` compares. Rows are examples, images [batch, channels, height, width].
"""

import numpy as np
from reference.layers import CLASSES, cross_entropy, one_hot, relu

LEAKY_SLOPE = 0.01
DENOMINATOR_EPSILON = 1e-8  # of the rows of `similarity`, and of `length_normalised`


def leaky_relu(x):
    """Slope 0.01 at and below zero."""
    slope = np.where(x > 0, 1.0, LEAKY_SLOPE)
    return slope * x, lambda delta: slope * delta


def tanh(x):
    h = np.tanh(x)
    return h, lambda delta: delta * (1 - h * h)


ACTIVATIONS = {"relu": relu, "leaky_relu": leaky_relu, "tanh": tanh}


def dropout(x, mask, rate):
    """Keep x where `mask` is 1, divided by 1 - rate; all of x without a mask."""
    if mask is None:
        return x, lambda delta: delta
    kept = mask / (1 - rate)
    return x * kept, lambda delta: delta * kept


def sigmoid(x):
    return np.exp(-np.logaddexp(0, -x))


def softplus(x):
    return np.logaddexp(0, x)


def sigmoid_cross_entropy(logits, labels):
    """Binary cross-entropy summed over classes, mean over the batch; its gradient at the logits."""
    y = one_hot(labels)
    loss = -(y * -softplus(-logits) + (1 - y) * -softplus(logits)).sum(1).mean()
    return loss, (sigmoid(logits) - y) / len(labels)


LOSSES = {"softmax": cross_entropy, "sigmoid": sigmoid_cross_entropy}


def clamp(x, low, high):
    """The gradient passes from `low` to `high`, both included."""
    inside = (x >= low) & (x <= high)
    return np.clip(x, low, high), lambda delta: np.where(inside, delta, 0.0)


def deviation(z):
    """[batch, maps, height, width] to the standard deviation over positions, [batch, maps].

    The sum of squares is divided by positions - 1. Where all positions are equal no gradient flows.
    """
    axes, positions = (2, 3), z.shape[2] * z.shape[3]
    assert positions > 1, "a single position has no deviation"
    centred = z - z.mean(axes, keepdims=True)
    out = np.sqrt((centred**2).sum(axes) / (positions - 1))

    def pullback(delta):
        # Zero over positions in sum, as centring wants it.
        safe = np.where(out > 0, out, np.inf)
        return (delta / (safe * (positions - 1)))[:, :, None, None] * centred

    return out, pullback


def similarity(z):
    """Cosines between the rows of z [batch, features], centred over features: [batch, batch].

    A row of equal features has cosine 0 with all others; the gradient of its norm counts as 0.
    """
    centred = z - z.mean(1, keepdims=True)
    norm = np.sqrt((centred**2).sum(1, keepdims=True))
    u = centred / (norm + DENOMINATOR_EPSILON)
    out, clamp_back = clamp(u @ u.T, -1, 1)

    def pullback(delta):
        delta = clamp_back(delta)
        du = (delta + delta.T) @ u
        dnorm = -(du * centred).sum(1, keepdims=True) / (norm + DENOMINATOR_EPSILON) ** 2
        direction = centred / np.where(norm > 0, norm, np.inf)
        dcentred = du / (norm + DENOMINATOR_EPSILON) + dnorm * direction
        return dcentred - dcentred.mean(1, keepdims=True)

    return out, pullback


def similarity_loss(z, labels):
    """Mean square of similarity(z) - similarity(one-hot labels), and its gradient at z.

    Images count by their maps' standard deviations.
    """
    flat, flat_back = deviation(z) if z.ndim == 4 else (z, lambda delta: delta)
    mine, back = similarity(flat)
    theirs, _ = similarity(one_hot(labels))
    return ((mine - theirs) ** 2).mean(), flat_back(back(2 * (mine - theirs) / mine.size))


def goodness_loss(h, positive, threshold):
    """Forward-Forward: softplus of threshold - goodness where `positive`, else the other way round.

    Goodness is the sum of squares over units. Mean over the rows of h, and its gradient at h.
    """
    goodness = (h**2).sum(1)
    sign = np.where(positive, -1.0, 1.0)
    margin = sign * (goodness - threshold)
    dgoodness = sign * sigmoid(margin) / len(h)
    return softplus(margin).mean(), 2 * h * dgoodness[:, None]


def length_normalised(h):
    """Divide h by the root of its mean square over units: what Forward-Forward hands on."""
    return h / (np.sqrt((h**2).mean(1, keepdims=True)) + DENOMINATOR_EPSILON)


def painted(x, labels):
    """[batch, inputs] with the one-hot label in place of the first inputs."""
    return np.concatenate([one_hot(labels), x[:, CLASSES:]], axis=1)


def wrong_labels(labels, u):
    """Another class for each label, by u [batch] in [0, 1): all others alike."""
    return (labels + 1 + np.floor(u * (CLASSES - 1)).astype(int)) % CLASSES
