"""The input of a simulation: taken from records, and checked."""

import math
from dataclasses import replace

import pytest
from sgbench.bench.errors import UsageError
from sgbench.bench.pipeline.simulation.pipeline import (
    Pipeline,
    StageTimes,
    channels_of,
    check,
    measured_times,
    places_of,
    together_of,
    whole_network,
)

STAGE = StageTimes(forward_seconds=1e-3, backward_seconds=2e-3, message_seconds=2e-4)
PIPELINE = Pipeline(stages=[STAGE, STAGE], schedule="locked")


def test_times_of_a_record():
    row = {
        "stage": 0,
        "layers": 2,
        "busy": 0.5,
        "forward_seconds": 0.001,
        "backward_seconds": 0.002,
        "model_seconds": 0.003,
        "update_seconds": 0.004,
        "message_seconds": 0.005,
    }
    wanted = StageTimes(
        forward_seconds=0.001,
        backward_seconds=0.002,
        model_seconds=0.003,
        update_seconds=0.004,
        message_seconds=0.005,
        layers=2,
    )
    assert measured_times([row]) == (wanted,)


def test_processes_of_a_whole_network_share_the_batch():
    stages = [replace(STAGE, update_seconds=5e-4, model_seconds=1.0, layers=3), STAGE]
    first, second = whole_network(stages, 2, 7e-4)
    assert first == second
    assert first == StageTimes(
        forward_seconds=1e-3,
        backward_seconds=2e-3,
        update_seconds=5e-4,
        message_seconds=7e-4,
        layers=4,
    )


def test_places_have_the_stragglers_times_and_the_ring():
    places = places_of(replace(PIPELINE, straggler=2.0, delay=10.0))
    assert [place.forward_seconds for place in places] == [1e-3, 2e-3]
    assert [place.part_backward_seconds for place in places] == [0.5e-3, 1e-3]
    assert [place.all_reduce_seconds for place in places] == pytest.approx([0.0202, 0.0202])
    assert [place.above for place in places] == [1, 0]


def test_what_a_record_does_not_have_costs_nothing():
    names = ("overhead_seconds", "target_seconds", "send_seconds", "read_seconds", "together")
    row = {"forward_seconds": 0.001, "backward_seconds": 0.002, **dict.fromkeys(names)}
    (found,) = measured_times([row])
    assert [getattr(found, name) for name in names] == [0, 0, 0, 0, 1]


def test_a_straggler_is_as_quick_as_others_in_what_is_no_computing():
    stage = replace(STAGE, model_seconds=3e-4, target_seconds=1e-4, overhead_seconds=8e-4)
    low, high = places_of(Pipeline(stages=[stage, stage], schedule="unlocked", straggler=2.0))
    assert (low.forward_seconds, high.forward_seconds) == pytest.approx((1.8e-3, 2.8e-3))
    assert (low.part_forward_seconds, high.part_forward_seconds) == pytest.approx((3.5e-4, 6e-4))
    assert (low.model_seconds, high.model_seconds) == pytest.approx((2e-4, 4e-4))
    assert (low.target_seconds, high.target_seconds) == (1e-4, 2e-4)


def test_stages_slow_one_another_by_the_mean_of_what_each_measured():
    def together(*factors):
        stages = [replace(STAGE, together=factor) for factor in factors]
        return together_of(replace(PIPELINE, stages=stages))

    assert together(1.25, 1.75) == 1.5
    assert together(0.9, 1.0) == 1.0  # scatter


def test_channels_go_both_ways_and_keep_handling_within_the_message():
    stage = replace(STAGE, send_seconds=4e-5, read_seconds=6e-5)
    channels = channels_of(replace(PIPELINE, stages=[stage, STAGE], delay=3.0))
    assert set(channels) == {(0, 1), (1, 0)}
    for channel in channels.values():
        assert channel.transfer == pytest.approx(1e-4)
        assert (channel.delay, channel.sending, channel.reading) == (0.003, 4e-5, 6e-5)
        assert channel.limit is None
    unlocked = channels_of(replace(PIPELINE, schedule="unlocked", inbox=3))
    assert {one.limit for one in unlocked.values()} == {3}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"schedule": "lockd"}, "schedule='lockd' is not known; did you mean 'locked'"),
        ({"learns_from": "error"}, "learns_from='error' is not known; did you mean 'errors'"),
        ({"stages": []}, "stages is empty: give"),
        ({"delay": -1.0}, "delay is -1.0: give a number of at least 0"),
        ({"delay": math.inf}, "delay is inf: give"),
        ({"straggler": 0.5}, "straggler is 0.5: give a number of at least 1"),
        ({"straggler": math.nan}, "straggler is nan: give"),
        ({"micro_batches": 0}, "micro_batches is 0: give"),
        ({"inbox": 0}, "inbox is 0: give"),
        ({"stages": [replace(STAGE, forward_seconds=0.0)]}, "forward_seconds of stage 0 must be"),
        (
            {"stages": [replace(STAGE, overhead_seconds=-1e-9)]},
            "overhead_seconds of stage 0 is -1e-09: give",
        ),
        (
            {"stages": [STAGE, replace(STAGE, part_backward_seconds=-1.0)]},
            "part_backward_seconds of stage 1 is -1.0: give",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(wrong, message):
    with pytest.raises(UsageError) as refused:
        check(replace(PIPELINE, **wrong), 1)
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


def test_what_fits_is_taken():
    check(PIPELINE, 1)
