"""The copying tasks: their levels, as episodes of codes."""

from hypothesis import given
from hypothesis import strategies as st
from reference.episodes import episode
from sgbench.bench import datasets
from sgbench.bench.datasets import copy, repeat_copy
from sgbench.bench.datasets.loading import copying

TASKS = {name: datasets.load(name) for name in ("copy", "repeat_copy")}
ANY_LEVEL = st.sampled_from([(task, level) for task in TASKS.values() for level in task.levels])


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


def test_another_alphabet_moves_the_codes(monkeypatch):
    for name, value in (("ALPHABET", 5), ("BLANK", 5), ("STOP", 6)):
        monkeypatch.setattr(copying, name, value)
    for module, symbols in ((copy, 7), (repeat_copy, 23)):
        task = module.load(None)
        assert (task.symbols, task.classes) == (symbols, 5)
        codes = {code for level in task.levels for code in level.constant}
        assert (min(codes), max(codes)) == (5, symbols - 1)
