"""Balanced cuts, and the work of a part alone."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference.programs import random_data
from reference.stages import staged_cell
from sgbench.bench.pipeline import cuts
from sgbench.bench.pipeline.part import Part


def slowest(costs, bounds):
    return max(sum(costs[start:end]) for start, end in itertools.pairwise(bounds))


@given(st.lists(st.floats(0.1, 10), min_size=1, max_size=7), st.data())
def test_no_cut_is_better_by_more_than_the_tolerance(costs, data):
    stages = data.draw(st.integers(1, len(costs)))
    bounds = cuts.balanced(costs, stages)
    assert len(bounds) == stages + 1
    assert bounds == sorted(set(bounds))
    assert (bounds[0], bounds[-1]) == (0, len(costs))
    every = itertools.combinations(range(1, len(costs)), stages - 1)
    best = min(slowest(costs, [0, *cut, len(costs)]) for cut in every)
    assert slowest(costs, bounds) <= best * (1 + cuts.TOLERANCE) + 1e-9


def test_the_m_at_the_top_of_a_stage_counts():
    """As of the wide network: two layers below with an M take longer than three above one."""
    layers, models = [10.0, 13.0, 12.0, 1.0], [12.0, 12.0, 12.0, 0.0]
    assert cuts.balanced(layers, 2) == [0, 2, 4]
    assert cuts.balanced(layers, 2, models) == [0, 1, 4]  # 26 instead of 35


@given(st.lists(st.tuples(st.floats(0.1, 10), st.floats(0, 10)), min_size=2, max_size=6), st.data())
def test_no_cut_is_better_with_ms_either(both, data):
    costs, models = map(list, zip(*both, strict=True))
    stages = data.draw(st.integers(2, len(costs)))

    def slowest_of(bounds):
        pairs = list(itertools.pairwise(bounds))
        ms = [*(models[end - 1] for _, end in pairs[:-1]), 0.0]
        return max(sum(costs[a:b]) + m for (a, b), m in zip(pairs, ms, strict=True))

    every = itertools.combinations(range(1, len(costs)), stages - 1)
    best = min(slowest_of([0, *cut, len(costs)]) for cut in every)
    found = cuts.balanced(costs, stages, models)
    assert slowest_of(found) <= best * (1 + cuts.TOLERANCE) + 1e-9


@pytest.mark.parametrize("noise", [-0.04, 0.0, 0.04])
def test_near_ties_are_cut_alike(noise):
    assert cuts.balanced([1.0, 1.0 + noise, 1.0], 2) == [0, 1, 3]


def test_a_cut_is_of_the_measured_times(monkeypatch):
    """The third layer takes as long as all others."""

    def work(part, batch):
        assert batch == 9
        number = int(next(iter(part.weights.named)).removeprefix("hidden")[0]) if part.hidden else 3
        seconds = [1.0, 1.0, 3.0, 1.0][number]
        return cuts.Work(forward=seconds, backward=0.0, model=0.0, update=0.0)

    monkeypatch.setattr(cuts, "work_of", work)
    data = random_data()
    cell = staged_cell()
    assert cuts.cut(cell, data.train_images.shape[1:], data.classes, 2) == [0, 2, 4]
    assert cuts.cut(cell, data.train_images.shape[1:], data.classes, 1) == [0, 4]


@pytest.mark.parametrize(
    ("rule", "schedule", "first", "models"),
    [
        ("backprop", "locked", 0, False),
        ("cdni", "unlocked", 0, True),
        ("dni", "unlocked", 2, True),
        ("dni", "completely_unlocked", 2, True),
        ("dfa", "unlocked", 0, False),
        ("dfa", "unlocked", 2, False),
        ("local_pred", "unlocked", 0, True),
        ("local_pred", "unlocked", 2, True),
        ("one M per stage", "unlocked", 0, True),
        ("one M per stage", "unlocked", 2, False),
    ],
)
def test_the_work_of_a_part_has_all_its_shares(rule, schedule, first, models):
    once = {"sg_at": "stages"} if rule == "one M per stage" else {}
    data, cell = random_data(), staged_cell("dni" if once else rule, schedule, **once)
    part = Part(cell, data.train_images.shape[1:], data.classes, first, first + 2)
    found = cuts.work_of(part, cell.batch_size, times=2)
    assert found.forward > 0
    assert found.backward > 0
    assert found.update > 0
    assert (found.model > 0) == models
    assert found.seconds == found.forward + found.backward + found.model + found.update
