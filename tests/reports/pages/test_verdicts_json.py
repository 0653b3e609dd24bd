"""Verdicts as JSON: every one, with its evidence, as the docstring describes it."""

import json
import random
import re

import pytest
from sgbench.reports.pages import verdicts_json
from sgbench.reports.pages.exhibit import build
from sgbench.reproductions.exhibits.exhibit import expand


def near(table1, make):
    """Records at the paper's scale that hit its numbers."""
    cells = [c for c in expand(table1, "paper") if c.dataset == "mnist" and c.network == "fcn"]
    known = [(c, table1.number(c)) for c in cells]
    return [
        make.record(c, number.value + 0.05 * (c.seed - 1), scale="paper")
        for c, number in known
        if number is not None  # as of top_only
    ]


@pytest.fixture
def written(table1, make):
    return build(table1, "paper", near(table1, make), ("json",)).files["table1-paper.json"]


def test_every_place_and_claim_is_there_with_its_evidence(written, table1, make):
    found = json.loads(written)
    assert found["format"] == verdicts_json.FORMAT
    of = {"place": [], "intermediate": [], "claim": []}
    for one in found["verdicts"]:
        of[one["kind"]].append(one)
    known = [one for one in of["place"] if one["in_table"] and one["paper"] is not None]
    assert len(known) == 48
    assert {one["paper"] for one in of["place"] if one["where"]["rule"] == "top_only"} == {None}
    assert len(of["intermediate"]) == 7
    assert len(of["claim"]) == 17
    wanted = {"dataset": "mnist", "network": "fcn", "depth": 4, "rule": "cdni", "sg_layers": 0}
    (one,) = [one for one in of["place"] if one["where"] == wanted]
    assert (one["verdict"], one["paper"], one["grade"], one["margin"]) == (
        "reproduced", 1.9, "T", 0.3,
    )  # fmt: skip
    assert one["estimate"] == pytest.approx(1.9)
    assert one["low95"] < 1.9 < one["high95"]
    assert [run["seed"] for run in one["runs"]] == [0, 1, 2]
    ids = {record.id for record in near(table1, make)}
    assert {run["record"] for run in one["runs"]} <= ids
    assert found["made"][0]["records"] == len(ids)


def test_keys_are_those_of_the_docstring_and_nothing_else(written):
    described = verdicts_json.__doc__.partition("always in this order")[2]
    lines = re.findall(r"^    (\w+(?:, \w+)*)  ", described, re.M)
    names = [name for line in lines for name in line.split(", ")]
    for one in json.loads(written)["verdicts"]:
        assert list(one) == names


def test_the_order_of_records_changes_no_byte(written, table1, make):
    records = near(table1, make)
    random.Random(1).shuffle(records)
    assert build(table1, "paper", records, ("json",)).files["table1-paper.json"] == written
