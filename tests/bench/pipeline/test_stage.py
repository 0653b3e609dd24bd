"""One stage: the order of batches, snapshots, and what is late or wrong."""

from types import SimpleNamespace

import pytest
import torch
from reference.programs import random_data
from reference.stages import CPU, staged_cell, stages_of
from sgbench.bench.families.feedforward.batches import Batches
from sgbench.bench.pipeline import stage as stages
from sgbench.bench.pipeline.messages.links import Message
from sgbench.bench.pipeline.part import Part
from sgbench.bench.pipeline.stage import Order, Stage, StageError


def test_batches_by_number_are_those_of_an_ordinary_run():
    cell = staged_cell()
    (whole,) = stages_of(cell.replace(stages=1), [0, 4])
    order, batches = whole.order, Batches([cell], random_data(), CPU)
    expected = [batches.next() for _ in range(9)]  # of six a pass
    assert torch.equal(order.index(0), expected[0])
    assert torch.equal(order.index(0), expected[0])
    assert torch.equal(order.index(7), expected[7])  # those between were not read
    with pytest.raises(ValueError, match="batch 3 was asked for after batch 7"):
        order.index(3)
    assert torch.equal(order.labels(8), batches.labels.take(expected[8]))
    assert order.one_hot(8).sum() == 9
    assert not torch.equal(Order(whole.own.batches, whole.part).index(0), expected[0])


def test_a_snapshot_is_kept_once_for_every_evaluation_read_or_not():
    cell = staged_cell(iterations=20, evaluate_every=5)
    (whole,) = stages_of(cell.replace(stages=1), [0, 4])
    for batch in (0, 3, 4, 11):  # 5 to 10 were never read
        whole.updated(batch)
    assert [one.iteration for one in whole.snapshots] == [5, 10]
    whole.finish()
    whole.finish()
    assert [one.iteration for one in whole.snapshots] == [5, 10, 15, 20]
    assert whole.snapshots[0].at <= whole.snapshots[1].at


@pytest.mark.parametrize(("rule", "down"), [("dfa", (1, 10, 9)), ("local_pred", (1, 6, 9))])
def test_both_ends_of_a_link_agree_on_its_shapes(rule, down):
    specs, data = [], random_data()
    wires = SimpleNamespace(link=specs.append)
    cell = staged_cell(rule, "unlocked", stages=3)
    part = Part(cell, data.train_images.shape[1:], data.classes, 1, 2)
    batches = [Batches([cell], data, CPU, purpose=purpose) for purpose in ("order", "own")]
    Stage(1, 3, part, *batches, wires=wires)
    above, below = specs
    assert (above.peer, above.shape, above.shape_back) == (2, (1, 6, 9), down)
    assert (below.peer, below.shape, below.shape_back) == (0, down, (1, 6, 9))


def test_another_batch_than_the_one_expected_is_an_error():
    low, _ = stages_of(staged_cell(), [0, 2, 4])
    low.above.inbox.put(Message(4, torch.zeros(1)))
    with pytest.raises(StageError, match="stage 0 expected batch 3, not 4"):
        low.receive(low.above, 3)
    low.above.inbox.close()
    with pytest.raises(StageError, match="stage 0 expected batch 4, not -1"):
        low.receive(low.above, 4)


def test_a_late_and_a_lost_neighbour_are_named(monkeypatch):
    monkeypatch.setattr(stages, "MESSAGE_SECONDS", 0.01)
    low, _ = stages_of(staged_cell(), [0, 2, 4])
    with pytest.raises(StageError, match="stage 0 waited 0 s for stage 1 at update 7"):
        low.take(low.above, 7)
    low.above.inbox.close(RuntimeError())
    with pytest.raises(StageError, match="stage 0 lost stage 1 at update 8"):
        low.take(low.above, 8)
    assert [span.kind for span in low.trace.spans] == ["waiting", "waiting"]


def test_only_the_last_stage_is_slow():
    low, high = stages_of(staged_cell(straggler=3.0), [0, 2, 4])
    assert (low.trace.slowdown, high.trace.slowdown) == (1.0, 3.0)


def test_what_is_handed_over_is_counted_as_communication():
    low, high = stages_of(staged_cell(), [0, 2, 4])
    low.send(low.above, 5, torch.ones(2))
    low.send(low.below, 5, torch.ones(2))  # the bottom stage has nobody below
    assert [(span.kind, span.batch) for span in low.trace.spans] == [("communicating", 5)]
    assert high.below.inbox.poll().batch == 5
