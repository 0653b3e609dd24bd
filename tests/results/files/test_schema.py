"""Checks of JSON against declared types: exact types, every field named, nothing let through."""

import dataclasses

import pytest
from sgbench.results.files.schema import (
    LARGEST,
    RecordError,
    check_items,
    check_object,
    check_rows,
    json_types,
)


@dataclasses.dataclass
class Declared:
    name: str
    count: int
    share: float | None
    parts: tuple[float, ...]
    own: dict[str, float]


TYPES = json_types(Declared)
GOOD = {"name": "a", "count": 1, "share": None, "parts": [0.5], "own": {}}


def test_declared_types_as_json_has_them():
    nothing = type(None)
    assert {name: frozenset({*kinds}) for name, kinds in TYPES.items()} == {
        "name": {str},
        "count": {int},
        "share": {float, nothing},
        "parts": {list},
        "own": {dict},
    }


def test_an_object_of_the_declared_types_is_returned():
    assert check_object("", GOOD, TYPES) is GOOD
    for edge in (-LARGEST, LARGEST - 1):
        assert check_object("", GOOD | {"count": edge}, TYPES)["count"] == edge


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"count": 1.0}, "count=1.0 must be int"),
        ({"count": True}, "count=True"),
        ({"share": 1}, "share=1 must be float or null"),
        ({"name": None}, "name=None"),
        ({"name": "\ud800"}, "name="),
        ({"count": LARGEST}, "count="),
        ({"count": -LARGEST - 1}, "count="),
        ({"other": 1}, "'other'"),
    ],
)
def test_what_is_not_of_the_types_is_named(changes, named):
    with pytest.raises(RecordError) as caught:
        check_object("", GOOD | changes, TYPES)
    assert named in str(caught.value)
    with pytest.raises(RecordError, match=r"study\."):
        check_object("study", GOOD | changes, TYPES)


def test_a_missing_field_is_named():
    with pytest.raises(RecordError, match="missing field share"):
        check_object("", {n: v for n, v in GOOD.items() if n != "share"}, TYPES)


@pytest.mark.parametrize("value", [None, [], "text", 1])
def test_what_is_no_object_is_named(value):
    with pytest.raises(RecordError, match="study must be a JSON object"):
        check_object("study", value, TYPES)


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ([GOOD, None], "curve"),
        ([GOOD, GOOD | {"other": 1}], "curve.'other'"),
        ([GOOD, {n: v for n, v in GOOD.items() if n != "count"}], "curve.count"),
        ([GOOD, {("more" if n == "count" else n): v for n, v in GOOD.items()}], "curve.'more'"),
        ([GOOD, GOOD | {"count": 1.0}], "curve.count"),
        ([GOOD, GOOD | {"share": 1}], "curve.share"),
        ([GOOD, GOOD | {"count": LARGEST}], "curve.count"),
    ],
)
def test_rows_are_checked_by_column(rows, named):
    with pytest.raises(RecordError) as caught:
        check_rows("curve", rows, TYPES)
    assert named in str(caught.value)


def test_good_rows_and_items_pass():
    check_rows("curve", [], TYPES)
    check_rows("curve", [GOOD, GOOD | {"share": 0.5}], TYPES)
    check_items("drops", (x for x in (0.5, 0.25)), frozenset({float}))
    check_items("drops", [], frozenset({float}))


@pytest.mark.parametrize("values", [[0.5, 1], [True], [None], ["0.5"]])
def test_items_of_another_type_are_refused(values):
    with pytest.raises(RecordError, match="drops must be float throughout"):
        check_items("drops", values, frozenset({float}))
