"""One training step of a rule beyond the paper in plain NumPy float64, by the maths alone.

Every derivative is written out by hand, nothing is fused, nothing is shared with the package:
what the package computes is held against this, weight by weight. The rules are in
`beyond_rules`, their layers and losses in `beyond_layers`.
"""

from dataclasses import dataclass, field

import numpy as np
from reference.beyond_layers import ACTIVATIONS, LOSSES, dropout, length_normalised, painted
from reference.beyond_rules import RULES, forward_forward
from reference.layers import (
    BATCH_NORM_EPSILON,
    CLASSES,
    batch_norm,
    convolution,
    linear,
    per_channel,
    pool,
)

BATCH_NORM_MOMENTUM = 0.1
HYPERPARAMETERS = {
    "sim_weight": 0.99,
    "mf_sum": 0,
    "ff_threshold": 1.0,
    "top_weight": 1.0,
    "sg_scale": 1.0,
}
"""Defaults."""


@dataclass
class Trace:
    """What one step saw, bottom hidden layer first."""

    loss: float = np.nan  # the classifier's; nan where the rule has no use for it
    logits: np.ndarray | None = None
    gradients: dict = field(default_factory=dict)
    moving: dict = field(default_factory=dict)  # statistics after the step
    h: list = field(default_factory=list)  # before dropout; 2 x batch rows in forward_forward
    deltas: list = field(
        default_factory=list
    )  # the gradient at h; None where a layer does not learn
    losses: list = field(default_factory=list)  # a layer's own: head's, map's, goodness's, M's


@dataclass
class Beyond:
    """The network, what the rule adds, and the optimiser: `weights`, `statistics` by name.

    `rule` is one of `beyond_rules.RULES`, or forward_forward; `network` fcn or cnn; `depth` counts
    the classifier. `kept` has the fixed random matrices: `feedback{i}`, [features of h_i, classes]
    (dfa, drtp), or the shape of layer i's weight (fa: i from 1 on, the classifier's last).
    activation, norm and dropout other than the defaults are for the fcn.

    `first` and `second` are Adam's moments; rmsprop has `second` alone.
    """

    rule: str
    network: str
    depth: int
    weights: dict
    statistics: dict
    learning_rate: float
    kept: dict = field(default_factory=dict)
    hyperparameters: dict = field(default_factory=dict)
    activation: str = "relu"
    norm: str = "batch"
    optimizer: str = "adam"
    loss: str = "softmax"
    dropout: float = 0.0

    def __post_init__(self):
        def copies(values):
            return {name: np.array(v, dtype=np.float64) for name, v in values.items()}

        self.weights, self.statistics = copies(self.weights), copies(self.statistics)
        self.kept = copies(self.kept)
        self.first = {n: np.zeros_like(w) for n, w in self.weights.items()}
        self.second = {n: np.zeros_like(w) for n, w in self.weights.items()}
        self.steps = 0
        assert set(self.hyperparameters) <= set(HYPERPARAMETERS)
        plain = (self.activation, self.norm, self.dropout) == ("relu", "batch", 0)
        assert self.network == "fcn" or plain

    def value(self, name):
        """A hyperparameter, or its default."""
        return self.hyperparameters.get(name, HYPERPARAMETERS[name])

    def step(self, x, labels, masks=None, u=None):
        """One update on inputs [batch, channels, height, width] as they enter; returns its Trace.

        `masks[i]` [batch, units] is 1 where h_i is kept on its way to the next layer, 0 elsewhere;
        the last is the classifier's. forward_forward takes 2 x batch rows, positives first, and
        `u` [batch] in [0, 1), which draws its wrong labels.
        """
        trace = self.trace(x, labels, masks, u)
        self.statistics.update(trace.moving)
        self.steps += 1
        for name, weight in self.weights.items():
            g = trace.gradients.get(name, np.zeros_like(weight))
            self.weights[name] = weight - self.learning_rate * self.direction(name, g)
        return trace

    def direction(self, name, g):
        """What the optimiser makes of gradient `g`, its moments brought up to date."""
        if self.optimizer == "rmsprop":
            v = self.second[name] = 0.99 * self.second[name] + 0.01 * g * g
            return g / (np.sqrt(v) + 1e-8)
        assert self.optimizer == "adam"
        m = self.first[name] = 0.9 * self.first[name] + 0.1 * g
        v = self.second[name] = 0.999 * self.second[name] + 0.001 * g * g
        return m / (1 - 0.9**self.steps) / (np.sqrt(v / (1 - 0.999**self.steps)) + 1e-8)

    def trace(self, x, labels, masks=None, u=None):
        """Forward, and every gradient of the rule, without changing anything."""
        assert (masks is not None) == (self.dropout > 0), "masks where there is dropout, only there"
        t = Trace()
        if self.rule == "forward_forward":
            forward_forward(self, x, labels, masks, u, t)
            return t

        hidden, down = self.depth - 1, []
        h = x if self.network == "cnn" else x.reshape(len(x), -1)
        for i in range(hidden):
            h, pullback = self.hidden(i, h, t, masks[i - 1] if masks and i else None)
            t.h.append(h)
            t.deltas.append(None)
            down.append(pullback)
        top = None
        if self.rule != "mono_forward":
            t.logits, top = self.classifier(h, t, masks[hidden - 1] if masks else None)
        RULES[self.rule](self, labels, t, down, top)
        return t

    def product(self, x, weight):
        return (linear if self.network == "fcn" else convolution)(x, weight)

    def pooled(self, i, h):
        if self.network == "fcn":
            return h, lambda delta: delta
        return pool(h, "average" if i else "max")

    def hidden(self, i, x, t, mask):
        """Dropout, weights, batch norm or bias, activation, pooling.

        The pullback stores gradients and returns the one at x, through `feedback` if given.
        """
        name, w = f"hidden{i}", self.weights
        x, drop_back = dropout(x, mask, self.dropout)
        z, product_back = self.product(x, w[f"{name}.weight"])
        if self.norm == "batch":
            z, norm_back, mean, variance = batch_norm(z, w[f"{name}.gamma"], w[f"{name}.beta"])
            for kind, value in (("mean", mean), ("variance", variance)):
                old = self.statistics[f"{name}.{kind}"]
                t.moving[f"{name}.{kind}"] = old + BATCH_NORM_MOMENTUM * (value - old)
        else:
            z = z + w[f"{name}.bias"]
        h, active_back = ACTIVATIONS[self.activation](z)
        h, pool_back = self.pooled(i, h)

        def pullback(delta, feedback=None):
            delta = active_back(pool_back(delta))
            if self.norm == "batch":
                delta, t.gradients[f"{name}.gamma"], t.gradients[f"{name}.beta"] = norm_back(delta)
            else:
                t.gradients[f"{name}.bias"] = delta.sum(0)
            dx, t.gradients[f"{name}.weight"] = product_back(delta)
            if feedback is not None:
                dx = self.product(x, feedback)[1](delta)[0]
            return drop_back(dx)

        return h, pullback

    def classifier(self, h, t, mask):
        """Dropout, weights, bias: logits [batch, 10], and a pullback like that of `hidden`."""
        dropped, drop_back = dropout(h, mask, self.dropout)
        features = dropped.reshape(len(h), -1)
        logits, back = linear(features, self.weights["classifier.weight"])

        def pullback(delta, feedback=None):
            t.gradients["classifier.bias"] = delta.sum(0)
            dx, t.gradients["classifier.weight"] = back(delta)
            if feedback is not None:
                dx = delta @ feedback
            return drop_back(dx.reshape(h.shape))

        return logits + self.weights["classifier.bias"], pullback

    def evaluate(self, x):
        """The class scores [batch, 10] that the rule predicts with, by the running statistics."""
        w, top = self.weights, self.depth - 2
        if self.rule == "forward_forward":
            return self.goodness_of_labels(x)
        h = self.evaluated(x)
        if self.rule == "mono_forward":
            layers = range(top + 1) if self.value("mf_sum") else [top]
            return sum(h[i] @ w[f"map{i}.weight"].T for i in layers)
        features = h[top].reshape(len(x), -1)
        return features @ w["classifier.weight"].T + w["classifier.bias"]

    def evaluated_loss(self, x, labels):
        """Test error in percent, and the mean loss of the class scores."""
        scores = self.evaluate(x)
        return 100 * (scores.argmax(1) != labels).mean(), LOSSES[self.loss](scores, labels)[0]

    def evaluated(self, x, between=lambda h: h):
        """Every h by the running statistics; `between` changes what the next layer reads."""
        w, s, every = self.weights, self.statistics, []
        h = x if self.network == "cnn" else x.reshape(len(x), -1)
        for i in range(self.depth - 1):
            name = f"hidden{i}"
            z, _ = self.product(between(h) if i else h, w[f"{name}.weight"])
            if self.norm == "batch":
                z = (z - per_channel(s[f"{name}.mean"], z)) / np.sqrt(
                    per_channel(s[f"{name}.variance"], z) + BATCH_NORM_EPSILON
                )
                z = per_channel(w[f"{name}.gamma"], z) * z + per_channel(w[f"{name}.beta"], z)
            else:
                z = z + w[f"{name}.bias"]
            h, _ = self.pooled(i, ACTIVATIONS[self.activation](z)[0])
            every.append(h)
        return every

    def goodness_of_labels(self, x):
        """For each label, painted into x: the goodness of the hidden layers but the lowest.

        A network of one hidden layer counts that one.
        """
        flat, scores = x.reshape(len(x), -1), np.zeros((len(x), CLASSES))
        for label in range(CLASSES):
            h = self.evaluated(painted(flat, np.full(len(x), label)), length_normalised)
            scores[:, label] = sum((layer**2).sum(1) for layer in (h[1:] or h))
        return scores
