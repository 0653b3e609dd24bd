"""repeat_copy: N symbols, a number R, a stop symbol, and the N symbols R times."""

import itertools

from reference.episodes import episode
from sgbench.bench import datasets
from small_files.folders import sha

TASK = datasets.load("repeat_copy")


def test_it_reads_how_often_stops_and_reproduces_as_often():
    blank, stop, three = 2, 3, 6
    assert (TASK.symbols, TASK.classes) == (20, 2)
    assert episode(TASK.levels[2], [0, 1]) == (
        [0, 1, three, stop, *[blank] * 6],
        [None, None, None, None, 0, 1, 0, 1, 0, 1],
    )


def test_its_levels_raise_n_and_r_alternately():
    paper = [5, 7, 9, 12, 15, 19, 23, 28, 33, 39, 45, 52, 59, 67]
    assert [level.length for level in TASK.levels][:14] == paper
    pairs = [(level.copied, level.repeats) for level in TASK.levels]
    assert pairs[:5] == [(1, 2), (2, 2), (2, 3), (3, 3), (3, 4)]
    assert pairs[-2:] == [(15, 16), (16, 16)]
    steps = [(n - m, r - q) for (m, q), (n, r) in itertools.pairwise(pairs)]
    assert steps == [(1, 0), (0, 1)] * 14 + [(1, 0)]


def test_every_number_of_repetitions_has_a_code_of_its_own():
    announced = {
        level.constant[level.copied] for level in TASK.levels
    }  # what is read after the drawn symbols
    assert announced == set(range(5, 20))
    assert datasets.symbols("repeat_copy") == TASK.symbols == max(announced) + 1


def test_it_is_canonical_and_needs_nothing(tmp_path):
    folder = tmp_path / "none"
    assert datasets.load("repeat_copy", folder) == TASK
    assert datasets.data_hash("repeat_copy", folder) == datasets.canonical_hash("repeat_copy")
    assert datasets.canonical_hash("repeat_copy") == sha(b"repeat_copy")[:16]
    status = datasets.status("repeat_copy", folder)
    assert (status.state, status.folder, status.canonical) == ("generated", None, True)
    assert datasets.verify("repeat_copy", folder) == []
    datasets.fetch("repeat_copy", folder)
    assert not folder.exists()
