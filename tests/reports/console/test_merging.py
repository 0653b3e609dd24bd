"""What a merge has done, in words."""

import pytest
from sgbench.reports.console.merging import conflict_text, summary
from sgbench.results.store.merge import Conflict, Merged


@pytest.mark.parametrize(
    ("merged", "words"),
    [
        (Merged(), "0 records added, 0 replaced, 0 already there"),
        (Merged(added=1), "1 record added, 0 replaced, 0 already there"),
        (
            Merged(added=1200, replaced=1000, kept=2000),
            "1,200 records added, 1,000 replaced, 2,000 already there",
        ),
        (
            Merged(checkpoints=1, studies=1),
            "0 records added, 0 replaced, 0 already there, 1 checkpoint, 1 study",
        ),
        (
            Merged(checkpoints=2, studies=2),
            "0 records added, 0 replaced, 0 already there, 2 checkpoints, 2 studies",
        ),
    ],
)
def test_a_summary_counts_what_there_was(merged, words):
    assert summary(merged) == words


def test_a_conflict_has_each_value_beside_its_store():
    conflict = Conflict(
        id="0123456789abcdef",
        machine_class="a machine",
        exhibit="table1",
        scale="demo",
        stores=("a", "b"),
        values={"test_error": (12.5, None), "status": ("ok", "failed")},
        causes=("instructions: AVX512; DEFAULT",),
    )
    head, *lines, cause = conflict_text(conflict).splitlines()
    assert cause == "  may be the cause: instructions: AVX512; DEFAULT"
    assert head == "01234567  table1, scale demo, on a machine"
    assert [line.split() for line in lines] == [
        ["test_error", "12.5", "a"],
        ["test_error", "null", "b"],
        ["status", '"ok"', "a"],
        ["status", '"failed"', "b"],
    ]
