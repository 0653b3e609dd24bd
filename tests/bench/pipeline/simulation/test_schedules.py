"""Schedules: the order of what a stage does, also as torch's own pipelines do it."""

import itertools
from types import SimpleNamespace

import pytest
from sgbench.bench.pipeline.simulation import schedules
from sgbench.bench.pipeline.simulation.engine import AllReduce, Compute, Poll, Receive, Send, Wait
from sgbench.bench.pipeline.simulation.schedules import SCHEDULES, UNLOCKED_BY, Place
from torch.distributed.pipelining import Schedule1F1B, ScheduleGPipe

TIMES = {
    "forward_seconds": 1.0,
    "backward_seconds": 2.0,
    "model_seconds": 0.5,
    "target_seconds": 0.125,
    "update_seconds": 0.25,
    "part_forward_seconds": 0.3,
    "part_backward_seconds": 0.6,
    "all_reduce_seconds": 0.75,
}


def operations(schedule, number, stages, parts=4, layers=1, answers=None):
    """Yield what a stage does; it receives each batch that it expects, or `answers` in turn."""
    place = Place(number=number, stages=stages, parts=parts, layers=layers, **TIMES)
    program = (SCHEDULES | UNLOCKED_BY)[schedule](place)
    answers = iter(answers or ())
    received = None
    while True:
        operation = program.send(received)
        yield operation
        received = None
        if isinstance(operation, Receive):
            received = next(answers, operation.batch)
        elif isinstance(operation, Poll):
            received = next(answers, None)


def shown(operation):
    match operation:
        case Compute(kind, batch):
            return f"{kind} {batch}"
        case Send(to, batch):
            return f"to {to}: {batch}"
        case Receive(source, batch):
            return f"from {source}: {batch}"
        case Poll(source):
            return f"any from {source}"
        case Wait(sources, batch):
            return f"either of {sources}: {batch}"
        case AllReduce(batch):
            return f"sum {batch}"


def first(count, *args, **kwargs):
    return [shown(one) for one in itertools.islice(operations(*args, **kwargs), count)]


def test_locked_waits_below_and_above():
    assert first(9, "locked", 1, 3) == [
        "from 0: 0",
        "forward 0",
        "to 2: 0",
        "from 2: 0",
        "backward 0",
        "to 0: 0",
        "update 0",
        "from 0: 1",
        "forward 1",
    ]
    assert first(4, "locked", 0, 1) == ["forward 0", "backward 0", "update 0", "forward 1"]


def test_a_stale_gradient_is_of_the_batch_before():
    assert first(11, "stale", 0, 2) == [
        "forward 0",
        "to 1: 0",
        "forward 1",
        "to 1: 1",
        "from 1: 0",
        "backward 0",
        "update 0",
        "forward 2",
        "to 1: 2",
        "from 1: 1",
        "backward 1",
    ]
    ages = [
        one.age for one in itertools.islice(operations("stale", 1, 4), 40) if one[0] == "update"
    ]
    assert set(ages) == {2}  # of two stages above


def test_the_stage_with_the_loss_is_never_stale():
    assert first(5, "stale", 1, 2) == [
        "from 0: 0",
        "forward 0",
        "backward 0",
        "to 0: 0",
        "update 0",
    ]
    ages = [
        one.age for one in itertools.islice(operations("stale", 1, 2), 40) if one[0] == "update"
    ]
    assert set(ages) == {None}


def test_data_parallel_sums_before_the_update():
    assert first(5, "data_parallel", 1, 2) == [
        "forward 0",
        "backward 0",
        "sum 0",
        "update 0",
        "forward 1",
    ]
    assert "sum 0" not in first(5, "data_parallel", 0, 1)


def test_unlocked_sends_the_first_layers_gradient_down_at_once():
    assert first(12, "unlocked", 1, 3, layers=2) == [
        "from 0: 0",
        "forward 0",
        "model 0",
        "backward 0",
        "to 0: 0",
        "forward 0",
        "model 0",
        "backward 0",
        "to 2: 0",
        "any from 2",
        "update 0",
        "from 0: 1",
    ]
    done = itertools.islice(operations("unlocked", 1, 3, layers=2), 11)
    took = [one.seconds for one in done if isinstance(one, Compute)]
    assert took == [0.5, 0.25, 1.0, 0.5, 0.25, 1.0, 0.25]


@pytest.mark.parametrize("schedule", ["unlocked", "completely_unlocked"])
def test_the_bottom_stage_asks_for_targets_alone(schedule):
    assert first(8, schedule, 0, 2) == [
        "forward 0",
        "model 0",
        "backward 0",
        "to 1: 0",
        "any from 1",
        "update 0",
        "forward 1",
        "model 1",
    ]


def test_unlocked_counts_ages_in_its_own_updates():
    # batches 0, 3, 4 and 9 come from below; the target of 3 comes in the fourth update
    done = operations("unlocked", 1, 3, answers=[0, None, 3, None, 4, None, 9, 3])
    ages = [one.age for one in itertools.islice(done, 36) if one[0] == "update"]
    assert ages == [None, None, None, 2]


def test_completely_unlocked_waits_for_nothing_and_sends_what_came_from_below_alone():
    answers = [None, None, 7, None, None, 7]
    done = list(itertools.islice(operations("completely_unlocked", 1, 3, answers=answers), 21))
    assert not any(isinstance(one, Receive) for one in done)
    assert [shown(one) for one in done] == [
        *("any from 0", "forward 0", "model 0", "backward 0", "any from 2", "update 0"),
        *("any from 0", "forward 7", "model 7", "backward 7", "to 0: 7", "to 2: 7"),
        *("any from 2", "update 7"),
        *("any from 0", "forward 2", "model 2", "backward 2", "any from 2", "model 2"),
        "update 2",
    ]
    assert done[-1].age == 1


def test_with_heads_h_goes_up_before_the_topmost_layer_learns_and_nothing_comes_down():
    assert first(10, "heads", 1, 3, layers=2) == [
        *("from 0: 0", "forward 0", "model 0", "backward 0"),
        *("forward 0", "to 2: 0", "model 0", "backward 0", "update 0", "from 0: 1"),
    ]
    assert "to 2: 0" not in first(10, "heads", 2, 3)
    done = itertools.islice(operations("heads", 0, 2), 60)
    assert not any(isinstance(one, Poll | Receive) for one in done)


def test_the_top_hands_its_error_down_before_it_learns():
    assert first(6, "errors", 2, 3) == [
        *("from 1: 0", "forward 0", "to 1: 0", "backward 0", "update 0", "from 1: 1"),
    ]


def test_an_update_is_done_for_each_error_that_has_come_and_for_none_else():
    answers = [None, None, 1, 2, None]  # no error, none, two of them
    done = list(itertools.islice(operations("errors", 0, 2, answers=answers), 14))
    assert [shown(one) for one in done] == [
        *("forward 0", "to 1: 0", "any from 1", "forward 1", "to 1: 1", "any from 1"),
        *("forward 2", "to 1: 2", "any from 1", "backward 1", "update 1", "any from 1"),
        *("backward 2", "update 2"),
    ]
    assert [one.age for one in done if one[0] == "update"] == [0, 1]


def test_forward_passes_end_when_so_many_errors_are_awaited(monkeypatch):
    monkeypatch.setattr(schedules, "HELD", 2)
    done = first(11, "errors", 0, 2, answers=[None, None, 1, None])
    assert done[6:] == ["from 1: 2", "backward 1", "update 1", "forward 2", "to 1: 2"]


def test_a_stage_between_two_others_waits_for_either():
    # from below 0; then the error of 0, which it hands down first; then 1 from below
    answers = [None, 0, None, 0, None, 1]
    assert first(16, "errors", 1, 3, answers=answers) == [
        *("either of (2, 0): 0", "any from 2", "any from 0", "forward 0", "to 2: 0", "any from 2"),
        *("either of (2, 0): 1", "any from 2", "to 0: 0", "backward 0", "update 0"),
        *("either of (2, 0): 1", "any from 2", "any from 0", "forward 1", "to 2: 1"),
    ]


@pytest.mark.parametrize(("schedule", "theirs"), [("gpipe", ScheduleGPipe), ("1f1b", Schedule1F1B)])
@pytest.mark.parametrize(("stages", "parts"), [(1, 4), (2, 4), (3, 4), (4, 4), (4, 9)])
def test_order_of_torch(schedule, theirs, stages, parts):
    sizes = SimpleNamespace(_num_stages=stages, _n_microbatches=parts)
    order = theirs._get_pipeline_order(sizes)
    for number in range(stages):
        kinds = [action.computation_type.name for action in order[number] if action is not None]
        wanted = [{"FORWARD": "forward", "FULL_BACKWARD": "backward"}.get(kind) for kind in kinds]
        done = itertools.takewhile(
            lambda one: one[0] != "update", operations(schedule, number, stages, parts)
        )
        ours = [one.kind for one in done if isinstance(one, Compute)]
        assert ours == [kind for kind in wanted if kind]
        assert ours.count("forward") == ours.count("backward") == parts


@pytest.mark.parametrize("schedule", ["gpipe", "1f1b"])
@pytest.mark.parametrize("stages", [1, 2, 4, 9])
def test_micro_batches_are_sent_as_soon_as_they_are_done(schedule, stages):
    for number in range(stages):
        done = list(
            itertools.takewhile(
                lambda one: one[0] != "update", operations(schedule, number, stages)
            )
        )
        for one, following in itertools.pairwise([*done, None]):
            up = isinstance(one, Compute) and one.kind == "forward" and number < stages - 1
            down = isinstance(one, Compute) and one.kind == "backward" and number > 0
            assert isinstance(following, Send) == (up or down)
