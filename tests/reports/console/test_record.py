"""What `sgbench show` prints of a record, and the record that an id's first digits pick."""

import re
from itertools import pairwise

import pytest
from sgbench.bench.errors import UsageError
from sgbench.reports.console.record import pick, whole_record
from sgbench.reproductions.exhibits.exhibit import expand, load


def test_a_whole_record_leaves_out_what_does_not_apply(make):
    cell = next(cell for cell in expand(load("table1"), "demo") if cell.rule == "dni")

    def names(record):
        return [line.split()[0] for line in whole_record(record, 100).splitlines() if line]

    shown = names(make.record(cell))
    assert {"depth", "decoupled", "drops", "test_error", "curve"} <= set(shown)
    assert not {"T", "aux_weight", "p_update", "longest", "progression", "error"} & set(shown)
    failed = whole_record(make.record(cell, status="failed", reason="it broke"), 100)
    assert re.search(r"\nerror +it broke ", failed)
    assert re.search(r"\ntest_error +- ", failed)


def test_pick_takes_the_start_of_one_id(make):
    records = make.grid(load("table1"), "demo")
    for record in records[:20]:
        assert pick(records, record.id, "here") == [record]
    ids = sorted(record.id for record in records)
    one, other = next(pair for pair in pairwise(ids) if pair[0][0] == pair[1][0])
    common = next(n for n in range(16) if one[n] != other[n])
    assert pick(records, one[: common + 1], "here")[0].id == one
    with pytest.raises(UsageError, match=f"is the start of .*{one}, {other}"):
        pick(records, one[:common], "here")


@pytest.mark.parametrize("text", ["", " ", "zz", "%", "0" * 17])
def test_pick_refuses_what_starts_no_id(make, text):
    with pytest.raises(UsageError, match="no record in here has an id that starts with"):
        pick(make.grid(load("table1"), "demo"), text, "here")
