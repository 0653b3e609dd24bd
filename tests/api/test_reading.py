"""Records, curves and verdicts as data frames."""

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


def test_curves_take_one_metric_or_several():
    records = sgbench.load_records(published=True).head(3)
    assert set(sgbench.curves(records, "error")["metric"]) == {"error"}
    assert set(sgbench.curves(records, ["error", "loss"])["metric"]) == {"error", "loss"}
