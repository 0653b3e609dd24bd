"""Curves as a tidy frame: a row for each number that an evaluation gave."""

import pandas as pd
import pytest
from sgbench.bench.errors import UsageError
from sgbench.results.curves import METRICS, to_curves
from sgbench.results.frame import to_frame
from sgbench.results.rows import POINT_TYPES
from sgbench.results.store.published import open_published


@pytest.fixture(scope="module")
def records():
    return to_frame(open_published().scan())


def test_every_number_of_a_point_is_a_metric():
    assert set(METRICS) == set(POINT_TYPES) - {"iteration", "seconds"}


def test_a_curve_has_a_row_for_each_number(records):
    mine = records[records["rule"] == "dni"].head(3)
    found = to_curves(mine)
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
    assert set(to_curves(mine, ["error"])["metric"]) == {"error"}
    assert set(to_curves(mine, ["error", "loss"])["metric"]) == {"error", "loss"}
    assert len(to_curves(mine.head(0))) == 0


def test_other_columns_of_the_records_may_be_left_out(records):
    found = to_curves(records[["rule", "curve"]].head(2), ["error"])
    assert found.columns.tolist() == ["rule", "iteration", "seconds", "metric", "layer", "value"]


def test_what_is_no_curve_or_no_metric_is_refused(records):
    with pytest.raises(UsageError, match="'error'"):
        to_curves(records, ["eror"])
    with pytest.raises(UsageError, match="'curve'"):
        to_curves(records[["rule"]])
