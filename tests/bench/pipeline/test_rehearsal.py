"""Rehearsals: stand-ins answer as neighbours would, and what an update takes is counted whole."""

import threading
import time

import pytest
import torch
from reference.programs import random_data
from reference.stages import CPU, staged_cell
from sgbench.bench.families.feedforward.batches import Batches
from sgbench.bench.pipeline import rehearsal
from sgbench.bench.pipeline.messages.links import DOWN, UP, LinkSpec
from sgbench.bench.pipeline.part import Part
from sgbench.bench.pipeline.rehearsal import Rehearsal, StandIns, rehearse
from sgbench.bench.pipeline.schedules import waiting
from sgbench.bench.pipeline.trace import COMMUNICATING, FORWARD, UPDATE, WAITING, Interval

SHAPE = (1, 3, 2)


@pytest.fixture
def barriers(monkeypatch):
    """Count the barriers, at which nobody else is waited for."""
    found = []
    monkeypatch.setattr(rehearsal.dist, "barrier", lambda: found.append(time.perf_counter()))
    return found


def stand_in(tag, **options):
    return StandIns(3, **options).link(LinkSpec(1, tag, SHAPE, torch.float64))


def test_the_one_above_answers_each_message_after_a_wait():
    link = stand_in(UP, wait=0.05)
    start = time.perf_counter()
    link.send(4, torch.zeros(SHAPE))
    link.send(5, torch.zeros(SHAPE))
    assert link.inbox.poll() is None
    first = link.inbox.take(1)
    assert time.perf_counter() - start >= 0.05
    assert (first.batch, first.tensor.shape, first.tensor.dtype) == (4, SHAPE, torch.float64)
    assert 0 < first.tensor.max() <= rehearsal.GRADIENT
    assert link.inbox.take(1).batch == 5
    assert link.inbox.poll() is None


def test_an_answer_has_the_shape_of_what_comes_back():
    link = StandIns(3).link(LinkSpec(1, UP, SHAPE, torch.float64, back=(1, 4, 2)))
    link.send(0, torch.zeros(SHAPE))
    assert link.inbox.take(1).tensor.shape == (1, 4, 2)


def test_the_one_above_may_not_answer():
    link = stand_in(UP, targets=False)
    link.send(4, torch.zeros(SHAPE))
    assert link.inbox.poll() is None


def test_the_one_below_sends_batch_after_batch_and_waits_for_what_goes_down():
    link = stand_in(DOWN, wait=0.05)
    assert [link.inbox.take(1).batch for _ in range(2)] == [0, 1]
    start = time.perf_counter()
    link.send(1, torch.zeros(SHAPE))
    assert link.inbox.take(1).batch == 2
    assert time.perf_counter() - start >= 0.05
    assert link.inbox.closed
    assert link.inbox.take(1) is None


def stage_of(cell, rank, *, wait=0.0, targets=True, turns=False):
    data = random_data()

    def make(count):
        own = cell.replace(iterations=count, evaluate_every=count)
        part = Part(own, data.train_images.shape[1:], data.classes, 2 * rank, 2 * rank + 2)
        wires = StandIns(count, wait=wait, targets=targets)
        batches = [Batches([own], data, CPU, purpose=purpose) for purpose in ("order", "own")]
        return Rehearsal(rank, 2, part, *batches, wires=wires, turns=turns)

    return make


@pytest.mark.parametrize("rank", [0, 1])
@pytest.mark.parametrize(
    ("rule", "schedule"),
    [
        ("backprop", "locked"),
        ("backprop", "stale"),
        ("cdni", "unlocked"),
        ("cdni", "completely_unlocked"),
        ("dfa", "unlocked"),
        ("local_pred", "unlocked"),
    ],
)
def test_a_stage_trains_by_itself_whatever_its_schedule(
    monkeypatch, barriers, rule, schedule, rank
):
    monkeypatch.setattr(rehearsal, "SECONDS", 0.05)
    monkeypatch.setattr(rehearsal, "MOST", 8)
    made, make = [], stage_of(staged_cell(rule, schedule), rank)
    with torch.inference_mode():
        found = rehearse(
            lambda n: made.append(make(n)) or made[-1], getattr(waiting, schedule), lambda s: [s]
        )
    assert made[-1].part.iteration in range(rehearsal.FIRST + 5, rehearsal.FIRST + 9)
    assert min(found.forward, found.backward, found.update) > 0
    assert (found.model > 0) == (rule in ("cdni", "local_pred"))
    assert found.seconds == pytest.approx(
        found.forward + found.backward + found.model + found.update + found.overhead
    )
    assert found.reduce == 0
    assert len(barriers) == 2  # the others are waited for in either rehearsal


def test_spans_and_what_lies_between_them_are_an_update(barriers):
    """Two updates of 1 s after those that do not count; waiting is left out of the rest."""
    stage = stage_of(staged_cell(), 0)(4)
    stage.part.iteration, stage.ended, stage._since = 4, 12.0, 10.0
    stage.trace.spans += [
        Interval(FORWARD, 0, 0.0, 9.0),
        *(Interval(FORWARD, k, 10.0 + k, 10.25 + k) for k in (0, 1)),
        *(Interval(WAITING, k, 10.25 + k, 10.5 + k) for k in (0, 1)),
        *(Interval(COMMUNICATING, k, 10.5 + k, 10.625 + k) for k in (0, 1)),
        *(Interval(UPDATE, k, 10.875 + k, 11.0 + k) for k in (0, 1)),
    ]
    found = stage.result()
    assert (found.forward, found.update, found.overhead) == (0.25, 0.125, 0.375)
    assert found.seconds == 0.75


@pytest.mark.parametrize(
    ("gathered", "rehearsals"), [(lambda s: [s, 0.25], 1), (lambda s: [s, 0.1], 2)]
)
def test_a_wait_is_waited_and_not_counted(monkeypatch, barriers, gathered, rehearsals):
    """Seven updates are long enough where every other stage took as long, else there are more."""
    monkeypatch.setattr(rehearsal, "MOST", 5)
    monkeypatch.setattr(rehearsal, "SECONDS", 0.2)
    start = time.perf_counter()
    with torch.inference_mode():
        found = rehearse(stage_of(staged_cell(), 0, wait=0.05), waiting.locked, gathered)
    least = 7 * 0.05 * rehearsals
    assert least < time.perf_counter() - start < least + 0.3
    assert found.seconds < 0.05


def test_one_stage_works_at_a_time_in_turns(monkeypatch):
    barrier = threading.Barrier(2)
    monkeypatch.setattr(rehearsal.dist, "barrier", barrier.wait)
    measured = {}

    def work(rank):
        stage = stage_of(staged_cell(), rank, wait=0.01, turns=True)(5)
        with torch.inference_mode():
            waiting.locked(stage)
            stage.finish()
        measured[rank] = stage._since, stage.ended

    threads = [threading.Thread(target=work, args=(rank,), daemon=True) for rank in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert measured[0][0] < measured[0][1] <= measured[1][0] < measured[1][1]


def test_an_average_is_timed_from_when_all_have_come(monkeypatch, barriers):
    stage = stage_of(staged_cell(delay=10.0), 0)(4)
    monkeypatch.setattr(rehearsal.dist, "all_reduce", lambda tensor: time.sleep(0.03))
    for _ in range(rehearsal.FIRST + 1):
        stage.average(torch.zeros(3))
    stage.part.iteration, stage.ended = 4, 1.0
    assert len(barriers) == rehearsal.FIRST + 1
    assert 0.03 <= stage.result().reduce < 0.05  # without the 20 ms of two delays
