"""Verdicts as a frame, each beside its evidence."""

import numpy as np
import pytest
import sgbench


def test_verdicts_stand_beside_their_evidence():
    found = sgbench.verdicts("table1", "quick", published=True)
    assert set(found["kind"]) == {"place", "intermediate", "claim"}
    ids = set(sgbench.load_records(published=True)["id"])
    for row in found[found["n"] > 0].itertuples():
        assert len(row.values) == row.n
        assert set(row.records) <= ids
        assert row.estimate == pytest.approx(np.mean(row.values))
    assert (found.loc[found["kind"] == "claim", "text"].str.len() > 0).all()
    part = sgbench.verdicts("table1", "quick", where={"rule": "dni"}, published=True)
    assert set(part.loc[part["kind"] == "place", "rule"]) == {"dni"}


def test_verdicts_of_populations_have_medians():
    found = sgbench.verdicts("p_update", "quick", published=True)
    medians = found[found["kind"] == "median"]
    assert len(medians) > 0
    assert medians["paper"].notna().all()
