"""One update of Table 2 in plain NumPy float64, written from the paper alone.

An LSTM over T steps, a linear readout, and M, which sees the LSTM's output. Every derivative is
written out by hand, nothing is fused, nothing is shared with the package, which is held against it.
"""

from dataclasses import dataclass, field

import numpy as np
from reference.layers import linear, relu


@dataclass
class Step:
    """One step of the LSTM: what its pullback needs."""

    seen: np.ndarray  # [B, 1 + V + H]: one, the one-hot input, the output before
    gates: tuple  # input, forget, output, candidate
    c_before: np.ndarray
    c: np.ndarray
    h: np.ndarray


@dataclass
class Trace:
    """What one update saw. A gradient of h and c is [B, 2H], that of h first."""

    loss: float
    logits: np.ndarray  # [T, B, K]
    probabilities: np.ndarray
    gradients: dict = field(default_factory=dict)
    steps: list = field(default_factory=list)
    synthetic: np.ndarray | None = None  # at the last state, neither scaled nor multiplied
    target: np.ndarray | None = None  # at the first state, a gradient: not yet times sg_scale
    sg_loss: float | None = None
    aux_loss: float | None = None  # before aux_weight; of the unroll before, so not in the first


@dataclass
class Recurrent:
    """LSTM, readout, M and Adam: `weights` by name, `state` (h, c) or None for zeros.

    `rule` is bptt, dni or dni_aux. `oracle(h, c)`, where set, is the synthetic gradient instead of
    M's, and M is not trained.
    """

    rule: str
    weights: dict
    rate: float
    factor: float = field(default=0.1, kw_only=True)
    sg_scale: float = field(default=1.0, kw_only=True)
    aux_weight: float = field(default=1.0, kw_only=True)

    def __post_init__(self):
        self.weights = {n: np.array(w, dtype=np.float64) for n, w in self.weights.items()}
        self.first = {n: np.zeros_like(w) for n, w in self.weights.items()}
        self.second = {n: np.zeros_like(w) for n, w in self.weights.items()}
        self.classes, self.units = self.weights["readout.weight"].shape
        self.symbols = self.weights["core.weight"].shape[1] - 1 - self.units
        self.updates, self.state, self.before, self.oracle = 0, None, [], None

    def step(self, inputs, targets):
        """One update on codes and classes [T, B], class -1 not counted; returns its Trace."""
        trace = self.trace(inputs, targets)
        self.state, self.before = (trace.steps[-1].h, trace.steps[-1].c), trace.steps
        self.updates += 1
        for name, weight in self.weights.items():
            g = trace.gradients[name]
            m = self.first[name] = 0.9 * self.first[name] + 0.1 * g
            v = self.second[name] = 0.999 * self.second[name] + 0.001 * g * g
            m_hat = m / (1 - 0.9**self.updates)
            v_hat = v / (1 - 0.999**self.updates)
            self.weights[name] = weight - self.rate * m_hat / (np.sqrt(v_hat) + 1e-8)
        return trace

    def trace(self, inputs, targets):
        """Forward, and every gradient of the rule, without changing anything."""
        inputs, targets = np.asarray(inputs), np.asarray(targets)
        zero = np.zeros((inputs.shape[1], self.units))
        h, c = (zero, zero) if self.state is None else self.state
        steps = self.unroll(inputs, h, c)
        t, dlosses = self.read(steps, targets)

        dstate = np.zeros((len(zero), 2 * self.units))
        if self.rule != "bptt":
            t.synthetic = self.synthetic(steps[-1].h, steps[-1].c)
            dstate = self.factor * t.synthetic
            # What the next unroll would have told this one, had M been right: not times factor.
            _, t.target = self.back(steps, dlosses, t.synthetic)
            if self.oracle is None:
                self.regress(h, t)
        t.gradients["core.weight"], _ = self.back(steps, dlosses, dstate)
        if self.rule == "dni_aux" and self.before:
            self.regress_ahead(steps, t)
        for name, weight in self.weights.items():
            t.gradients.setdefault(name, np.zeros_like(weight))
        return t

    def unroll(self, inputs, h, c):
        """The LSTM from (h, c) over the codes [T, B]."""
        steps = []
        for codes in inputs:
            one_hot = np.eye(self.symbols)[codes]
            seen = np.concatenate([np.ones((len(codes), 1)), one_hot, h], axis=1)
            i, f, o, g = np.split(linear(seen, self.weights["core.weight"])[0], 4, axis=1)
            gates = (sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(g))
            i, f, o, g = gates
            c_before, c = c, f * c + i * g
            h = o * np.tanh(c)
            steps.append(Step(seen, gates, c_before, c, h))
        return steps

    def back(self, steps, dlosses, dstate):
        """Pull the losses' derivatives by each step's h, and the last state's, back in time.

        Gates, cells and inputs are the stored ones, the recurrent weight is the current one.
        Returns the gradients of the core's weight and of the state before the first step.
        """
        w = self.weights["core.weight"]
        dweight, (dh, dc) = np.zeros_like(w), np.split(dstate, 2, axis=1)
        for step, dloss in zip(reversed(steps), reversed(dlosses), strict=True):
            i, f, o, g = step.gates
            tanh_c = np.tanh(step.c)
            dh = dh + dloss
            dc = dc + dh * o * (1 - tanh_c**2)
            dz = np.concatenate(
                [
                    dc * g * i * (1 - i),
                    dc * step.c_before * f * (1 - f),
                    dh * tanh_c * o * (1 - o),
                    dc * i * (1 - g**2),
                ],
                axis=1,
            )
            dseen, dw = linear(step.seen, w)[1](dz)
            dweight += dw
            dh, dc = dseen[:, -self.units :], dc * f
        return dweight, np.concatenate([dh, dc], axis=1)

    def read(self, steps, targets):
        """The readout: a Trace with its loss and gradients, and d loss / d h of each step."""
        weight, bias = self.weights["readout.weight"], self.weights["readout.bias"]
        product, back = linear(np.concatenate([step.h for step in steps]), weight)
        logits = (product + bias).reshape(*targets.shape, self.classes)
        shifted = logits - logits.max(2, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(2, keepdims=True))
        # A row of zeros where the class is -1, so neither loss nor gradient.
        wanted = (targets[..., None] == np.arange(self.classes)).astype(float)
        streams, counted = targets.shape[1], wanted.sum(2, keepdims=True)
        loss = -(wanted * log_p).sum() / streams
        dlogits = ((counted * np.exp(log_p) - wanted) / streams).reshape(-1, self.classes)
        dh, dweight = back(dlogits)
        t = Trace(loss, logits, np.exp(log_p), steps=steps)
        t.gradients = {"readout.weight": dweight, "readout.bias": dlogits.sum(0)}
        return t, list(dh.reshape(len(steps), streams, -1))

    def synthetic(self, h, c):
        """The gradient of all that comes, by (h, c): the oracle's, or M's output over its scale."""
        return self.model(h)[0] / self.sg_scale if self.oracle is None else self.oracle(h, c)

    def model(self, h):
        """M: its output, sg_scale times a gradient, and the pullback to its weights' gradients."""
        layers, pullbacks, z = sum(n.startswith("sg.hidden") for n in self.weights) // 2, [], h
        names = [*(f"sg.hidden{j}" for j in range(layers)), "sg.output"]
        for name in names:
            product, linear_back = linear(z, self.weights[f"{name}.weight"])
            z, relu_back = product + self.weights[f"{name}.bias"], lambda delta: delta
            if name != "sg.output":
                z, relu_back = relu(z)
            pullbacks.append((name, linear_back, relu_back))

        def pullback(delta):
            gradients = {}
            for name, linear_back, relu_back in reversed(pullbacks):
                delta = relu_back(delta)
                gradients[f"{name}.bias"] = delta.sum(0)
                delta, gradients[f"{name}.weight"] = linear_back(delta)
            return gradients  # the derivative with respect to h ends here

        return z, pullback

    def regress(self, h, trace):
        """M's loss at the output carried into this unroll, and its gradients."""
        out, back = self.model(h)
        error = out - self.sg_scale * trace.target
        trace.sg_loss = (error**2).sum() / len(h)
        trace.gradients |= back(2 * error / len(h))

    def regress_ahead(self, steps, trace):
        """The auxiliary head on the unroll before towards M on this one, T steps later."""
        weight, bias = self.weights["aux.output.weight"], self.weights["aux.output.bias"]
        streams = len(steps[0].h)
        product, back = linear(np.concatenate([old.h for old in self.before]), weight)
        said = np.concatenate([streams * self.synthetic(new.h, new.c) for new in steps])
        error = product + bias - said  # of an example
        trace.aux_loss = (error**2).sum() / streams
        delta = 2 * self.aux_weight * error / streams
        dh, dweight = back(delta)
        dhs = dh.reshape(len(steps), streams, -1)
        dcore, _ = self.back(self.before, dhs, np.zeros((streams, 2 * self.units)))
        trace.gradients["core.weight"] = trace.gradients["core.weight"] + dcore
        trace.gradients |= {"aux.output.weight": dweight, "aux.output.bias": delta.sum(0)}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def random_weights(rng, rule, *, symbols, classes, units, sg_layers, sg_units):
    """Random weights of the right names and shapes, M's and the auxiliary last layers included."""
    weights = {}

    def add(name, out, into):
        weights[f"{name}.weight"] = rng.normal(0, 1 / np.sqrt(into), (out, into))
        weights[f"{name}.bias"] = rng.normal(0, 0.3, out)

    core = rng.normal(0, 1 / np.sqrt(units), (4 * units, 1 + symbols + units))
    weights["core.weight"] = core
    add("readout", classes, units)
    if rule != "bptt":
        seen = units
        for j in range(sg_layers):
            add(f"sg.hidden{j}", sg_units, seen)
            seen = sg_units
        add("sg.output", 2 * units, seen)
    if rule == "dni_aux":
        add("aux.output", 2 * units, units)
    return weights
