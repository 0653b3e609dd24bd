"""Unlocked stages without M, in one process: against the whole network, and what they wait for."""

import itertools
from collections import deque

import pytest
import torch
from reference.programs import random_data
from reference.stages import CPU, MemoryLink, differences, staged_cell, stages_of, train, whole
from sgbench.bench.families.feedforward.batches import Batches
from sgbench.bench.families.feedforward.network import FeedForwardReplicas
from sgbench.bench.nn.adam import Adam, rates
from sgbench.bench.pipeline import stage as stage_module
from sgbench.bench.pipeline.messages.links import Message
from sgbench.bench.pipeline.schedules import waiting, without_models
from sgbench.bench.pipeline.stage import StageError


@pytest.mark.parametrize("bounds", [[0, 2, 4], [0, 3, 4], [0, 1, 2, 3, 4]])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_stages_with_heads_are_the_whole_network_to_the_last_bit(bounds, precision):
    cell = staged_cell("local_pred", "unlocked", stages=len(bounds) - 1, precision=precision)
    stages = stages_of(cell, bounds)
    train(stages, waiting.unlocked)
    found = differences(stages, whole(cell))
    assert set(found.values()) == {0.0}
    assert len(found) == 17  # three layers of three weights, a head each, a classifier
    assert all(link.sent == 0 for stage in stages[1:] for link in [stage.below])


def test_nothing_above_changes_a_stage_with_heads():
    cell = staged_cell("local_pred", "unlocked")
    low, high = stages_of(cell, [0, 2, 4], limit=1)
    sent = low.above.send
    low.above.send = lambda batch, h: None if batch % 2 else sent(batch, h)
    train([low, high], waiting.unlocked)
    program = whole(cell)
    assert set(differences([low], program).values()) == {0.0}
    assert max(differences([high], program).values()) > 1e-3
    assert low.staleness == []


class Above:
    """A link to the stage above, which learns in this thread; `late` batches later errors come."""

    def __init__(self, upper, late):
        self.peer, self.sent, self.inbox, self.closed = 1, 0, self, False
        self.upper, self.late, self.errors = upper, late, deque()
        upper.below = MemoryLink(0)
        upper.below.send = lambda batch, error: self.errors.append(Message(batch, error.clone()))

    def send(self, batch, tensor):
        inbox = self.upper.below.inbox
        inbox.put(Message(batch, tensor.clone()))
        inbox.close()
        waiting.unlocked(self.upper)

    def poll(self):
        return self.errors.popleft() if len(self.errors) > self.late else None

    def take(self, seconds):
        return self.errors.popleft()


def late_dfa(cell, hidden, late):
    """Train the whole network by the rule's equations, the lowest layers by errors so late."""
    data = random_data()
    alone = dict.fromkeys(("stages", "schedule", "delay", "straggler"))
    network = FeedForwardReplicas(
        [cell.replace(**alone)], data.train_images.shape[1:], data.classes, CPU
    )
    spans, flat = network.weights.spans, network.weights.flat
    first = f"hidden{hidden}.weight" if hidden < 3 else "classifier.weight"
    assert first in spans
    cut = spans[first][0]
    parts = [slice(0, cut), slice(cut, flat.shape[1])]
    adam = Adam(flat, network.weights.grads, parts)
    order, held = Batches([cell], data, CPU), deque()

    def learn(layers, error, k, active):
        for pullback, number in layers:
            pullback(network.kept[f"feedback{number}"] @ error, need_input=False)
        adam.step(rates([cell], k), [active])

    for k in range(cell.iterations):
        images, labels = order.take(order.next())
        h, layers = network.architecture.pack(images), []
        for number, layer in enumerate(network.hidden):
            h, pullback = layer(h)
            layers.append((pullback, number))
        logits, pullback = network.classify(h)
        error = network.loss_gradient(logits, network.encode(labels))
        pullback(error, need_input=False)
        learn(layers[hidden:], error, k, [False, True])
        held.append((layers[:hidden], error, k, [True, False]))
        if len(held) > late:
            learn(*held.popleft())
    while held:
        learn(*held.popleft())
    return network


@pytest.mark.parametrize(("bounds", "late"), [([0, 2, 4], 0), ([0, 2, 4], 3), ([0, 3, 4], 1)])
def test_dfa_is_that_of_the_whole_network_with_errors_as_late_as_it_says(bounds, late):
    cell = staged_cell("dfa", "unlocked")
    low, high = stages_of(cell, bounds)
    low.above = Above(high, late)
    with torch.inference_mode():
        waiting.unlocked(low)
        network = late_dfa(cell, bounds[1], late)
    for stage in (low, high):
        for name, view in stage.part.weights.named.items():
            assert torch.equal(view, network.weights.named[name]), name
    assert low.staleness == [min(k, late) for k in range(12)]
    assert [stage.part.iteration for stage in (low, high)] == [12, 12]
    assert [one.iteration for one in low.snapshots] == [4, 8, 12]
    assert (max(differences([low, high], whole(cell)).values()) == 0) == (late == 0)


class Answers:
    """A link to a stage above that answers by a script: what `poll` and `take` give, by batch."""

    def __init__(self, part, polls=(), takes=()):
        self.peer, self.inbox, self.closed = 1, self, False
        self.polls, self.takes, self.seen = iter(polls), iter(takes), []
        self.error = torch.full(part.error_shape, 1e-3, dtype=part.weights.flat.dtype)

    def send(self, batch, tensor):
        self.seen.append(batch)

    def poll(self):
        return self._message(next(self.polls, None))

    def take(self, seconds):
        self.seen.append("wait")
        return self._message(next(self.takes))

    def _message(self, batch):
        return None if batch is None else Message(batch, self.error)


def test_a_stage_runs_on_so_many_batches_and_then_waits_for_an_error(monkeypatch):
    monkeypatch.setattr(without_models, "HELD", 3)
    low, _ = stages_of(staged_cell("dfa", "unlocked", iterations=6, evaluate_every=6), [0, 2, 4])
    low.above = Answers(low.part, takes=[0, 2, 3, 5])
    with torch.inference_mode():
        waiting.unlocked(low)
    # 0 comes alone; with 2 the older 1 is given up; at the end only the last one is waited for
    assert low.above.seen == [0, 1, 2, "wait", 3, "wait", 4, 5, "wait", "wait"]
    assert low.part.iteration == 4
    assert low.staleness == [0, 1, 1, 1]


def test_several_errors_that_have_come_are_an_update_each():
    low, _ = stages_of(staged_cell("dfa", "unlocked", iterations=4, evaluate_every=4), [0, 2, 4])
    low.above = Answers(low.part, polls=[None, None, 0, 2, None, 3])
    with torch.inference_mode():
        waiting.unlocked(low)
    assert low.staleness == [0, 1, 0]
    assert [span.batch for span in low.trace.spans if span.kind == "update"] == [0, 2, 3]


def test_an_end_before_the_last_error_is_an_error():
    low, _ = stages_of(staged_cell("dfa", "unlocked"), [0, 2, 4])
    low.above = Answers(low.part, takes=[None])
    with pytest.raises(StageError, match="stage 0 expected the error of batch 11, not -1"):
        waiting.unlocked(low)


@pytest.mark.parametrize("limit", [None, 2])
def test_stages_between_two_others_hand_errors_down_while_they_wait(monkeypatch, limit):
    """With so few held, the bottom stage waits for an error before it sends anything more."""
    monkeypatch.setattr(without_models, "HELD", 2)
    cell = staged_cell("dfa", "unlocked", stages=4, iterations=40, evaluate_every=10)
    stages = stages_of(cell, [0, 1, 2, 3, 4], limit=limit)
    train(stages, waiting.unlocked)
    for lower, stage in itertools.pairwise(stages):
        assert lower.staleness
        assert max(lower.staleness) <= 2
        assert lower.part.iteration <= stage.part.iteration
    if limit is None:
        assert [stage.part.iteration for stage in stages] == [40] * 4
    assert all([one.iteration for one in s.snapshots] == [10, 20, 30, 40] for s in stages)


def test_a_stage_between_two_others_says_whom_it_waited_for(monkeypatch):
    monkeypatch.setattr(stage_module, "MESSAGE_SECONDS", 0.01)
    cell = staged_cell("dfa", "unlocked", stages=3)
    low, middle, _ = stages_of(cell, [0, 1, 2, 4])
    low.above.send(0, torch.zeros(middle.part.input_shape, dtype=torch.float64))
    with pytest.raises(StageError, match="stage 1 waited 0 s for stages 0 and 2 at update 1"):
        waiting.unlocked(middle)
