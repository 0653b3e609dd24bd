"""The copying tasks: their levels, as episodes of codes."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sgbench.bench import datasets
from sgbench.bench.datasets import copy, repeat_copy
from sgbench.bench.datasets.loading import copying
from sgbench.bench.errors import UsageError
from small_files.folders import sha

TASKS = {name: datasets.load(name) for name in ("copy", "repeat_copy")}

ANY_LEVEL = st.sampled_from([(task, level) for task in TASKS.values() for level in task.levels])


def episode(level, drawn):
    """Return the inputs and targets (None where nothing counts) as the fields are described."""
    inputs = [
        drawn[source] if source >= 0 else constant
        for source, constant in zip(level.source, level.constant, strict=True)
    ]
    return inputs, [drawn[wanted] if wanted >= 0 else None for wanted in level.wanted]


def test_copy_reads_stops_and_reproduces():
    task = TASKS["copy"]
    blank, stop = 2, 3
    assert (task.symbols, task.classes) == (4, 2)
    assert episode(task.levels[2], [1, 0, 1]) == (
        [1, 0, 1, stop, blank, blank, blank],
        [None, None, None, None, 1, 0, 1],
    )


def test_repeat_copy_reads_how_often_stops_and_reproduces_as_often():
    task = TASKS["repeat_copy"]
    blank, stop, three = 2, 3, 6
    assert (task.symbols, task.classes) == (20, 2)
    assert episode(task.levels[2], [0, 1]) == (
        [0, 1, three, stop, *[blank] * 6],
        [None, None, None, None, 0, 1, 0, 1, 0, 1],
    )


def test_copy_raises_n_by_one():
    levels = TASKS["copy"].levels
    assert [level.copied for level in levels] == list(range(1, 101))
    assert [level.length for level in levels] == list(range(4, 104))
    assert {level.repeats for level in levels} == {1}


def test_repeat_copy_raises_n_and_r_alternately():
    levels = TASKS["repeat_copy"].levels
    paper = [5, 7, 9, 12, 15, 19, 23, 28, 33, 39, 45, 52, 59, 67]
    assert [level.length for level in levels][:14] == paper
    pairs = [(level.copied, level.repeats) for level in levels]
    assert pairs[:5] == [(1, 2), (2, 2), (2, 3), (3, 3), (3, 4)]
    assert pairs[-2:] == [(15, 16), (16, 16)]
    steps = [(n - m, r - q) for (m, q), (n, r) in itertools.pairwise(pairs)]
    assert steps == [(1, 0), (0, 1)] * 14 + [(1, 0)]


@given(ANY_LEVEL, st.data())
def test_every_level_is_a_whole_episode(task_level, data):
    task, level = task_level
    n, r = level.copied, level.repeats
    announced = 1 if task is TASKS["copy"] else 2
    steps = n + announced + n * r
    assert level.length == n * r + 3
    assert len(level.source) == len(level.constant) == len(level.wanted) == steps
    assert [p for p in range(steps) if level.source[p] >= 0] == list(range(n))
    assert [p for p in range(steps) if level.wanted[p] >= 0] == list(range(steps - n * r, steps))
    drawn = data.draw(st.lists(st.integers(0, task.classes - 1), min_size=n, max_size=n))
    inputs, targets = episode(level, drawn)
    assert inputs[:n] == drawn
    assert targets[-n * r :] == drawn * r
    assert all(0 <= code < task.symbols for code in (*inputs, *level.constant))
    assert inputs.count(copying.STOP) == 1
    assert inputs[n + announced - 1] == copying.STOP
    assert inputs[n + announced :] == [copying.BLANK] * (n * r)
    if announced == 2:
        assert inputs[n] == copying.number(r)
        assert len({code for level in task.levels for code in level.constant}) == 2 + 15


@pytest.mark.parametrize("name", TASKS)
def test_rung_finds_the_level_of_a_length(name):
    task = TASKS[name]
    assert [task.rung(level.length) for level in task.levels] == [*range(len(task.levels))]


def test_rung_names_the_nearest_lengths_where_there_is_none():
    with pytest.raises(UsageError, match="T_task 24: they go from 5 to 259, the nearest 23 and 28"):
        TASKS["repeat_copy"].rung(24)
    with pytest.raises(UsageError, match="the nearest 102 and 103"):
        TASKS["copy"].rung(10**6)
    with pytest.raises(UsageError, match="the nearest 4 and 5"):
        TASKS["copy"].rung(-3)


def test_another_alphabet_moves_the_codes(monkeypatch):
    for name, value in (("ALPHABET", 5), ("BLANK", 5), ("STOP", 6)):
        monkeypatch.setattr(copying, name, value)
    for module, symbols in ((copy, 7), (repeat_copy, 23)):
        task = module.load(None)
        assert (task.symbols, task.classes) == (symbols, 5)
        codes = {code for level in task.levels for code in level.constant}
        assert (min(codes), max(codes)) == (5, symbols - 1)


@pytest.mark.parametrize("name", TASKS)
def test_generated_data_is_canonical_and_needs_nothing(tmp_path, name):
    folder = tmp_path / "none"
    assert datasets.load(name, folder) == TASKS[name]
    assert datasets.data_hash(name, folder) == datasets.canonical_hash(name)
    assert datasets.canonical_hash(name) == sha(name.encode())[:16]
    status = datasets.status(name, folder)
    assert (status.state, status.folder, status.canonical) == ("generated", None, True)
    assert datasets.verify(name, folder) == []
    datasets.fetch(name, folder)
    assert not folder.exists()
