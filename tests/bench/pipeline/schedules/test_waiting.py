"""Schedules in one process: what a stage learns from, and when, against the whole network."""

import numpy as np
import pytest
import torch
from reference.programs import random_data
from reference.stages import CPU, differences, staged_cell, stages_of, train, whole
from sgbench.bench import registry
from sgbench.bench.families.feedforward.batches import Batches
from sgbench.bench.families.feedforward.network import FeedForwardReplicas
from sgbench.bench.nn.adam import Adam
from sgbench.bench.pipeline.schedules import waiting


@pytest.mark.parametrize("bounds", [[0, 4], [0, 1, 4], [0, 3, 4], [0, 1, 2, 3, 4]])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_locked_stages_are_the_whole_network_to_the_last_bit(bounds, precision):
    cell = staged_cell(stages=len(bounds) - 1, precision=precision)
    stages = stages_of(cell, bounds)
    train(stages, waiting.locked)
    found = differences(stages, whole(cell))
    assert set(found.values()) == {0.0}
    assert len(found) == 11  # three layers of three weights, a classifier of two


def test_stale_stages_learn_from_the_gradient_of_the_batch_before():
    """Against two networks of which the lower one is pulled back a batch later."""
    cell, bounds = staged_cell(schedule="stale"), [0, 2, 4]
    stages = stages_of(cell, bounds)
    train(stages, waiting.stale)
    low, high = (stage.part for stage in stages_of(cell, bounds))
    order, held = Batches([cell], random_data(), CPU), None
    with torch.inference_mode():
        for _ in range(cell.iterations):
            images, labels = order.take(order.next())
            h, pullbacks = low.forward(low.architecture.pack(images))
            logits, above = high.forward(h)
            if held is not None:
                low.backward(*held)
                low.update()
            delta = high.backward(above, high.loss_gradient(logits, high.encode(labels)))
            held = pullbacks, delta
            high.update()
        low.backward(*held)
        low.update()
    for stage, part in zip(stages, (low, high), strict=True):
        assert torch.equal(stage.part.weights.flat, part.weights.flat)
    assert [stage.part.iteration for stage in stages] == [12, 12]
    assert set(stages[0].staleness) == {1}
    assert stages[1].staleness == []


def test_a_stale_stage_is_as_late_as_there_are_stages_above():
    cell = staged_cell(schedule="stale", stages=4)
    stages = stages_of(cell, [0, 1, 2, 3, 4])
    train(stages, waiting.stale)
    assert [set(stage.staleness) for stage in stages] == [{3}, {2}, {1}, set()]
    assert [stage.part.iteration for stage in stages] == [12] * 4


def test_a_stale_stage_is_not_the_whole_network():
    cell = staged_cell(schedule="stale")
    stages = stages_of(cell, [0, 2, 4])
    train(stages, waiting.stale)
    assert max(differences(stages, whole(cell)).values()) > 1e-3


@pytest.mark.parametrize("rule", ["dni", "cdni"])
@pytest.mark.parametrize("bounds", [[0, 1, 4], [0, 2, 4], [0, 3, 4]])
@pytest.mark.parametrize("sg_layers", [0, 1])
def test_unlocked_stages_write_the_gradients_of_the_rule_but_for_the_late_target(
    rule, bounds, sg_layers
):
    """The first update of both stages, and of the topmost M of the lower one when its target is in.

    `rules.dni.step` on the whole network is the reference, with the same weights.
    """
    cell = staged_cell(rule, "unlocked", iterations=1, evaluate_every=1, sg_layers=sg_layers)
    data = random_data()
    network = FeedForwardReplicas([cell], data.train_images.shape[1:], data.classes, CPU)
    stages = stages_of(cell, bounds)
    _disturb([network.weights, *(stage.part.weights for stage in stages)])
    before = [stage.part.weights.flat.clone() for stage in stages]
    order = Batches([cell], data, CPU)
    with torch.inference_mode():
        images, labels = order.take(order.next())
        registry.RULES.module(rule).step(network, network.architecture.pack(images), labels)
        train(stages, waiting.unlocked)
        lower = stages[0].part
        lower.weights.flat.copy_(before[0])  # so that M learns with the weights of then
        lower.models[-1].sequence.track = False
        stages[0].above.inbox.closed = False
        late = waiting.Awaited(stages[0])
        h, _ = lower.forward(lower.architecture.pack(images))
        late.held[0] = (h, lower.encode(labels), 0)
        assert late.learn_target(0)
    expected = network.weights.views(network.weights.grads)
    for stage in stages:
        for name, gradient in stage.part.weights.views(stage.part.weights.grads).items():
            np.testing.assert_allclose(gradient, expected[name], atol=1e-12, err_msg=name)


@pytest.mark.parametrize("rule", ["dni", "cdni"])
@pytest.mark.parametrize("bounds", [[0, 1, 4], [0, 2, 4], [0, 3, 4]])
def test_an_m_a_stage_leaves_backprop_inside_the_stages(rule, bounds):
    """Stage by stage against a pullback of the loss, or of what the one M predicts."""
    cell = staged_cell(rule, "unlocked", iterations=1, evaluate_every=1, sg_at="stages")
    stages = stages_of(cell, bounds)
    _disturb([stage.part.weights for stage in stages])
    lower, upper = (stage.part for stage in stages_of(cell, bounds))
    _disturb([lower.weights, upper.weights])
    assert [len(part.models) for part in (lower, upper)] == [1, 0]
    sent, send = [], stages[1].below.send
    stages[1].below.send = lambda batch, tensor: sent.append(tensor.clone()) or send(batch, tensor)
    order = Batches([cell], random_data(), CPU)
    with torch.inference_mode():
        train(stages, waiting.unlocked)
        images, labels = order.take(order.next())
        one_hot = lower.encode(labels)
        h, low = lower.forward(lower.architecture.pack(images))
        synthetic, _ = lower.models[0](h, one_hot)
        lower.backward(low, synthetic)
        logits, high = upper.forward(h)
        target = upper.backward(high, upper.loss_gradient(logits, one_hot))
    np.testing.assert_allclose(sent[0], target, atol=1e-12)
    for stage, part in zip(stages, (lower, upper), strict=True):
        expected = part.weights.views(part.weights.grads)
        for name, gradient in stage.part.weights.views(stage.part.weights.grads).items():
            if not name.startswith("sg"):  # M's target comes after the only update
                np.testing.assert_allclose(gradient, expected[name], atol=1e-12, err_msg=name)


def _disturb(buffers):
    """Give all weights the same noise by name: M starts at zero, which would hide mistakes."""
    for weights in buffers:
        for name, view in weights.named.items():
            seed = int.from_bytes(name.encode(), "big") % 2**31
            view.add_(torch.randn(view.shape, generator=torch.Generator().manual_seed(seed)) * 0.1)


def test_an_m_whose_target_is_late_keeps_its_weights_and_moments():
    """The lower stage alone: nothing ever comes."""
    cell = staged_cell("dni", "unlocked", sg_layers=0, iterations=3, evaluate_every=3)
    lower, upper = stages_of(cell, [0, 2, 4])
    before = {name: view.clone() for name, view in lower.part.weights.named.items()}
    with torch.inference_mode():
        waiting.unlocked(lower)
    moved = {
        name
        for name, view in lower.part.weights.named.items()
        if not torch.equal(view, before[name])
    }
    assert {"sg1.output.weight", "sg1.output.bias"}.isdisjoint(moved)
    assert lower.part.adam.steps.tolist() == [[3.0, 0.0]]
    assert upper.part.iteration == 0


def test_an_unlocked_bottom_stage_never_waits_and_counts_how_old_targets_are():
    cell = staged_cell("dni", "unlocked")
    stages = stages_of(cell, [0, 2, 4], limit=2)
    train(stages, waiting.unlocked)
    lower, upper = stages
    assert lower.part.iteration == 12
    assert 1 <= upper.part.iteration + upper.below.inbox.dropped <= 12
    assert all(age >= 0 for age in lower.staleness)
    assert [one.iteration for one in lower.snapshots] == [4, 8, 12]
    assert [one.iteration for one in upper.snapshots] == [4, 8, 12]


def test_a_completely_unlocked_stage_trains_without_its_input():
    """The upper stage alone has nothing to read until the lower one has ended."""
    cell = staged_cell("cdni", "completely_unlocked")
    stages = stages_of(cell, [0, 2, 4], limit=2)
    upper = stages[1]
    reads = iter(range(100))

    def poll():
        if next(reads) == 5:
            upper.below.inbox.closed = True

    upper.below.inbox.poll = poll
    before = upper.part.weights.flat.clone()
    with torch.inference_mode():
        waiting.completely_unlocked(upper)
    assert upper.part.iteration == 6  # the end is noticed before the next look
    assert upper.part.adam.steps.tolist() == [[6.0, 0.0]]  # I has learned nothing
    assert not torch.equal(upper.part.weights.flat, before)
    assert upper.below.sent == 0  # no target for what the lower stage never saw


def test_the_input_model_regresses_on_what_comes_from_below():
    """Its gradient is that of |I(x) - h|^2 summed over units and averaged over the batch."""
    cell = staged_cell("cdni", "completely_unlocked", iterations=1, evaluate_every=1)
    lower, upper = stages_of(cell, [0, 2, 4])
    part = upper.part
    with torch.inference_mode():
        waiting.completely_unlocked(lower)
        lower.above.end(1)
        weight = part.weights.named["si1.last.weight"][0].clone()
        bias = part.weights.named["si1.last.bias"][0].clone()
        h = upper.below.inbox._unread[0].tensor[0]
        waiting.completely_unlocked(upper)
        x = upper.order.inputs(0)[0]
    expected = 2 / cell.batch_size * (weight @ x + bias[:, None] - h) @ x.T
    found = part.weights.views(part.weights.grads)["si1.last.weight"][0]
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert isinstance(part.adam, Adam)
    assert part.adam.steps[0, -1] == 1
