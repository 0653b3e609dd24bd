"""Records, curves and verdicts as data frames."""

import numpy as np
import pandas as pd
import pytest
import sgbench
from sgbench.results.store.published import open_published


def test_records_are_those_of_the_store_with_their_types():
    frame = sgbench.load_records(published=True)
    stored = list(open_published().scan())
    assert frame["id"].tolist() == [record.id for record in stored]
    assert frame["curve"].tolist() == [record.to_dict()["curve"] for record in stored]
    assert frame["T"].isna().tolist() == [record.T is None for record in stored]


@pytest.mark.parametrize("frame", ["records", "curves", "verdicts"])
def test_columns_are_described_in_order_with_their_types(frame):
    records = sgbench.load_records(published=True)
    found = {
        "records": lambda: records,
        "curves": lambda: sgbench.curves(records),
        "verdicts": lambda: sgbench.verdicts("p_update", "quick", published=True),
    }[frame]()
    described = sgbench.columns(frame)
    assert described.index.tolist() == found.columns.tolist()
    assert described["dtype"].tolist() == [str(dtype) for dtype in found.dtypes]
    assert (described["meaning"].str.len() > 0).all()


def test_a_curve_has_a_row_for_each_number():
    records = sgbench.load_records(published=True)
    mine = records[records["rule"] == "dni"].head(3)
    found = sgbench.curves(mine)
    first = found[found["id"] == mine["id"].iloc[0]]
    for name in ("error", "sg_cosine"):
        points = mine["curve"].iloc[0]
        values = [
            (p["iteration"], layer, value)
            for p in points
            for layer, value in (
                enumerate(p[name], start=1) if isinstance(p[name], list) else [(None, p[name])]
            )
            if value is not None
        ]
        rows = first[first["metric"] == name]
        layers = [None if layer is pd.NA else layer for layer in rows["layer"].tolist()]
        got = zip(rows["iteration"].tolist(), layers, rows["value"].tolist(), strict=True)
        assert list(got) == values
    assert not found["value"].isna().any()
    assert set(sgbench.curves(mine, "error")["metric"]) == {"error"}
    assert set(sgbench.curves(mine, ["error", "loss"])["metric"]) == {"error", "loss"}
    assert len(sgbench.curves(mine.head(0))) == 0


def test_verdicts_stand_beside_their_evidence():
    found = sgbench.verdicts("table1", "quick", published=True)
    assert set(found["kind"]) == {"place", "claim"}
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
