"""The rows of a record's lists are held against their declarations."""

import dataclasses

import pytest
from reference.staged import SPANS, STAGES
from sgbench.results import rows
from sgbench.results.files.schema import RecordError


def lists(**changes):
    found = {
        "drops": [0.6],
        "evaluate_at": None,
        "progression": [],
        "curve": [],
        "pipeline": [dataclasses.asdict(row) for row in STAGES],
        "timeline": [dataclasses.asdict(span) for span in SPANS],
    }
    return found | changes


def test_rows_as_they_are_declared_pass():
    rows.check_lists(lists())
    rows.check_lists(lists(pipeline=[], timeline=[], evaluate_at=[0.5]))


@pytest.mark.parametrize(
    ("name", "key", "value", "words"),
    [
        ("pipeline", "busy", 1, "busy"),  # an integer is no share
        ("pipeline", "stage", 0.5, "stage"),
        ("pipeline", "staleness", "1", "staleness"),
        ("timeline", "start", None, "start"),
        ("timeline", "kind", "sleeping", "timeline.kind='sleeping' must be one of forward"),
    ],
)
def test_a_wrong_value_in_a_row_is_named(name, key, value, words):
    wrong = lists()
    wrong[name][0] |= {key: value}
    with pytest.raises(RecordError, match=words):
        rows.check_lists(wrong)


def test_a_row_has_all_its_fields_and_no_other():
    for change in ("left out", "added"):
        wrong = lists()
        if change == "added":
            wrong["pipeline"][1]["mood"] = 1.0
        else:
            del wrong["pipeline"][1]["dropped"]
        with pytest.raises(RecordError):
            rows.check_lists(wrong)


def test_fractions_are_numbers():
    with pytest.raises(RecordError, match="drops"):
        rows.check_lists(lists(drops=[1]))
