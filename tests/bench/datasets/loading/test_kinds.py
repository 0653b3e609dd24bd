"""Types of loaded data: the levels of a generated task are found by their T_task."""

import dataclasses

import pytest
from sgbench.bench import datasets
from sgbench.bench.errors import UsageError


@pytest.mark.parametrize("name", ["copy", "repeat_copy"])
def test_a_level_is_found_by_its_length(name):
    task = datasets.load(name)
    assert [task.rung(level.length) for level in task.levels] == [*range(len(task.levels))]


@pytest.mark.parametrize(
    ("name", "length", "words"),
    [
        ("repeat_copy", 24, "T_task 24: they go from 5 to 259, the nearest 23 and 28"),
        ("copy", 10**6, "the nearest 102 and 103"),
        ("copy", -3, "the nearest 4 and 5"),
    ],
)
def test_a_length_that_no_level_has_is_answered_with_the_nearest(name, length, words):
    with pytest.raises(UsageError, match=words):
        datasets.load(name).rung(length)


def test_a_task_of_one_level_names_that_one():
    task = datasets.load("copy")
    short = dataclasses.replace(task, levels=task.levels[:1])
    assert short.rung(4) == 0
    with pytest.raises(UsageError, match=r"from 4 to 4, the nearest 4$"):
        short.rung(5)
