"""Selections of published records, as markers name them."""

import pytest
from generator import sources
from generator.markers import MarkerError
from sgbench.results.store.published import open_published


def test_a_selection_is_what_was_run_and_what_is_picked():
    found = sources.selection("deep", "quick", ("rule=dni,depth=21",))
    assert set(found.frame["rule"]) == {"dni"}
    assert set(found.frame["depth"]) == {21}
    assert len(found.frame) == 3


def test_the_tenth_is_the_cells_of_a_tenth_of_the_schedule_alone():
    found = sources.whole("table1", "tenth").frame
    assert set(found["iterations"]) == {50_000}
    mine = {r.id for r in open_published().scan() if r.iterations == 50_000 and r.status == "ok"}
    assert set(found["id"]) <= mine
    assert len(found) >= 10


def test_custom_leaves_trials_of_studies_out():
    assert set(sources.whole("table1", "custom").frame["split"]) == {"test"}


def test_a_place_is_of_the_protocols_own_m_unless_it_is_named():
    where = "dataset=mnist,network=fcn,depth=4,rule=dni"
    assert sources.place("table1", "quick", [where]).cell.sg_layers == 2
    assert sources.place("table1", "quick", [f"{where},sg_layers=0"]).cell.sg_layers == 0


def test_a_claim_is_picked_by_its_place():
    one = sources.claim("table2", "quick", "dni-longer-by-factor", ["dataset=copy,T=4"])
    assert dict(one.test.place) == {"dataset": "copy", "T": 4}
    with pytest.raises(MarkerError, match="2 rows"):
        sources.claim("table2", "quick", "dni-longer", [])


def test_exhibits_of_other_papers_and_of_ours_are_not_of_the_paper():
    found = sources.of_the_paper()
    assert "table1" in found
    assert not {"locking", "beyond", "local_loss", "dfa"} & set(found)
