"""Two stores are compared on the cells that both have; the others are counted."""

import dataclasses

import pytest
from reference.runs import Listener
from sgbench.bench.errors import UsageError
from sgbench.reproductions.gate.two_stores import compare_common
from sgbench.reproductions.running.run import run
from sgbench.results.statistics.gate_finding import exit_code


@pytest.fixture
def records(request_of):
    listener = Listener()
    run(request_of(), listener)
    return listener.records


def test_common_cells_are_compared_and_the_others_counted(records):
    said = []
    found = compare_common(records[:-1], records[2:], factor=1.05, say=said.append)
    assert len(found) == 2 * (len(records) - 3)  # on results and on speed
    assert {f.verdict for f in found if f.kind == "correctness"} == {"pass"}
    (line,) = said
    assert f"{len(records) - 3} cells are in both" in line
    assert "2 only in the first, 1 only in the second" in line


def test_a_difference_is_found_among_common_cells(records):
    worse = [dataclasses.replace(r, status="failed", error="it broke") for r in records[:1]]
    found = compare_common(records, worse, factor=1.05, say=lambda _: None)
    assert exit_code(found) == 1


def test_nothing_in_common_is_no_pass(records):
    found = compare_common(records[:1], records[1:], factor=1.05, say=lambda _: None)
    assert (found, exit_code(found)) == ([], 3)


def test_a_factor_that_is_none_is_refused(records):
    with pytest.raises(UsageError, match="--speed-factor"):
        compare_common(records, records, factor=1.0, say=lambda _: None)
