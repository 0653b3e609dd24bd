"""The reference of decoupled layers and BP(lambda): central differences, and Table 1's reference.

The objective of every block is written out anew, forward only: what it must not follow is a number
taken at the weights before the step, and what comes down from a layer is a difference as well.
"""

import itertools

import numpy as np
import pytest
import torch
from reference.decoupled import Adam, block, bp_lambda_step, random_inputs, step
from reference.layers import BATCH_NORM_EPSILON
from reference.table1 import Table1, random_state

DEPTH, BATCH, CHANNELS, SIZE, UNITS, S, RATE = 4, 7, 2, 4, 4, 3.0, 1e-2
HIDDEN = DEPTH - 1
PATTERNS = list(itertools.product([False, True], repeat=DEPTH))

every_pattern = pytest.mark.parametrize(
    "mask", PATTERNS, ids=lambda c: "".join(".x"[bit] for bit in c)
)
every_m = pytest.mark.parametrize("sg_layers", range(3))
with_and_without_label = pytest.mark.parametrize("conditioned", [False, True])
either_way = pytest.mark.parametrize("decoupled", ["update", "both"])
every_network = pytest.mark.parametrize("network", ["fcn", "cnn"])


def state(conditioned, sg_layers, network="fcn", si_layers=None):
    """Random weights, statistics, inputs and labels; with models I if si_layers is given."""
    rng = np.random.default_rng(0)
    weights, statistics = random_state(
        rng,
        rule="cdni" if conditioned else "dni",
        network=network,
        depth=DEPTH,
        sg_layers=sg_layers,
        channels=CHANNELS,
        size=SIZE,
        units=UNITS,
        kernel=3,
        sg_units=5,
    )
    if si_layers is not None:
        features = CHANNELS * SIZE * SIZE
        inputs = random_inputs(
            rng, layers=HIDDEN, features=features, units=UNITS, si_layers=si_layers, si_units=6
        )
        weights, statistics = weights | inputs[0], statistics | inputs[1]
    x = rng.uniform(0, 1, (BATCH, CHANNELS, SIZE, SIZE))
    return weights, statistics, x, rng.integers(0, 10, BATCH)


def table1(weights, statistics, *, conditioned, sg_layers, network="fcn"):
    """Table 1's reference in this state."""
    rule = "cdni" if conditioned else "dni"
    return Table1(rule, network, DEPTH, weights, statistics, RATE, sg_layers, S)


def assert_same(got, want):
    assert set(got) == set(want)
    for name in want:
        np.testing.assert_allclose(got[name], want[name], rtol=1e-13, atol=1e-14, err_msg=name)


def expected_blocks(mask, decoupled):
    """What an update touches: free layers, the M below and (both) the I above each of them."""
    names = [*(f"hidden{i}" for i in range(HIDDEN)), "classifier"]
    touched = {name for name, bit in zip(names, mask, strict=True) if bit}
    touched |= {f"sg{i}" for i in range(HIDDEN) if mask[i + 1]}
    if decoupled == "both":
        touched |= {f"si{i}" for i in range(HIDDEN) if mask[i]}
    return touched


# Every block's objective, forward only.


def normed(w, name, x):
    z = x @ w[f"{name}.weight"].T
    z = (z - z.mean(0)) / np.sqrt(z.var(0) + BATCH_NORM_EPSILON)
    return np.maximum(w[f"{name}.gamma"] * z + w[f"{name}.beta"], 0)


def mlp(w, name, last, x):
    for j in itertools.takewhile(lambda j: f"{name}.hidden{j}.weight" in w, itertools.count()):
        x = normed(w, f"{name}.hidden{j}", x)
    return x @ w[f"{name}.{last}.weight"].T + w[f"{name}.{last}.bias"]


def cross_entropy(w, h, labels):
    logits = h @ w["classifier.weight"].T + w["classifier.bias"]
    return (np.log(np.exp(logits).sum(1)) - logits[np.arange(len(h)), labels]).mean()


def squares(a, b):
    return ((a - b) ** 2).sum() / len(a)


def slopes(function, at, entries=None, epsilon=1e-6):
    """Central differences of `function()`, which reads the array `at`, in its flat entries."""
    found = []
    for index in range(at.size) if entries is None else entries:
        place = np.unravel_index(index, at.shape)
        old, values = at[place], []
        for sign in (1, -1):
            at[place] = old + sign * epsilon
            values.append(function())
        at[place] = old
        found.append((values[0] - values[1]) / (2 * epsilon))
    return np.array(found)


class Objectives:
    """{block: what it descends, of `weights` as they are}; all else is a constant."""

    def __init__(self, weights, labels, conditioned):
        self.weights, self.found = weights, {}
        self.labels, self.label = labels, np.eye(10)[labels] if conditioned else None

    def m(self, i, h):
        seen = h if self.label is None else np.hstack([h, self.label])
        return mlp(self.weights, f"sg{i}", "output", seen)

    def layer(self, i, taken, delta):
        """Layer i on what it took, updated with `delta` (the top: with the loss), and M below.

        Returns the gradient at what it took.
        """
        taken = taken.copy()

        def objective():
            if delta is None:
                return cross_entropy(self.weights, taken, self.labels)
            return (delta * normed(self.weights, f"hidden{i}", taken)).sum()

        self.found["classifier" if delta is None else f"hidden{i}"] = objective
        if i == 0:
            return None
        sent = slopes(objective, taken).reshape(taken.shape)
        self.found[f"sg{i - 1}"] = lambda: squares(self.m(i - 1, taken), S * sent)
        return sent


def decoupled_objectives(weights, x, labels, mask, decoupled, conditioned):
    objectives, x = Objectives(weights, labels, conditioned), x.reshape(len(x), -1)
    took = [x]
    for i in range(HIDDEN):
        h = normed(weights, f"hidden{i}", took[i])
        if decoupled == "both":
            if mask[i]:
                objectives.found[f"si{i}"] = lambda i=i, h=h: squares(
                    mlp(weights, f"si{i}", "last", x), h
                )
            else:
                h = mlp(weights, f"si{i}", "last", x)
        took.append(h)
    for i in range(HIDDEN):
        if mask[i]:
            objectives.layer(i, took[i], objectives.m(i, took[i + 1]) / S)
    if mask[HIDDEN]:
        objectives.layer(HIDDEN, took[HIDDEN], None)
    return objectives.found


def bp_lambda_objectives(weights, x, labels, bp_lambda, conditioned):
    objectives, took = Objectives(weights, labels, conditioned), [x.reshape(len(x), -1)]
    for i in range(HIDDEN):
        took.append(normed(weights, f"hidden{i}", took[i]))
    sent = objectives.layer(HIDDEN, took[HIDDEN], None)
    for i in reversed(range(HIDDEN)):
        delta = bp_lambda * sent + (1 - bp_lambda) * objectives.m(i, took[i + 1]) / S
        sent = objectives.layer(i, took[i], delta)
    return objectives.found


def assert_slopes(gradients, weights, objectives):
    assert {block(name) for name in gradients} == set(objectives)
    assert set(gradients) == {name for name in weights if block(name) in objectives}
    for name, gradient in gradients.items():
        entries = np.random.default_rng(1).permutation(gradient.size)[:6]
        want = slopes(objectives[block(name)], weights[name], entries)
        np.testing.assert_allclose(
            gradient.ravel()[entries], want, rtol=1e-5, atol=1e-6, err_msg=name
        )


@every_pattern
@every_m
@with_and_without_label
@either_way
def test_gradients_are_the_slopes_of_each_blocks_objective(decoupled, conditioned, sg_layers, mask):
    si_layers = sg_layers if decoupled == "both" else None
    weights, statistics, x, labels = state(conditioned, sg_layers, si_layers=si_layers)
    gradients, _ = step(
        weights, statistics, x, labels, mask, decoupled=decoupled, conditioned=conditioned, S=S
    )
    objectives = decoupled_objectives(weights, x, labels, mask, decoupled, conditioned)
    assert set(objectives) == expected_blocks(mask, decoupled)
    assert_slopes(gradients, weights, objectives)


@pytest.mark.parametrize("bp_lambda", [0.0, 0.3, 1.0])
@every_m
@with_and_without_label
def test_bp_lambda_gradients_are_the_slopes_of_each_blocks_objective(
    conditioned, sg_layers, bp_lambda
):
    weights, statistics, x, labels = state(conditioned, sg_layers)
    gradients, _ = bp_lambda_step(
        weights, statistics, x, labels, bp_lambda=bp_lambda, conditioned=conditioned, S=S
    )
    assert_slopes(
        gradients, weights, bp_lambda_objectives(weights, x, labels, bp_lambda, conditioned)
    )


# Against Table 1's reference.


@every_pattern
@every_network
@every_m
@with_and_without_label
def test_an_idle_layer_takes_its_gradients_out_of_the_dni_step(
    conditioned, sg_layers, network, mask
):
    # All layers run whatever the mask, so the gradients that are left are DNI's to the bit.
    weights, statistics, x, labels = state(conditioned, sg_layers, network)
    kind = {"conditioned": conditioned, "sg_layers": sg_layers, "network": network}
    trace = table1(weights, statistics, **kind).trace(x, labels)
    gradients, after = step(
        weights, statistics, x, labels, mask, decoupled="update", conditioned=conditioned, S=S
    )
    touched = expected_blocks(mask, "update")
    assert_same(gradients, {n: g for n, g in trace.gradients.items() if block(n) in touched})
    ran = {f"sg{i}" for i in range(HIDDEN) if mask[i] or mask[i + 1]}
    assert_same(
        after,
        {
            name: trace.moving[name] if name.startswith("hidden") or block(name) in ran else old
            for name, old in statistics.items()
        },
    )


@pytest.mark.parametrize(
    ("network", "decoupled"), [("fcn", "update"), ("cnn", "update"), ("fcn", "both")]
)
@every_m
@with_and_without_label
def test_with_all_layers_active_three_steps_are_dni(conditioned, sg_layers, network, decoupled):
    si_layers = 1 if decoupled == "both" else None
    weights, statistics, x, labels = state(conditioned, sg_layers, network, si_layers)
    plain = table1(
        *({n: v for n, v in d.items() if not n.startswith("si")} for d in (weights, statistics)),
        conditioned=conditioned,
        sg_layers=sg_layers,
        network=network,
    )
    adam = Adam(weights, RATE)
    for _ in range(3):
        gradients, statistics = step(
            weights,
            statistics,
            x,
            labels,
            [True] * DEPTH,
            decoupled=decoupled,
            conditioned=conditioned,
            S=S,
        )
        weights = adam.step(weights, gradients)
        plain.step(x, labels)
        for name, want in plain.weights.items():
            np.testing.assert_allclose(weights[name], want, rtol=1e-11, atol=1e-12)
        for name, want in plain.statistics.items():
            np.testing.assert_allclose(statistics[name], want, rtol=1e-11, atol=1e-12)
    assert set(adam.counts.values()) == {3}


@every_m
@with_and_without_label
@every_network
def test_bp_lambda_is_dni_at_0_and_backprop_at_1(network, conditioned, sg_layers):
    weights, statistics, x, labels = state(conditioned, sg_layers, network)
    kind = {"conditioned": conditioned, "sg_layers": sg_layers, "network": network}
    plain = table1(weights, statistics, **kind)
    synthetic, true = (
        bp_lambda_step(
            weights, statistics, x, labels, bp_lambda=value, conditioned=conditioned, S=S
        )
        for value in (0.0, 1.0)
    )
    trace = plain.trace(x, labels)
    assert_same(synthetic[0], trace.gradients)
    assert_same(synthetic[1], trace.moving)
    plain.rule = "backprop"
    assert_same(
        {n: g for n, g in true[0].items() if not n.startswith("sg")},
        plain.trace(x, labels).gradients,
    )


# What an idle layer leaves alone.


@every_pattern
@pytest.mark.parametrize("si_layers", range(3))
def test_an_idle_layer_neither_tracks_nor_counts(si_layers, mask):
    weights, statistics, x, labels = state(False, 1, si_layers=si_layers)
    gradients, after = step(
        weights, statistics, x, labels, mask, decoupled="both", conditioned=False, S=S
    )
    ran = {f"hidden{i}" for i in range(HIDDEN) if mask[i]}
    ran |= {f"{m}{i}" for i in range(HIDDEN) if mask[i] or mask[i + 1] for m in ("sg", "si")}
    assert set(after) == set(statistics)
    moved = {block(n) for n, old in statistics.items() if not np.array_equal(after[n], old)}
    assert moved == ran & {block(n) for n in statistics}

    adam = Adam(weights, RATE)
    updated = adam.step(weights, gradients)
    touched = expected_blocks(mask, "both")
    assert {block(n) for n, w in weights.items() if not np.array_equal(updated[n], w)} == touched
    for moments in (adam.first, adam.second):
        assert {block(n) for n, moment in moments.items() if moment.any()} == touched
    assert {name for name, count in adam.counts.items() if count} == touched


@either_way
def test_with_all_layers_idle_nothing_learns(decoupled):
    weights, statistics, x, labels = state(True, 2, si_layers=2)
    gradients, after = step(
        weights,
        statistics,
        x,
        labels,
        [False] * DEPTH,
        decoupled=decoupled,
        conditioned=True,
        S=S,
    )
    assert gradients == {}
    moved = {block(n) for n in statistics if not np.array_equal(after[n], statistics[n])}
    assert moved == ({f"hidden{i}" for i in range(HIDDEN)} if decoupled == "update" else set())


def test_adam_against_an_optimiser_of_torch_a_block():
    weights, *_ = state(False, 1, si_layers=1)
    rng, adam = np.random.default_rng(2), Adam(weights, RATE)
    theirs = {n: torch.tensor(w, requires_grad=True) for n, w in weights.items()}
    optimisers = {
        name: torch.optim.Adam([w for n, w in theirs.items() if block(n) == name], lr=RATE)
        for name in adam.counts
    }
    for _ in range(6):
        gradients = {}
        for name, optimiser in optimisers.items():
            if rng.uniform() < 0.5:
                for n in (n for n in weights if block(n) == name):
                    gradients[n] = rng.normal(size=weights[n].shape)
                    theirs[n].grad = torch.tensor(gradients[n])
                optimiser.step()
        weights = adam.step(weights, gradients)
        for name, weight in theirs.items():
            np.testing.assert_allclose(
                weights[name], weight.detach().numpy(), rtol=1e-13, atol=1e-14
            )
    assert len(set(adam.counts.values())) > 1
