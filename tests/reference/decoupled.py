"""Decoupled layers by an update mask, and BP(lambda): one step each in plain NumPy float64.

Written from the paper alone (figures 5 and 6 of version 1; supplement A of version 2), as is
`table1`, whose layers these are. Weights and statistics are dictionaries by name. A block is what
is updated as one, and has a step count of its own in Adam:

    hidden{i}, classifier   the layers, bottom first; a bit of the mask each, in this order
    sg{i}                   M after hidden layer i
    si{i}                   I: what the layer above hidden layer i takes where that one is idle

Convolutional where the weights of hidden layer 0 are.
"""

import numpy as np
from reference.layers import (
    CLASSES,
    batch_norm,
    convolution,
    cross_entropy,
    linear,
    one_hot,
    per_channel,
    pool,
    relu,
)
from reference.table1 import BATCH_NORM_MOMENTUM


def step(weights, statistics, x, labels, mask, *, decoupled, conditioned, S):
    """One step of layers that are active or idle; returns (gradients, statistics after it).

    update: an idle layer runs forward, and has no update. both: it does not even run; the layer
    above takes I(x) in place of its output. Gradients are of the updated blocks alone, all at the
    weights before the step:

        a layer      where it is active, with M(h) / S of its output; the top with the loss
        M below it   there too, towards S times the gradient at what the layer took, real or not
        I above it   there too (both), towards its output h; no gradient enters h

    Batch norm's statistics follow what runs: layers as above, M and I where their output is used,
    be it to learn. The paper does not say so of M and I; nothing reads theirs.

    Args:
        weights: by name; they say how many layers M and I have.
        statistics: running means and variances by name.
        x: inputs [batch, ...] in [0, 1].
        labels: classes [batch].
        mask: whether each layer is active, bottom first, the top last.
        decoupled: `update` or `both`.
        conditioned: whether M sees the label (cDNI).
        S: M regresses S times the gradient of the batch-mean loss.
    """
    net = Pass(weights, statistics)
    h, took, pullbacks = net.first(x), [], []
    for i in range(len(mask) - 1):
        pullback, active, above = None, mask[i], mask[i + 1]
        if active or decoupled == "update":
            h, pullback = net.layer(i, h)
        if decoupled == "both" and (active or above):
            synthetic, learn = net.model(f"si{i}", "last", net.first(x))
            if active:
                learn(h)
            else:
                h = synthetic
        # Where neither layer is active, `h` is stale: no one takes it.
        took.append(h)
        pullbacks.append(pullback)

    sent = net.top(h, labels) if mask[-1] else None
    for i in reversed(range(len(mask) - 1)):
        below, active, target = took[i], mask[i], sent
        sent = None
        if target is None and not active:
            continue
        output, learn = net.model(f"sg{i}", "output", seen(below, labels, conditioned))
        if target is not None:
            learn(S * target)
        if active:
            sent = pullbacks[i](output / S)
    return net.gradients, net.statistics


def bp_lambda_step(weights, statistics, x, labels, *, bp_lambda, conditioned, S):
    """One step of BP(lambda); returns (gradients, statistics after it). See `step`.

    g_k = lambda (g_{k+1} pulled back through layer k + 1) + (1 - lambda) M_k(h_k) / S updates
    layer k; what is in brackets, the true gradient at the topmost, is M_k's target over S.
    """
    net = Pass(weights, statistics)
    h, passed = net.first(x), []
    while f"hidden{len(passed)}.weight" in weights:
        h, pullback = net.layer(len(passed), h)
        passed.append((h, pullback))
    sent = net.top(h, labels)
    for i, (below, pullback) in reversed(list(enumerate(passed))):
        output, learn = net.model(f"sg{i}", "output", seen(below, labels, conditioned))
        learn(S * sent)
        sent = pullback(bp_lambda * sent + (1 - bp_lambda) * output / S)
    return net.gradients, net.statistics


def seen(h, labels, conditioned):
    """What M sees: h, and with `conditioned` the label after it (units, or flat channels)."""
    if not conditioned:
        return h
    label = one_hot(labels).reshape(len(h), CLASSES, *[1] * (h.ndim - 2))
    return np.concatenate([h, np.broadcast_to(label, (len(h), CLASSES, *h.shape[2:]))], axis=1)


class Pass:
    """What runs in one step, at the weights before it; collects gradients and statistics."""

    def __init__(self, weights, statistics):
        self.weights, self.statistics, self.gradients = weights, dict(statistics), {}
        self.convolutional = weights["hidden0.weight"].ndim == 4
        self.product = convolution if self.convolutional else linear

    def first(self, x):
        return x if self.convolutional else x.reshape(len(x), -1)

    def layer(self, i, x):
        """Hidden layer i: its output, and its pullback."""
        pooling = None if not self.convolutional else "average" if i else "max"
        return self.hidden(f"hidden{i}", x, pooling)

    def hidden(self, name, x, pooling=None):
        """Weights, batch norm, ReLU, pooling. The pullback stores gradients, returns dx."""
        w = self.weights
        z, product_back = self.product(x, w[f"{name}.weight"])
        z, norm_back, mean, variance = batch_norm(z, w[f"{name}.gamma"], w[f"{name}.beta"])
        for kind, value in (("mean", mean), ("variance", variance)):
            old = self.statistics[f"{name}.{kind}"]
            self.statistics[f"{name}.{kind}"] = old + BATCH_NORM_MOMENTUM * (value - old)
        h, relu_back = relu(z)
        h, pool_back = pool(h, pooling) if pooling else (h, lambda delta: delta)

        def pullback(delta):
            delta, dgamma, dbeta = norm_back(relu_back(pool_back(delta)))
            dx, dweight = product_back(delta)
            self.store(name, weight=dweight, gamma=dgamma, beta=dbeta)
            return dx

        return h, pullback

    def top(self, h, labels):
        """The classifier: stores its gradients of the loss, returns that at its input h."""
        features = h.reshape(len(h), -1)
        product, back = linear(features, self.weights["classifier.weight"])
        _, d = cross_entropy(product + self.weights["classifier.bias"], labels)
        dx, dweight = back(d)
        self.store("classifier", weight=dweight, bias=d.sum(0))
        return dx.reshape(h.shape)

    def model(self, name, last, x):
        """M or I: what it makes of x, and `learn`, which stores its gradients towards a target.

        The loss is the squared error, summed over units, averaged over the batch. None of its
        gradient goes into x or the target.
        """
        z, pullbacks = x, []
        while f"{name}.hidden{len(pullbacks)}.weight" in self.weights:
            z, pullback = self.hidden(f"{name}.hidden{len(pullbacks)}", z)
            pullbacks.append(pullback)
        out, back = self.product(z, self.weights[f"{name}.{last}.weight"])
        out = out + per_channel(self.weights[f"{name}.{last}.bias"], out)

        def learn(target):
            d = 2 * (out - target) / len(x)
            dbias = d.sum((0, *range(2, d.ndim)))
            d, dweight = back(d)
            self.store(f"{name}.{last}", weight=dweight, bias=dbias)
            for pullback in reversed(pullbacks):
                d = pullback(d)

        return out, learn

    def store(self, name, **gradients):
        self.gradients |= {f"{name}.{kind}": value for kind, value in gradients.items()}


def block(name):
    """The block of a weight: what is updated as one."""
    return name.split(".", maxsplit=1)[0]


class Adam:
    """Adam with a step count a block; a block without gradients stays as it is in everything.

    `first`, `second` by the weight's name, `counts` by the block's.
    """

    def __init__(self, weights, learning_rate):
        self.learning_rate = learning_rate
        self.first = {name: np.zeros_like(w) for name, w in weights.items()}
        self.second = {name: np.zeros_like(w) for name, w in weights.items()}
        self.counts = {block(name): 0 for name in weights}

    def step(self, weights, gradients):
        """Return the weights after an update with `gradients`, of whole blocks."""
        updated = {block(name) for name in gradients}
        assert set(gradients) == {name for name in weights if block(name) in updated}
        for name in updated:
            self.counts[name] += 1
        after = dict(weights)
        for name, g in gradients.items():
            t = self.counts[block(name)]
            m = self.first[name] = 0.9 * self.first[name] + 0.1 * g
            v = self.second[name] = 0.999 * self.second[name] + 0.001 * g * g
            m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)
            after[name] = weights[name] - self.learning_rate * m_hat / (np.sqrt(v_hat) + 1e-8)
        return after


def random_inputs(rng, *, layers, features, units, si_layers, si_units):
    """Random weights and statistics of `layers` models I from `features` inputs to `units`."""
    weights, statistics = {}, {}
    for i in range(layers):
        into = features
        for j in range(si_layers):
            name = f"si{i}.hidden{j}"
            weights[f"{name}.weight"] = rng.normal(0, 1 / np.sqrt(into), (si_units, into))
            weights[f"{name}.gamma"] = rng.uniform(0.5, 1.5, si_units)
            weights[f"{name}.beta"] = rng.normal(0, 0.3, si_units)
            statistics[f"{name}.mean"] = rng.normal(0, 1, si_units)
            statistics[f"{name}.variance"] = rng.uniform(0.5, 2, si_units)
            into = si_units
        weights[f"si{i}.last.weight"] = rng.normal(0, 1 / np.sqrt(into), (units, into))
        weights[f"si{i}.last.bias"] = rng.normal(0, 0.3, units)
    return weights, statistics
