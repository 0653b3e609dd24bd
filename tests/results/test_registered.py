"""Records of rules that are not registered here: they stay readable, and are left out by name."""

import dataclasses
import json

import pytest
from sgbench.bench.errors import UsageError
from sgbench.results.record import Record, json_line
from sgbench.results.registered import left_out, missing


@pytest.fixture
def stranger(make, own_rule):
    """A record of a rule from a file that is gone."""
    with own_rule() as rule:
        return make.record(make.own_cell(rule, strength=2.0))


def test_the_packages_own_records_are_known(make):
    record = make.record()
    assert record.known
    assert (missing(record), record.rule_source, record.dataset_source) == (None, None, None)


def test_a_record_is_known_while_its_rule_is_registered(make, own_rule):
    with own_rule() as rule:
        record = make.record(make.own_cell(rule, strength=2.0))
        assert record.known
        assert record.cell == make.own_cell(rule, strength=2.0)
        assert len(record.rule_source) == 16
    assert not record.known


def test_the_record_of_an_unregistered_rule_reads_and_names_the_remedy(stranger):
    assert Record.from_dict(json.loads(json_line(stranger))) == stranger
    with pytest.raises(UsageError) as caught:
        _ = stranger.cell
    for word in (stranger.id, "rule mine", "--rule-file"):
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unregistered_data_set_is_named_too(make):
    record = dataclasses.replace(make.record(), dataset="fashion", dataset_source="0" * 16)
    assert not record.known
    with pytest.raises(UsageError, match=r"fashion.*--dataset-file"):
        _ = record.cell


def test_a_record_of_other_source_is_not_known(make, own_rule, stranger):
    with own_rule(comment="# changed since\n") as rule:
        assert not stranger.known
        assert "has changed" in missing(stranger)
        assert make.record(make.own_cell(rule, strength=2.0)).id != stranger.id
    with own_rule():
        assert stranger.known


def test_what_is_left_out_is_counted_once_a_rule(make, stranger):
    other = dataclasses.replace(stranger, rule="yours")
    lines = left_out([stranger, make.record(), other, stranger], "record")
    assert len(lines) == 2
    assert lines[0].startswith("2 records")
    assert lines[1].startswith("1 record ")
    for rule, line in zip(("mine", "yours"), lines, strict=True):
        assert rule in line
        assert "--rule-file" in line
    assert left_out([make.record()], "record") == []
