"""Predicted rates against closed forms, and what must hold whatever the times are."""

import dataclasses
import itertools
import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sgbench.bench.errors import UsageError
from sgbench.bench.pipeline.simulation.pipeline import Pipeline, StageTimes
from sgbench.bench.pipeline.simulation.prediction import pace, simulate
from sgbench.bench.pipeline.simulation.schedules import SCHEDULES, UNLOCKED, UNLOCKED_BY

LOCKED = [name for name in SCHEDULES if name not in UNLOCKED]
STAGE = StageTimes(
    forward_seconds=1.0e-3,
    backward_seconds=2.0e-3,
    model_seconds=0.75e-3,
    update_seconds=0.5e-3,
    message_seconds=0.25e-3,
)
OTHER = StageTimes(
    forward_seconds=0.75e-3,
    backward_seconds=1.5e-3,
    model_seconds=0.5e-3,
    update_seconds=0.25e-3,
)


WITHOUT_M = sorted(set(UNLOCKED_BY) - {"models"})


def rate(schedule, stages, **settings):
    pipeline = Pipeline(stages=stages, schedule=schedule, **settings)
    return pace(pipeline).updates_per_second


def alone(stage):
    """The seconds of an update of backprop, in one stage alone."""
    return stage.forward_seconds + stage.backward_seconds + stage.update_seconds


@pytest.mark.parametrize("learns_from", UNLOCKED_BY)
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("together", [1.0, 1.3])
def test_the_pace_is_that_of_the_whole_simulation_to_the_last_bit(schedule, learns_from, together):
    stages = [replace(one, together=together) for one in (STAGE, OTHER, STAGE)]
    few = Pipeline(stages=stages, schedule=schedule, delay=2.0, learns_from=learns_from)
    whole = simulate(few, 50)
    low = whole.stages[0]
    assert pace(few, 50) == (whole.updates_per_second, low.staleness)
    assert (low.updates_per_second, low.busy > 0) == (whole.updates_per_second, True)


def test_one_stage_is_its_own_work():
    for schedule in LOCKED:
        assert rate(schedule, [STAGE], delay=30.0) == pytest.approx(1 / alone(STAGE))
    for schedule in UNLOCKED:
        wanted = 1 / (alone(STAGE) + STAGE.model_seconds)
        assert rate(schedule, [STAGE], delay=30.0) == pytest.approx(wanted)


@pytest.mark.parametrize("delay", [0.0, 1.0, 100.0])
@pytest.mark.parametrize("handling", [0.0, 0.1e-3])
def test_locked_of_two_stages(delay, handling):
    """All work but the upper stage's update, which is done while the gradient is on its way."""
    way = 2 * (STAGE.message_seconds + delay / 1000)
    path = alone(STAGE) + OTHER.forward_seconds + OTHER.backward_seconds
    stage = replace(STAGE, send_seconds=handling, read_seconds=handling)
    found = rate("locked", [stage, OTHER], delay=delay)
    assert found == pytest.approx(1 / (path + way))


@pytest.mark.parametrize("stages", [3, 8, 16])
@pytest.mark.parametrize("delay", [0.0, 3.0])
def test_locked_falls_with_the_stages_and_their_ways(stages, delay):
    compute = stages * (STAGE.forward_seconds + STAGE.backward_seconds) + STAGE.update_seconds
    way = 2 * (stages - 1) * (STAGE.message_seconds + delay / 1000)
    assert rate("locked", [STAGE] * stages, delay=delay) == pytest.approx(1 / (compute + way))


def test_locked_waits_for_a_long_update_above():
    slow = replace(OTHER, update_seconds=0.1)
    loop = slow.update_seconds + slow.forward_seconds + slow.backward_seconds
    assert rate("locked", [STAGE, slow]) == pytest.approx(1 / loop)


@pytest.mark.parametrize("schedule", ["gpipe", "1f1b"])
@pytest.mark.parametrize(("stages", "parts"), [(2, 4), (4, 4), (3, 8), (8, 4)])
def test_the_bubble_of_micro_batches(schedule, stages, parts):
    """Equal stages, messages that take no time: (m + S - 1) / m times the work of one stage."""
    stage = StageTimes(forward_seconds=1e-3, backward_seconds=2e-3)
    found = rate(schedule, [stage] * stages, micro_batches=parts)
    assert found == pytest.approx(1 / (3e-3 * (parts + stages - 1) / parts))


def test_a_delay_costs_gpipe_one_round_and_1f1b_more():
    """GPipe has four micro-batches under way at a time, 1F1B of two stages two."""
    stage = StageTimes(forward_seconds=1e-3, backward_seconds=2e-3)
    bubble = 3e-3 * 5 / 4
    gpipe, other = (rate(one, [stage] * 2, delay=100.0) for one in ("gpipe", "1f1b"))
    assert 1 / gpipe == pytest.approx(bubble + 0.2)
    assert 1 / other == pytest.approx(3e-3 * 5 / 4 + 0.4, rel=0.01)


def test_measured_micro_batches_count_instead_of_shares():
    stage = replace(STAGE, part_forward_seconds=0.5e-3, part_backward_seconds=0.75e-3)
    assert rate("gpipe", [stage]) == pytest.approx(1 / (4 * 1.25e-3 + stage.update_seconds))


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_overhead_is_part_of_every_update(schedule):
    model = STAGE.model_seconds if schedule in UNLOCKED else 0.0
    stage = replace(STAGE, overhead_seconds=0.8e-3)
    assert rate(schedule, [stage]) == pytest.approx(1 / (alone(STAGE) + model + 0.8e-3))


@pytest.mark.parametrize("straggler", [1.0, 4.0])
def test_m_learns_only_from_targets_that_have_come(straggler):
    """The one above is as quick or four times slower: each update or a quarter has a target."""
    stage = replace(STAGE, model_seconds=1e-3, target_seconds=0.5e-3, message_seconds=1e-5)
    own = alone(stage) + 0.5e-3
    found = simulate(
        Pipeline(
            stages=[stage, replace(stage, model_seconds=0.5e-3, target_seconds=0.0)],
            schedule="unlocked",
            straggler=straggler,
        )
    )
    reads = found.stages[1].updates_per_second / found.stages[0].updates_per_second
    assert 1 / found.updates_per_second == pytest.approx(own + reads * 0.5e-3, rel=0.01)
    assert reads < 0.4 if straggler > 1 else reads > 0.95


def test_two_stages_that_compute_throughout_take_as_much_longer():
    stages = [replace(STAGE, together=1.5)] * 2
    assert rate("unlocked", stages) == pytest.approx(rate("unlocked", [STAGE] * 2) / 1.5)
    locked = 1 / rate("locked", stages) - 1 / rate("locked", [STAGE] * 2)
    assert 0 <= locked < 0.3 * STAGE.update_seconds  # only the upper update has company


@pytest.mark.parametrize("stages", [2, 4, 16])
def test_data_parallel_adds_up_after_every_share(stages):
    wanted = 1 / (alone(STAGE) + STAGE.message_seconds + 2 * (stages - 1) * 3e-3)
    assert rate("data_parallel", [STAGE] * stages, delay=3.0) == pytest.approx(wanted)


@pytest.mark.parametrize("delay", [0.0, 0.5, 1.0, 2.0, 30.0])
def test_stale_of_two_stages_is_the_slowest_of_three(delay):
    """A stage's own work, or half of a round: the loop holds two batches."""
    loop = alone(STAGE) + OTHER.forward_seconds + OTHER.backward_seconds
    loop += 2 * (STAGE.message_seconds + delay / 1000)
    wanted = max(alone(STAGE), alone(OTHER), loop / 2)
    assert rate("stale", [STAGE, OTHER], delay=delay) == pytest.approx(1 / wanted)


@pytest.mark.parametrize("stages", [3, 8])
def test_stale_stages_work_at_the_same_time_however_many(stages):
    """A batch that is late by the stages above keeps all busy, where messages take no time."""
    one = dataclasses.replace(STAGE, message_seconds=0.0)
    found = simulate(Pipeline(stages=[one] * stages, schedule="stale"))
    assert found.updates_per_second == pytest.approx(1 / alone(one))
    assert [row.staleness for row in found.stages] == [*map(float, range(stages - 1, 0, -1)), None]


@pytest.mark.parametrize("schedule", UNLOCKED)
@pytest.mark.parametrize("stages", [2, 4])
def test_unlocked_does_not_depend_on_the_delay(schedule, stages):
    wanted = 1 / (alone(STAGE) + STAGE.model_seconds)
    for delay in (0.0, 3.0, 100.0):
        found = simulate(Pipeline(stages=[STAGE] * stages, schedule=schedule, delay=delay))
        for stage in found.stages:
            assert stage.updates_per_second == pytest.approx(wanted)
            assert stage.busy == pytest.approx(1.0)


@pytest.mark.parametrize("delay", [0.0, 100.0])
@pytest.mark.parametrize("stages", [2, 4])
def test_heads_wait_for_no_delay_and_nothing_is_late(delay, stages):
    found = simulate(
        Pipeline(stages=[STAGE] * stages, schedule="unlocked", delay=delay, learns_from="heads")
    )
    for stage in found.stages:
        assert stage.updates_per_second == pytest.approx(1 / (alone(STAGE) + STAGE.model_seconds))
        assert stage.busy == pytest.approx(1.0)
        assert stage.staleness is None


@pytest.mark.parametrize("stages", [2, 4])
def test_errors_let_stages_work_at_the_same_time_until_too_many_are_awaited(stages):
    def found(delay, **changes):
        pipeline = Pipeline(
            stages=[replace(STAGE, model_seconds=0.0)] * stages,
            schedule="unlocked",
            delay=delay,
            learns_from="errors",
        )
        return simulate(replace(pipeline, **changes))

    near, far = found(0.0), found(300.0)
    assert near.updates_per_second == pytest.approx(1 / alone(STAGE), rel=0.1)
    assert near.stages[0].staleness < far.stages[0].staleness <= 64
    assert near.stages[-1].staleness is None
    rounds = 64 / (2 * (stages - 1) * 0.3)  # batches held, over the way there and back
    assert far.updates_per_second <= rounds
    assert far.stages[0].waiting > 0.5
    slow = found(0.0, straggler=4.0)  # no error comes sooner
    assert slow.updates_per_second == pytest.approx(1 / (4 * alone(STAGE)), rel=0.1)


@pytest.mark.parametrize("delay", [1.0, 10.0, 100.0])
def test_staleness_is_the_way_there_and_back_in_updates(delay):
    found = simulate(Pipeline(stages=[STAGE, STAGE], schedule="unlocked", delay=delay))
    way = 2 * (STAGE.message_seconds + delay / 1000) * found.updates_per_second
    bottom, top = found.stages
    assert way <= bottom.staleness <= way + 2
    assert bottom.staleness <= bottom.staleness_max <= math.ceil(way) + 2
    assert top.staleness is None
    assert top.staleness_max is None


def test_a_straggler_slows_locked_by_its_share():
    slow = replace(
        OTHER,
        forward_seconds=4 * OTHER.forward_seconds,
        backward_seconds=4 * OTHER.backward_seconds,
        model_seconds=4 * OTHER.model_seconds,
        update_seconds=4 * OTHER.update_seconds,
    )
    for schedule in SCHEDULES:
        wanted = rate(schedule, [STAGE, slow])
        assert rate(schedule, [STAGE, OTHER], straggler=4.0) == pytest.approx(wanted)
    more = 3 * (OTHER.forward_seconds + OTHER.backward_seconds)
    before, after = (rate("locked", [STAGE, OTHER], straggler=one) for one in (1.0, 4.0))
    assert 1 / after - 1 / before == pytest.approx(more)


@pytest.mark.parametrize("schedule", UNLOCKED)
def test_a_straggler_does_not_slow_an_unlocked_stage_below(schedule):
    own = alone(STAGE) + STAGE.model_seconds
    for straggler in (1.0, 2.0, 4.0):
        pipeline = Pipeline(stages=[STAGE, STAGE], schedule=schedule, straggler=straggler)
        bottom, top = simulate(pipeline).stages
        assert bottom.updates_per_second == pytest.approx(1 / own)
        assert top.updates_per_second == pytest.approx(1 / own / straggler)
        assert bottom.dropped == 0
        # what the bottom one sends in 200 updates and the top one has no time for
        assert top.dropped == pytest.approx(200 * (1 - 1 / straggler), abs=2)


def test_data_parallel_goes_by_the_slowest_process():
    found = simulate(Pipeline(stages=[STAGE] * 3, schedule="data_parallel", straggler=3.0))
    wanted = 3 * alone(STAGE) + STAGE.message_seconds
    assert found.updates_per_second == pytest.approx(1 / wanted)
    first, *_, last = found.stages
    assert last.waiting == pytest.approx(STAGE.message_seconds / wanted)
    assert first.waiting == pytest.approx((2 * alone(STAGE) + STAGE.message_seconds) / wanted)


def test_handling_keeps_unlocked_stages_from_working():
    own = alone(STAGE) + STAGE.model_seconds
    stage = replace(STAGE, send_seconds=0.1e-3, read_seconds=0.1e-3)
    found = simulate(Pipeline(stages=[stage] * 2, schedule="unlocked"))
    assert found.updates_per_second == pytest.approx(1 / (own + 0.2e-3))
    assert found.stages[0].communicating == pytest.approx(0.2e-3 / (own + 0.2e-3))


def test_targets_come_sooner_from_the_first_of_more_layers():
    ages = []
    for layers in (1, 4):
        stage = replace(STAGE, layers=layers, message_seconds=1e-5)
        slow = {"stages": [stage, stage], "schedule": "unlocked", "straggler": 4.0}
        ages.append(simulate(Pipeline(**slow)).stages[0].staleness)
    assert ages[1] == pytest.approx(ages[0] - 3, abs=1)


def test_a_stage_that_no_h_reaches_runs_on_synthetic_inputs():
    slow = replace(STAGE, forward_seconds=9e-3)
    own = alone(STAGE) + STAGE.model_seconds
    top = simulate(Pipeline(stages=[slow, STAGE], schedule="completely_unlocked")).stages[1]
    assert top.updates_per_second == pytest.approx(1 / own)
    waits = simulate(Pipeline(stages=[slow, STAGE], schedule="unlocked")).stages[1]
    assert waits.updates_per_second == pytest.approx(1 / (own + 8e-3))


def test_a_small_inbox_keeps_targets_young():
    slow = {"stages": [STAGE, STAGE], "schedule": "unlocked", "straggler": 2.0}
    ages = [simulate(Pipeline(inbox=size, **slow)).stages[0].staleness for size in (1, 2, 8)]
    assert ages[0] < ages[1] < ages[2]


times = st.integers(0, 400).map(lambda steps: steps / 65536)
stages = st.builds(
    StageTimes,
    forward_seconds=st.integers(1, 400).map(lambda steps: steps / 65536),
    backward_seconds=times,
    model_seconds=times,
    update_seconds=times,
    message_seconds=times,
)
pipelines = st.builds(
    Pipeline,
    stages=st.lists(stages, min_size=1, max_size=4),
    schedule=st.sampled_from(sorted(SCHEDULES)),
    delay=st.sampled_from([0.0, 0.5, 3.0, 30.0]),
    straggler=st.sampled_from([1.0, 1.5, 4.0]),
    micro_batches=st.integers(1, 5),
)


unlocked = st.builds(
    Pipeline,
    stages=st.lists(stages, min_size=1, max_size=4),
    schedule=st.just("unlocked"),
    delay=st.sampled_from([0.0, 0.5, 3.0, 30.0]),
    straggler=st.sampled_from([1.0, 1.5, 4.0]),
    learns_from=st.sampled_from(WITHOUT_M),
)


@settings(deadline=None, max_examples=60)
@given(pipelines | unlocked)
def test_shares_sum_to_one_and_spans_do_not_overlap(pipeline):
    found = simulate(pipeline, updates=10)
    for stage in found.stages:
        assert stage.busy + stage.waiting + stage.communicating == pytest.approx(1.0)
        own = [span for span in found.spans if span.stage == stage.stage]
        assert own[0].start == 0.0
        assert own[-1].end == pytest.approx(found.seconds)
        for one, following in itertools.pairwise(own):
            assert one.end == pytest.approx(following.start)
            assert one.start < one.end <= following.start + 1e-12


@settings(deadline=None, max_examples=60)
@given(pipelines, st.sampled_from([0.125, 1.0, 10.0]))
def test_more_delay_never_speeds_anything_up(pipeline, more):
    updates = 60
    before = simulate(pipeline, updates)
    after = simulate(replace(pipeline, delay=pipeline.delay + more), updates)
    # an average of some updates: rounds of several may begin elsewhere
    assert after.updates_per_second <= before.updates_per_second * (1 + 1 / updates)
    if pipeline.schedule in UNLOCKED:
        assert after.updates_per_second == pytest.approx(before.updates_per_second)


@settings(deadline=None, max_examples=40)
@given(pipelines)
def test_no_schedule_beats_its_busiest_stage(pipeline):
    found = simulate(pipeline, updates=60)
    for stage in found.stages:
        assert stage.busy <= 1 + 1e-9
    if pipeline.schedule not in {*UNLOCKED, "data_parallel"}:
        slowest = [alone(one) for one in pipeline.stages]
        slowest[-1] *= pipeline.straggler
        assert found.updates_per_second <= (1 + 1 / 60) / max(slowest)
        locked = simulate(replace(pipeline, schedule="locked"), 60).updates_per_second
        if pipeline.schedule == "stale":
            assert found.updates_per_second >= locked * (1 - 1 / 60)


def test_a_timeline_is_as_in_a_record():
    found = simulate(Pipeline(stages=[STAGE, STAGE], schedule="locked", delay=10.0))
    rows = found.timeline(0.1)
    assert set(rows[0]) == {"stage", "kind", "batch", "start", "end"}
    assert {row["stage"] for row in rows} == {0, 1}
    assert {row["kind"] for row in rows} == {"forward", "backward", "update", "waiting"}
    assert max(row["end"] for row in rows) == pytest.approx(0.1)
    assert len(found.timeline(0.1, most=7)) == 7
    assert found.spans[0].start == 0.0


def test_the_number_of_updates_is_the_length():
    for updates in (1, 50):
        found = simulate(Pipeline(stages=[STAGE], schedule="locked"), updates)
        assert found.seconds == pytest.approx(updates * alone(STAGE))


def test_values_that_do_not_fit_are_refused():
    with pytest.raises(UsageError, match="updates is 0: give a number of at least 1"):
        simulate(Pipeline(stages=[STAGE], schedule="locked"), updates=0)
