"""The reference beyond the paper against central differences and torch's autograd, in float64."""

import itertools

import numpy as np
import pytest
import torch
from reference.autograd import autograd_step, statistics_after
from reference.beyond import Beyond
from reference.beyond_rules import RULES
from reference.beyond_state import random_noise, random_state

BATCH, CHANNELS, SIZE, UNITS = 7, 2, 5, 6
EVERYWHERE = [rule for rule in RULES if rule != "mono_forward"]
CASES = [(rule, "fcn") for rule in (*RULES, "forward_forward")] + [(r, "cnn") for r in EVERYWHERE]
PLAIN = {"activation": "relu", "norm": "batch", "dropout": 0.0, "loss": "softmax"}
FIELDS = [
    {},
    {"activation": "leaky_relu", "dropout": 0.4},
    {"activation": "tanh", "norm": "none", "loss": "sigmoid"},
    {"activation": "tanh", "dropout": 0.3, "loss": "sigmoid"},
    {"activation": "leaky_relu", "norm": "none", "dropout": 0.4},
]
HYPERPARAMETERS = {
    "local_predsim": {"sim_weight": 0.7},
    "forward_forward": {"ff_threshold": 1.3},
    "deep_supervision": {"top_weight": 0.35},
    "dni": {"sg_scale": 3.0},
    "cdni": {"sg_scale": 3.0},
}
every_case = pytest.mark.parametrize(("rule", "network"), CASES)


def model(rule, network="fcn", **fields):
    """A model in a random state; x, labels, masks and u as `step` takes them."""
    rng, depth = np.random.default_rng(0), {"fcn": 4, "cnn": 3}[network]
    weights, statistics, kept = random_state(
        rng,
        rule=rule,
        network=network,
        depth=depth,
        channels=CHANNELS,
        size=SIZE,
        units=UNITS,
        kernel=3,
        norm=fields.get("norm", "batch"),
    )
    reference = Beyond(
        rule,
        network,
        depth,
        weights,
        statistics,
        1e-2,
        kept,
        HYPERPARAMETERS.get(rule, {}),
        **fields,
    )
    x, labels = rng.normal(size=(BATCH, CHANNELS, SIZE, SIZE)), rng.integers(0, 10, BATCH)
    noise = random_noise(rng, reference, BATCH, UNITS)
    return reference, (x, labels, noise["masks"], noise["u"])


def fields_of(network):
    return FIELDS if network == "fcn" else [{}, {"loss": "sigmoid"}]


def stated(reference, base, moved, name):
    """The scalar whose slope in `name` a rule follows: what it detaches has the value of `base`."""
    rule = reference.rule
    if name.startswith("classifier") or rule in ("backprop", "top_only"):
        return moved.loss
    i = int(name.split(".")[0][-1])
    if rule == "deep_supervision" and name.startswith("hidden"):
        return reference.value("top_weight") * moved.loss + sum(moved.losses)
    if rule in ("fa", "dfa", "drtp") or (rule in ("dni", "cdni") and name.startswith("hidden")):
        return (base.deltas[i] * moved.h[i]).sum()
    return moved.losses[i]


@every_case
def test_gradients_are_the_slopes_of_what_the_rule_states(rule, network):
    for fields in fields_of(network):
        reference, batch = model(rule, network, **fields)
        base = reference.trace(*batch)
        for name, gradient in base.gradients.items():
            weight = reference.weights[name]
            for index in np.random.default_rng(1).permutation(weight.size)[:3]:
                entry, values = np.unravel_index(index, weight.shape), []
                old = weight[entry]
                for sign in (1, -1):
                    weight[entry] = old + sign * 1e-6
                    values.append(stated(reference, base, reference.trace(*batch), name))
                weight[entry] = old
                slope = (values[0] - values[1]) / 2e-6
                assert gradient[entry] == pytest.approx(slope, rel=1e-6, abs=2e-8), (name, fields)


@every_case
def test_steps_against_autograd(rule, network):
    varied = {"fcn": PLAIN, "cnn": {"loss": "softmax"}}[network]
    values = {
        "activation": ("relu", "leaky_relu", "tanh"),
        "norm": ("batch", "none"),
        "dropout": (0.0, 0.4),
        "loss": ("softmax", "sigmoid"),
    }
    for combination in itertools.product(*(values[name] for name in varied)):
        fields = dict(zip(varied, combination, strict=True))
        reference, batch = model(rule, network, **fields)
        expected, trace = autograd_step(reference, *batch), reference.trace(*batch)
        assert set(expected) == set(trace.gradients)
        for name, gradient in expected.items():
            np.testing.assert_allclose(
                trace.gradients[name], gradient, rtol=1e-9, atol=1e-12, err_msg=f"{name} {fields}"
            )


@every_case
def test_rules_update_what_they_should(rule, network):
    reference, batch = model(rule, network)
    trace = reference.trace(*batch)
    left = {
        "no_bprop": ("hidden",),
        "top_only": tuple(f"hidden{i}" for i in range(reference.depth - 2)),
        "mono_forward": ("classifier",),
        "forward_forward": ("classifier",),
    }.get(rule, ())
    assert set(trace.gradients) == {n for n in reference.weights if not n.startswith(left or "-")}
    assert all(np.abs(g).max() > 0 for g in trace.gradients.values())
    assert all(g.shape == reference.weights[name].shape for name, g in trace.gradients.items())
    assert set(trace.moving) == set(reference.statistics)
    before = {name: w.copy() for name, w in reference.weights.items()}
    reference.step(*batch)
    moved = {n for n, w in reference.weights.items() if not np.array_equal(w, before[n])}
    assert moved == set(trace.gradients)


@every_case
@pytest.mark.parametrize("optimizer", ["adam", "rmsprop"])
def test_optimisers_against_torch(rule, network, optimizer):
    reference, batch = model(rule, network, optimizer=optimizer)
    weights = {n: torch.tensor(w, requires_grad=True) for n, w in reference.weights.items()}
    torch_optimiser = {
        "adam": lambda w: torch.optim.Adam(w, lr=1e-2),
        "rmsprop": lambda w: torch.optim.RMSprop(w, lr=1e-2, alpha=0.99, eps=1e-8),
    }[optimizer](weights.values())
    for _ in range(3):
        for name, gradient in reference.trace(*batch).gradients.items():
            weights[name].grad = torch.tensor(gradient)
        torch_optimiser.step()
        reference.step(*batch)
        for name, weight in weights.items():
            np.testing.assert_allclose(
                reference.weights[name], weight.detach().numpy(), rtol=0, atol=1e-13
            )


@pytest.mark.parametrize(("rule", "network"), [("backprop", "fcn"), ("forward_forward", "fcn")])
def test_statistics_move_by_all_rows_of_the_step(rule, network):
    reference, batch = model(rule, network, dropout=0.4)
    expected = statistics_after(reference, *batch)
    reference.step(*batch)
    assert set(expected) == set(reference.statistics)
    for name, value in expected.items():
        np.testing.assert_allclose(reference.statistics[name], value, atol=1e-12)


@pytest.mark.parametrize("network", ["fcn", "cnn"])
@pytest.mark.parametrize("loss", ["softmax", "sigmoid"])
def test_feedback_alignment_by_the_weights_themselves_is_backprop(network, loss):
    fields = {"loss": loss} | ({"activation": "tanh", "dropout": 0.4} if network == "fcn" else {})
    reference, batch = model("fa", network, **fields)
    for i in range(1, reference.depth - 1):
        reference.kept[f"feedback{i}"] = reference.weights[f"hidden{i}.weight"]
    reference.kept[f"feedback{reference.depth - 1}"] = reference.weights["classifier.weight"]
    mine = reference.trace(*batch).gradients
    reference.rule = "backprop"
    for name, gradient in reference.trace(*batch).gradients.items():
        np.testing.assert_allclose(mine[name], gradient, rtol=1e-12, atol=1e-15)


def test_states_hold_the_feedback_that_a_rule_reads():
    assert set(model("fa")[0].kept) == {"feedback1", "feedback2", "feedback3"}
    assert set(model("dfa")[0].kept) == {"feedback0", "feedback1", "feedback2"}


def test_deep_supervision_without_heads_is_backprop_and_without_the_top_is_joint_training():
    reference, batch = model("deep_supervision")
    for name in (n for n in reference.weights if n.startswith("head") and n.endswith("weight")):
        reference.weights[name][:] = 0
    reference.hyperparameters = {"top_weight": 1.0}
    mine = reference.trace(*batch).gradients
    reference.hyperparameters = {"top_weight": 0.0}
    joint = reference.trace(*batch).gradients
    reference.rule = "backprop"
    for name, gradient in reference.trace(*batch).gradients.items():
        np.testing.assert_allclose(mine[name], gradient, rtol=1e-12)
        if name.startswith("hidden"):
            assert not joint[name].any()
        else:
            np.testing.assert_array_equal(joint[name], gradient)


@pytest.mark.parametrize(("share", "other"), [(0.0, "local_pred"), (1.0, "local_sim")])
@pytest.mark.parametrize("network", ["fcn", "cnn"])
def test_predsim_at_its_ends(share, other, network):
    reference, batch = model("local_predsim", network)
    reference.hyperparameters = {"sim_weight": share}
    mine = reference.trace(*batch)
    reference.rule = other
    theirs = reference.trace(*batch)
    np.testing.assert_allclose(mine.losses, theirs.losses, rtol=1e-14)
    for name, gradient in mine.gradients.items():
        np.testing.assert_allclose(gradient, theirs.gradients.get(name, 0 * gradient), rtol=1e-12)


@every_case
def test_what_is_above_a_layer_does_not_reach_a_local_one(rule, network):
    reference, batch = model(rule, network)
    before = reference.trace(*batch).gradients
    for name, weight in reference.weights.items():
        if not name.startswith(("hidden0", "head0", "map0")):
            reference.weights[name] = 1.1 * weight
    after = reference.trace(*batch).gradients
    own = [n for n in before if n.startswith(("hidden0", "head0", "map0"))]
    same = all(np.array_equal(before[name], after[name]) for name in own)
    local = rule.startswith("local") or rule in ("drtp", "mono_forward", "forward_forward")
    assert same == (local or not own)
