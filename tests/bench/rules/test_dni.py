"""DNI and cDNI in their limits: results that are exact, whatever the numbers."""

import math

import pytest
import torch
from reference.programs import (
    batches,
    differing,
    everything,
    examples,
    gradients,
    moved,
    program_of,
    reference_of,
    tiny_cell,
    update,
)

every_network = pytest.mark.parametrize("network", ["fcn", "cnn"])
every_m = pytest.mark.parametrize("sg_layers", [0, 1, 2])
synthetic_rules = pytest.mark.parametrize("rule", ["dni", "cdni"])


def one_update(program, labels=None):
    """One update on fixed examples; returns its gradients by name."""
    update(program, next(batches(program, 1)), labels)
    return gradients(program)


def targets_of(program):
    """Record, from now on, what each M should have predicted, as it is told: {layer: target}."""
    found = {}
    for i, model in enumerate(program.network.models):

        def error(predicted, target, i=i, compute=model.error):
            found[i] = target.clone()
            return compute(predicted, target)

        model.error = error
    return found


class TrueGradient:
    """Stands in for M: its prediction is the gradient of the loss through all layers above."""

    def __init__(self, network, layer):
        self.network, self.layer = network, layer
        self.sequence = network.models[layer].sequence
        self.surprises = []

    def __call__(self, h, one_hot):
        with self.network.untracked():
            pullbacks = []
            x = h
            for above in self.network.hidden[self.layer + 1 :]:
                x, pullback = above(x)
                pullbacks.append(pullback)
            logits, pullback = self.network.classify(x)
            delta = pullback(self.network.loss_gradient(logits, one_hot))
            for pullback in reversed(pullbacks):
                delta = pullback(delta)
        return delta, lambda target: self.surprises.append(not torch.equal(target, delta))


@every_network
@synthetic_rules
def test_true_gradients_in_place_of_m_give_exactly_backprop(rule, network):
    cell = tiny_cell(rule, network, depth=5)
    dni, backprop = program_of(cell), program_of(tiny_cell("backprop", network, depth=5))
    for name, view in backprop.network.weights.named.items():
        view.copy_(dni.network.weights.named[name])
    models = [TrueGradient(dni.network, i) for i in range(4)]
    dni.network.models = models
    start = everything(dni)
    for index in batches(dni, 4):
        update(dni, index)
        update(backprop, index)
        got, want = everything(dni), everything(backprop)
        for what, value in want.items():
            if what[0] != "statistic":  # they started apart
                assert (got[what] == value).all(), what
    # A perfect M is its own target, bootstrapped; nothing moved M itself.
    assert all(model.surprises == [False] * 4 for model in models)
    assert moved(start, got) == {n for kind, n in want if kind == "weight"}


@every_network
@every_m
@synthetic_rules
def test_the_gradient_comes_down_one_layer_a_step_from_a_zero_m(rule, sg_layers, network):
    program = program_of(tiny_cell(rule, network, sg_layers=sg_layers), randomised=False)
    hidden = len(program.network.hidden)
    for step, index in enumerate(batches(program, hidden + 1)):
        before = everything(program)
        update(program, index)
        changed = moved(before, everything(program))
        lowest = hidden - step  # on step one (0 here) no hidden layer moves, only the top M learns
        for i in range(hidden):
            assert (f"hidden{i}.weight" in changed) == (i >= lowest), (step, i)
            assert (f"sg{i}.output.weight" in changed) == (i >= lowest - 1), (step, i)
        assert {"classifier.weight", "classifier.bias"} <= changed


@every_network
@every_m
@synthetic_rules
def test_m_starts_at_zero_in_its_last_layer_only(rule, sg_layers, network):
    program = program_of(tiny_cell(rule, network, sg_layers=sg_layers), randomised=False)
    for name, view in program.network.weights.named.items():
        if name.startswith("sg"):
            zero = ".output." in name or name.endswith("beta")
            assert bool((view == 0).all()) == zero, name


@every_network
@every_m
def test_m_output_is_not_rectified(sg_layers, network):
    program = program_of(tiny_cell("dni", network, sg_layers=sg_layers))
    views = program.network.weights.named
    views["sg0.output.weight"].zero_()
    views["sg0.output.bias"].fill_(-6.0)
    images, labels = program.batches.take(next(batches(program, 1)))
    h, _ = program.network.hidden[0](program.network.architecture.pack(images))
    delta, _ = program.network.models[0](h, program.network.encode(labels))
    assert delta.shape == h.shape
    assert (delta == -6.0 / 3.0).all()


@every_network
@every_m
def test_labels_reach_only_the_top_m_target_and_the_classifier_in_dni(sg_layers, network):
    cell = tiny_cell("dni", network, sg_layers=sg_layers)
    one, other = program_of(cell), program_of(cell)
    index = next(batches(one, 1))
    labels = (one.batches.labels[index] + 1) % 10
    changed = differing(one_update(one), one_update(other, labels))
    top = {n for n in one.network.weights.named if n.startswith(("sg2.", "classifier."))}
    assert changed == top


@every_network
@every_m
@synthetic_rules
def test_m_loss_never_moves_the_network(rule, sg_layers, network):
    cell = tiny_cell(rule, network, sg_layers=sg_layers)
    one, other = program_of(cell), program_of(cell)
    for model in other.network.models:

        def error(predicted, target, compute=model.error):
            return compute(predicted, target + 1000.0)

        model.error = error
    changed = differing(one_update(one), one_update(other))
    models = {n for n in one.network.weights.named if n.startswith("sg")}
    assert changed == models
    weights = one.network.weights.named, other.network.weights.named
    assert differing(*weights) <= models


@every_network
@every_m
@synthetic_rules
def test_targets_are_bootstrapped(rule, sg_layers, network):
    """The target of M_i follows from M_{i+1} and layer i + 1; what lies above it plays no part."""
    cell = tiny_cell(rule, network, sg_layers=sg_layers)

    def targets_after(change):
        program = program_of(cell)
        change(program.network.weights.named)
        found = targets_of(program)
        one_update(program)
        return found

    plain = targets_after(lambda w: None)
    for name, reached in (
        ("classifier.weight", {2}),
        ("sg2.output.weight", {1}),
        ("sg1.output.weight", {0}),
        ("sg0.output.weight", set()),
    ):
        found = targets_after(lambda w, name=name: w[name].mul_(1.5))
        assert {i for i in plain if not torch.equal(plain[i], found[i])} == reached, name

    program = program_of(cell)
    trace = reference_of(program).trace(*examples(next(batches(program, 1))))
    for i, target in plain.items():
        want = torch.as_tensor(trace.targets[i] / cell.sg_scale)
        got = target if network == "cnn" else target[0].mT
        torch.testing.assert_close(got, want, rtol=1e-9, atol=1e-12)


@every_network
@synthetic_rules
def test_frozen_layers_never_move_and_have_no_m(rule, network):
    program = program_of(tiny_cell(rule, network, frozen_below=2), randomised=False)
    before = everything(program)
    for index in batches(program, 5):
        update(program, index)
    after = everything(program)
    names = {name for kind, name in after if kind == "weight"}
    assert {name for name in names if name.startswith("sg")} == {
        name for name in names if name.startswith("sg2.")
    }
    learning = ("hidden2.", "sg2.", "classifier.")  # the topmost layer and its M alone
    assert moved(before, after) == {name for name in names if name.startswith(learning)}
    for (kind, name), value in after.items():
        if kind == "statistic" and name.startswith("hidden"):
            assert (value != before[kind, name]).any()
    probe = program.probe()
    for values in (probe.sg_loss[0], probe.sg_cosine[0], probe.sg_held_cosine[0]):
        assert [math.isnan(value) for value in values] == [True, True, False]


@synthetic_rules
def test_with_nothing_frozen_it_is_the_same_cell(rule):
    cell = tiny_cell(rule)
    assert tiny_cell(rule, frozen_below=0) == cell
    assert "frozen_below" not in cell.to_dict()


@every_network
@synthetic_rules
def test_layers_above_frozen_ones_learn_as_if_those_had_not_been_updated_yet(rule, network):
    index = next(batches(program_of(tiny_cell(rule)), 1))
    found = []
    for changes in ({}, {"frozen_below": 1}):
        program = program_of(tiny_cell(rule, network, **changes), randomised=False)
        update(program, index)
        found.append(everything(program))
    whole, part = found
    for what, value in part.items():
        if not what[1].startswith("hidden0"):
            assert (value == whole[what]).all(), what
