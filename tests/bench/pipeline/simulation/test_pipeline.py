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


def test_channels_go_both_ways_and_keep_handling_within_the_message():
    channels = channels_of(replace(PIPELINE, delay=3.0, handling_seconds=5e-5))
    assert set(channels) == {(0, 1), (1, 0)}
    for channel in channels.values():
        assert channel.transfer == pytest.approx(1e-4)
        assert (channel.delay, channel.handling) == (0.003, 5e-5)
        assert channel.limit is None
    unlocked = channels_of(replace(PIPELINE, schedule="unlocked", inbox=3))
    assert {one.limit for one in unlocked.values()} == {3}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"schedule": "lockd"}, "schedule='lockd' is not known; did you mean 'locked'"),
        ({"stages": []}, "stages is empty: give"),
        ({"delay": -1.0}, "delay is -1.0: give a number of at least 0"),
        ({"delay": math.inf}, "delay is inf: give"),
        ({"straggler": 0.5}, "straggler is 0.5: give a number of at least 1"),
        ({"straggler": math.nan}, "straggler is nan: give"),
        ({"micro_batches": 0}, "micro_batches is 0: give"),
        ({"inbox": 0}, "inbox is 0: give"),
        ({"part_overhead_seconds": -1e-9}, "part_overhead_seconds is -1e-09: give"),
        ({"handling_seconds": 1.1e-4}, "handling_seconds is 0.00011: give half of a message"),
        ({"stages": [replace(STAGE, forward_seconds=0.0)]}, "forward_seconds of stage 0 must be"),
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
    check(replace(PIPELINE, handling_seconds=1e-4), 1)
    check(replace(PIPELINE, schedule="data_parallel", handling_seconds=1.0), 1)
