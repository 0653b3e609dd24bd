"""One training step of Table 1 in plain NumPy float64, written from the paper alone.

Every derivative is written out by hand, nothing is fused, nothing is shared with the package:
what the package computes is held against this, weight by weight.
"""

from dataclasses import dataclass, field

import numpy as np
from reference.layers import (
    BATCH_NORM_EPSILON,
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

BATCH_NORM_MOMENTUM = 0.1


@dataclass
class Trace:
    """What one step saw, bottom hidden layer first."""

    loss: float
    gradients: dict = field(default_factory=dict)
    moving: dict = field(default_factory=dict)  # statistics after the step
    h: list = field(default_factory=list)
    predictions: list = field(default_factory=list)  # M's output, sg_scale times the gradient
    targets: list = field(default_factory=list)
    deltas: list = field(default_factory=list)  # what layer i was updated with
    sg_losses: list = field(default_factory=list)


@dataclass
class Table1:
    """The network, its models M and Adam: `weights`, `statistics` by name; `step` trains.

    `rule` is no_bprop, top_only, backprop, dni or cdni; `network` fcn or cnn; `depth` counts the
    classifier. Hidden layers below `frozen_below` have no M and keep their weights (dni, cdni).
    """

    rule: str
    network: str
    depth: int
    weights: dict
    statistics: dict
    learning_rate: float
    sg_layers: int = 0
    sg_scale: float = 1.0
    frozen_below: int = 0

    def __post_init__(self):
        self.weights = {n: np.array(w, dtype=np.float64) for n, w in self.weights.items()}
        self.statistics = {n: np.array(s, dtype=np.float64) for n, s in self.statistics.items()}
        self.first = {n: np.zeros_like(w) for n, w in self.weights.items()}
        self.second = {n: np.zeros_like(w) for n, w in self.weights.items()}
        self.steps = 0

    def step(self, x, labels):
        """One update on inputs [batch, channels, height, width] in [0, 1]; returns its Trace."""
        trace = self.trace(x, labels)
        self.statistics.update(trace.moving)
        self.steps += 1
        for name, weight in self.weights.items():
            g = trace.gradients.get(name, np.zeros_like(weight))
            m = self.first[name] = 0.9 * self.first[name] + 0.1 * g
            v = self.second[name] = 0.999 * self.second[name] + 0.001 * g * g
            m_hat = m / (1 - 0.9**self.steps)
            v_hat = v / (1 - 0.999**self.steps)
            self.weights[name] = weight - self.learning_rate * m_hat / (np.sqrt(v_hat) + 1e-8)
        return trace

    def trace(self, x, labels):
        """Forward, and every gradient of the rule, without changing anything."""
        hidden = self.depth - 1
        h = x if self.network == "cnn" else x.reshape(len(x), -1)
        t, pullbacks = Trace(loss=np.nan), []
        for i in range(hidden):
            h, pullback = self.hidden(f"hidden{i}", h, t, pooling=self.pooling(i))
            t.h.append(h)
            pullbacks.append(pullback)

        features = h.reshape(len(h), -1)
        logits, back = linear(features, self.weights["classifier.weight"])
        t.loss, dlogits = cross_entropy(logits + self.weights["classifier.bias"], labels)
        delta, t.gradients["classifier.weight"] = back(dlogits)
        t.gradients["classifier.bias"] = dlogits.sum(0)
        delta = delta.reshape(h.shape)

        if self.rule in ("backprop", "top_only"):
            lowest = 0 if self.rule == "backprop" else hidden - 1
            for i in reversed(range(lowest, hidden)):
                t.deltas.insert(0, delta)
                delta = pullbacks[i](delta)
        elif self.rule in ("dni", "cdni"):
            for i in reversed(range(self.frozen_below, hidden)):
                # `delta` came through layer i + 1 only: from the loss at the top, else from the
                # synthetic gradient above, never from further up.
                target = self.sg_scale * delta
                t.targets.insert(0, target)
                synthetic = self.regress(f"sg{i}", t.h[i], labels, target, t)
                t.deltas.insert(0, synthetic)
                delta = pullbacks[i](synthetic)
        return t

    def pooling(self, i):
        return None if self.network == "fcn" else "max" if i == 0 else "average"

    def hidden(self, name, x, trace, pooling):
        """Weights, batch norm, ReLU, pooling. The pullback stores gradients, returns dx."""
        product = linear if self.network == "fcn" else convolution
        w = self.weights
        z, product_back = product(x, w[f"{name}.weight"])
        z, norm_back, mean, variance = batch_norm(z, w[f"{name}.gamma"], w[f"{name}.beta"])
        for kind, value in (("mean", mean), ("variance", variance)):
            old = self.statistics[f"{name}.{kind}"]
            trace.moving[f"{name}.{kind}"] = old + BATCH_NORM_MOMENTUM * (value - old)
        h, relu_back = relu(z)
        if pooling:
            h, pool_back = pool(h, pooling)

        def pullback(delta):
            if pooling:
                delta = pool_back(delta)
            delta, dgamma, dbeta = norm_back(relu_back(delta))
            dx, dweight = product_back(delta)
            trace.gradients |= {
                f"{name}.weight": dweight,
                f"{name}.gamma": dgamma,
                f"{name}.beta": dbeta,
            }
            return dx

        return h, pullback

    def regress(self, name, h, labels, target, trace):
        """Run M on h, write its gradients towards `target`; returns the synthetic gradient."""
        z, pullbacks = self.conditioned(h, labels), []
        for j in range(self.sg_layers):
            z, pullback = self.hidden(f"{name}.hidden{j}", z, trace, pooling=None)
            pullbacks.append(pullback)
        product = linear if self.network == "fcn" else convolution
        out, back = product(z, self.weights[f"{name}.output.weight"])
        out = out + per_channel(self.weights[f"{name}.output.bias"], out)

        error = out - target
        trace.predictions.insert(0, out)
        trace.sg_losses.insert(0, (error**2).sum() / len(h))
        d = 2 * error / len(h)
        trace.gradients[f"{name}.output.bias"] = d.sum((0, *range(2, d.ndim)))
        d, trace.gradients[f"{name}.output.weight"] = back(d)
        for pullback in reversed(pullbacks):
            d = pullback(d)
        return out / self.sg_scale  # d, the derivative with respect to h, ends here

    def conditioned(self, h, labels):
        """What M sees: h, and under cdni the label after it (ten units, or ten flat channels)."""
        if self.rule != "cdni":
            return h
        label = one_hot(labels).reshape(len(h), CLASSES, *[1] * (h.ndim - 2))
        return np.concatenate([h, np.broadcast_to(label, (len(h), CLASSES, *h.shape[2:]))], axis=1)

    def evaluate(self, x):
        """Logits [batch, 10] with the running statistics."""
        h = x if self.network == "cnn" else x.reshape(len(x), -1)
        for i in range(self.depth - 1):
            w, s, name = self.weights, self.statistics, f"hidden{i}"
            z, _ = (linear if self.network == "fcn" else convolution)(h, w[f"{name}.weight"])
            z = (z - per_channel(s[f"{name}.mean"], z)) / np.sqrt(
                per_channel(s[f"{name}.variance"], z) + BATCH_NORM_EPSILON
            )
            h, _ = relu(per_channel(w[f"{name}.gamma"], z) * z + per_channel(w[f"{name}.beta"], z))
            if self.pooling(i):
                h, _ = pool(h, self.pooling(i))
        features = h.reshape(len(h), -1)
        return features @ self.weights["classifier.weight"].T + self.weights["classifier.bias"]


def random_state(
    rng,
    *,
    rule,
    network,
    depth,
    sg_layers,
    channels,
    size,
    units,
    kernel,
    sg_units,
    frozen_below=0,
):
    """Random weights and statistics of the right names and shapes, M's last layer included.

    `units` and `sg_units` are filters for the cnn; `size` is the side of the square images.
    """
    weights, statistics = {}, {}

    def add(name, out, into, normed=True):
        shape = (out, into) if network == "fcn" else (out, into, kernel, kernel)
        weights[f"{name}.weight"] = rng.normal(0, 1 / np.sqrt(np.prod(shape[1:])), shape)
        if normed:
            weights[f"{name}.gamma"] = rng.uniform(0.5, 1.5, out)
            weights[f"{name}.beta"] = rng.normal(0, 0.3, out)
            statistics[f"{name}.mean"] = rng.normal(0, 1, out)
            statistics[f"{name}.variance"] = rng.uniform(0.5, 2, out)
        else:
            weights[f"{name}.bias"] = rng.normal(0, 0.3, out)

    into = channels if network == "cnn" else channels * size * size
    for i in range(depth - 1):
        add(f"hidden{i}", units, into)
        into = units
        size = (size + 1) // 2
        if rule in ("dni", "cdni") and i >= frozen_below:
            seen = units + (CLASSES if rule == "cdni" else 0)
            for j in range(sg_layers):
                add(f"sg{i}.hidden{j}", sg_units, seen)
                seen = sg_units
            add(f"sg{i}.output", units, seen, normed=False)
    features = units if network == "fcn" else units * size * size
    weights["classifier.weight"] = rng.normal(0, 1 / np.sqrt(features), (CLASSES, features))
    weights["classifier.bias"] = rng.normal(0, 0.3, CLASSES)
    return weights, statistics
