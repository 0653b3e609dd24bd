"""Stale records and files that nobody needs, in words and as JSON values."""

from pathlib import Path

import pytest
from sgbench.reports.console.pruning import (
    stale_summary,
    stale_text,
    stale_values,
    waste_size,
    waste_text,
    waste_values,
)
from sgbench.reproductions.exhibits.exhibit import expand, load
from sgbench.results.store.pruning import Stale, Waste


@pytest.fixture
def stale(make):
    def of(*why, replaceable=True):
        record = make.record(expand(load("table1"), "demo")[0])
        return Stale(record=record, why=why, replaceable=replaceable)

    return of


def waste(path="store/checkpoints/a.pt", size=7, why="its cell has ended"):
    return Waste(path=Path(path), kind="checkpoint", why=why, bytes=size, stamp=(0, size))


class TestStale:
    def test_every_reason_is_told_on_one_line(self, stale):
        found = stale("rule dni: version 0, now 1", "data\nchanged")
        text = stale_text(found)
        assert text.startswith(f"{found.record.id[:8]}  table1, scale demo: digits ")
        assert text.endswith("  rule dni: version 0, now 1; data changed")

    def test_values_say_whether_older_code_made_it(self, stale):
        values = stale_values(stale("why", replaceable=False))
        assert (values["why"], values["older_code"]) == (["why"], False)
        assert values["id"] == stale("why").record.id
        assert stale_values(stale("why"))["older_code"]

    @pytest.mark.parametrize(
        ("replaceable", "words"),
        [
            ([], "0 of 1,200 records in here are stale"),
            ([False], "1 of 1,200 records in here are stale"),
            (
                [True, False, True],
                "3 of 1,200 records in here are stale; sgbench prune removes 2 of older code",
            ),
        ],
    )
    def test_only_what_prune_removes_is_promised(self, stale, replaceable, words):
        found = [stale("why", replaceable=one) for one in replaceable]
        assert stale_summary(found, 1200, "here") == words


class TestWaste:
    def test_a_file_is_named_within_its_store(self):
        line = "checkpoint     checkpoints/a.pt  its cell has ended"
        assert waste_text(waste(), "store") == line
        assert waste_text(waste("/elsewhere/a.pt"), "store").split()[1] == "/elsewhere/a.pt"

    def test_values_have_the_whole_path(self):
        assert waste_values(waste()) == {
            "kind": "checkpoint",
            "path": "store/checkpoints/a.pt",
            "why": "its cell has ended",
            "bytes": 7,
        }

    @pytest.mark.parametrize(
        ("sizes", "words"),
        [
            ([], "0 files, 0.0 MB"),
            ([2_500_000], "1 file, 2.5 MB"),
            ([600_000_000] * 2, "2 files, 1,200.0 MB"),
        ],
    )
    def test_the_size_of_all_is_in_megabytes(self, sizes, words):
        assert waste_size([waste(size=size) for size in sizes]) == words
