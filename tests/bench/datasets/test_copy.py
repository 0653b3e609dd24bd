"""copy: N symbols, a stop symbol, and the N symbols again."""

from reference.episodes import episode
from sgbench.bench import datasets
from small_files.folders import sha

TASK = datasets.load("copy")


def test_it_reads_stops_and_reproduces():
    blank, stop = 2, 3
    assert (TASK.symbols, TASK.classes) == (4, 2)
    assert episode(TASK.levels[2], [1, 0, 1]) == (
        [1, 0, 1, stop, blank, blank, blank],
        [None, None, None, None, 1, 0, 1],
    )


def test_its_levels_raise_n_by_one():
    assert [level.copied for level in TASK.levels] == list(range(1, 101))
    assert [level.length for level in TASK.levels] == list(range(4, 104))
    assert {level.repeats for level in TASK.levels} == {1}


def test_it_is_as_it_was_declared():
    assert datasets.symbols("copy") == TASK.symbols
    assert datasets.kind("copy") == "episodes"


def test_it_is_canonical_and_needs_nothing(tmp_path):
    folder = tmp_path / "none"
    assert datasets.load("copy", folder) == TASK
    assert datasets.data_hash("copy", folder) == datasets.canonical_hash("copy")
    assert datasets.canonical_hash("copy") == sha(b"copy")[:16]
    status = datasets.status("copy", folder)
    assert (status.state, status.folder, status.canonical) == ("generated", None, True)
    assert datasets.verify("copy", folder) == []
    datasets.fetch("copy", folder)
    assert not folder.exists()
