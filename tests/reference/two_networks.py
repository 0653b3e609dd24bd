"""One cycle of Figure 8's pair in plain NumPy float64, written from the paper alone.

A: two layers (Linear, batch norm, ReLU), an LSTM with batch-normalised recurrence, a readout and a
message. B: such an LSTM on messages, a readout. M: one hidden layer (Linear, batch norm, ReLU) and
a linear one. Every derivative is written out by hand; rows are examples. Shares nothing with the
package, which is held against it.
"""

from dataclasses import dataclass, field

import numpy as np
from reference.layers import batch_norm, linear, relu

MOMENTUM, EPSILON = 0.1, 1e-5


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def cross_entropy(logits, labels):
    """The batch mean, and its gradient at the logits."""
    p = np.exp(logits - logits.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    rows = np.arange(len(labels))
    loss = -np.log(p[rows, labels]).mean()
    p[rows, labels] -= 1
    return loss, p / len(labels)


@dataclass
class Pair:
    """Weights by name, running statistics, states and Adam, of one replica.

    `rule` is end_to_end, no_feedback or dni. `oracle(window)`, where set, gives the synthetic
    gradient at a window's message in M's place.
    """

    rule: str
    weights: dict
    statistics: dict
    T: int
    rate: float
    factor: float = field(default=10.0, kw_only=True)
    sg_scale: float = field(default=1.0, kw_only=True)

    def __post_init__(self):
        self.weights = {n: np.array(w, dtype=np.float64) for n, w in self.weights.items()}
        self.statistics = {n: np.array(s, dtype=np.float64) for n, s in self.statistics.items()}
        self.first = {n: np.zeros_like(w) for n, w in self.weights.items()}
        self.second = {n: np.zeros_like(w) for n, w in self.weights.items()}
        self.updates = dict.fromkeys(("a", "b", "sg0"), 0)
        self.state = {"a": None, "b": None}
        self.oracle, self.frozen, self.running = None, False, False

    # --- layers: each returns its output and a pullback that adds to `grads`

    def norm(self, x, gamma, beta, name, at=None):
        """Batch norm; `name` of its running statistics, `at` the step that they are of."""
        mean_of, variance_of = (
            (f"{name}.mean", f"{name}.variance")
            if at is None
            else (f"{name}_mean", f"{name}_variance")
        )
        if self.running:
            mean, variance = self.statistics[mean_of], self.statistics[variance_of]
            mean, variance = (mean, variance) if at is None else (mean[at], variance[at])
            return gamma * (x - mean) / np.sqrt(variance + EPSILON) + beta, None
        out, pullback, mean, variance = batch_norm(x, gamma, beta)
        for key, value in ((mean_of, mean), (variance_of, variance)):
            kept = self.statistics[key] if at is None else self.statistics[key][at]
            kept += MOMENTUM * (value - kept)
        return out, pullback

    def dense(self, x, name, rectified):
        """Linear without bias, batch norm, and a ReLU where rectified."""
        w = self.weights
        y, pull_linear = linear(x, w[f"{name}.weight"])
        y, pull_norm = self.norm(y, w[f"{name}.gamma"], w[f"{name}.beta"], name)
        pull_relu = None
        if rectified:
            y, pull_relu = relu(y)

        def pullback(delta, grads):
            if rectified:
                delta = pull_relu(delta)
            delta, dgamma, dbeta = pull_norm(delta)
            dx, dweight = pull_linear(delta)
            add(grads, {f"{name}.weight": dweight, f"{name}.gamma": dgamma, f"{name}.beta": dbeta})
            return dx

        return y, pullback

    def affine(self, x, name):
        """Linear with bias."""
        y, pull = linear(x, self.weights[f"{name}.weight"])

        def pullback(delta, grads):
            dx, dweight = pull(delta)
            add(grads, {f"{name}.weight": dweight, f"{name}.bias": delta.sum(0)})
            return dx

        return y + self.weights[f"{name}.bias"], pullback

    def lstm(self, x, network, at):
        """A step from the network's state; the pullback takes and gives gradients of h and c."""
        w, name = self.weights, f"{network}.lstm"
        h, c = self.state[network]
        units = h.shape[1]
        from_x, pull_x = linear(x, w[f"{name}.input"])
        from_h, pull_h = linear(h, w[f"{name}.hidden"])
        zero = np.zeros(4 * units)
        normal_x, pull_nx = self.norm(from_x, w[f"{name}.input_gamma"], zero, f"{name}.input", at)
        normal_h, pull_nh = self.norm(from_h, w[f"{name}.hidden_gamma"], zero, f"{name}.hidden", at)
        i, f, o, g = np.split(normal_x + normal_h + w[f"{name}.bias"], 4, axis=1)
        i, f, o, g = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(g)
        new_c = f * c + i * g
        t = np.tanh(new_c)
        self.state[network] = o * t, new_c

        def pullback(dh, dc, grads):
            dc = dc + dh * o * (1 - t * t)
            gates = np.concatenate(
                [
                    dc * g * i * (1 - i),
                    dc * c * f * (1 - f),
                    dh * t * o * (1 - o),
                    dc * i * (1 - g * g),
                ],
                axis=1,
            )
            dfrom_x, dgamma_x, _ = pull_nx(gates)
            dfrom_h, dgamma_h, _ = pull_nh(gates)
            dx, dinput = pull_x(dfrom_x)
            dh_before, dhidden = pull_h(dfrom_h)
            add(
                grads,
                {
                    f"{name}.input": dinput,
                    f"{name}.hidden": dhidden,
                    f"{name}.bias": gates.sum(0),
                    f"{name}.input_gamma": dgamma_x,
                    f"{name}.hidden_gamma": dgamma_h,
                },
            )
            return dx, dh_before, dc * f

        return pullback

    def window(self, digits):
        """A's T steps on digits [T, B, pixels]: logits, message and the pullback of both.

        The pullback takes the gradients at the logits, at the message and at the state after, and
        returns that at the state before.
        """
        steps = []
        for at, pixels in enumerate(digits):
            h, pull0 = self.dense(pixels, "a.encoder0", True)
            h, pull1 = self.dense(h, "a.encoder1", True)
            steps.append((pull0, pull1, self.lstm(h, "a", at)))
        logits, pull_readout = self.affine(self.state["a"][0], "a.readout")
        message, pull_message = self.dense(self.state["a"][0], "a.message", False)

        def pullback(dlogits, dmessage, dh, dc, grads):
            dh = dh + pull_readout(dlogits, grads) + pull_message(dmessage, grads)
            for pull0, pull1, pull_lstm in reversed(steps):
                dx, dh, dc = pull_lstm(dh, dc, grads)
                pull0(pull1(dx, grads), grads)
            return dh, dc

        return logits, message, pullback

    def model(self, message):
        """S times M's synthetic gradient, and its pullback."""
        h, pull_hidden = self.dense(message, "sg0.hidden0", True)
        said, pull_output = self.affine(h, "sg0.output")
        return said, lambda delta, grads: pull_hidden(pull_output(delta, grads), grads)

    def adam(self, part, grads):
        if self.frozen:
            return
        self.updates[part] += 1
        n = self.updates[part]
        for name in self.weights:
            if name.split(".")[0] != part:
                continue
            g = grads.get(name, np.zeros_like(self.weights[name]))
            m = self.first[name] = 0.9 * self.first[name] + 0.1 * g
            v = self.second[name] = 0.999 * self.second[name] + 0.001 * g * g
            m_hat, v_hat = m / (1 - 0.9**n), v / (1 - 0.999**n)
            self.weights[name] = self.weights[name] - self.rate * m_hat / (np.sqrt(v_hat) + 1e-8)

    def cycle(self, digits, odd, threes):
        """A cycle on digits [T, T, B, pixels] and counts [T, B], [B]; returns what was seen."""
        units = self.weights["a.message.weight"].shape[0]
        for name, state in self.state.items():
            if state is None:
                self.state[name] = (np.zeros((digits.shape[2], units)),) * 2
        zero = np.zeros((digits.shape[2], units))
        seen = {"a": [], "grads": {}, "messages": [], "said": []}
        windows, ticks, a_grads = [], [], []
        for n in range(self.T):
            logits, message, pull = self.window(digits[n])
            loss, dlogits = cross_entropy(logits, odd[n])
            seen["a"].append(loss)
            seen["messages"].append(message)
            windows.append((dlogits, pull))
            if self.rule != "end_to_end":
                dmessage = zero
                if self.rule == "dni":
                    kept = {k: v.copy() for k, v in self.statistics.items() if k.startswith("sg0")}
                    said = self.model(message)[0] / self.sg_scale
                    self.statistics |= kept  # only M's learning moves them
                    if self.oracle is not None:
                        said = self.oracle(n)
                    seen["said"].append(said)
                    dmessage = self.factor * said
                grads = {}
                pull(dlogits, dmessage, zero, zero, grads)
                a_grads.append(grads)
                self.adam("a", grads)
            ticks.append(self.lstm(message, "b", n))
        logits, pull_readout = self.affine(self.state["b"][0], "b.readout")
        seen["b"], dlogits = cross_entropy(logits, threes)
        b_grads, targets = {}, []
        dh, dc = pull_readout(dlogits, b_grads), zero
        for pull in reversed(ticks):
            dmessage, dh, dc = pull(dh, dc, b_grads)
            targets.insert(0, dmessage)
        if self.rule == "end_to_end":
            grads, dh, dc = {}, zero, zero
            for (dlogits, pull), dmessage in zip(reversed(windows), reversed(targets), strict=True):
                dh, dc = pull(dlogits, dmessage, dh, dc, grads)
            a_grads = [grads]
            self.adam("a", grads)
        self.adam("b", b_grads)
        m_grads = {}
        if self.rule == "dni":
            seen["sg_loss"] = 0.0
            for message, target in zip(seen["messages"], targets, strict=True):
                said, pull = self.model(message)
                error, count = said - self.sg_scale * target, len(message) * self.T
                seen["sg_loss"] += (error**2).sum() / count
                pull(2 * error / count, m_grads)
            self.adam("sg0", m_grads)
        seen |= {"targets": targets, "a_grads": a_grads, "b_grads": b_grads, "m_grads": m_grads}
        return seen


def add(grads, more):
    for name, value in more.items():
        grads[name] = grads.get(name, 0) + value


def random_state(rng, names):
    """Random weights and statistics of {name: shape}, gammas and variances around one."""
    return {
        name: rng.uniform(0.5, 1.5, shape)
        if name.endswith(("gamma", "variance"))
        else rng.normal(0, 0.4, shape)
        for name, shape in names.items()
    }
