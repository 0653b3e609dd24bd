"""Rules and datasets in files of the user's own: `--rule-file`, `--dataset-file`."""

import json
import os

import pytest
from sgbench.bench.registry import DATASETS, RULES

ONE = ("--jobs", "1", "--device", "cpu", "--seeds", "1")


@pytest.fixture
def rule(tmp_path, make):
    """The files of two rules that do what backprop does."""
    paths = []
    for name in ("mine", "other"):
        path = tmp_path / "rules" / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(make.own_rule(name))
        paths.append(path)
    return paths


def cells(done):
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)["cells"]


def test_a_rule_s_name_is_known_to_where(sgbench, rule):
    given = ("status", "table1", "--where", "rule=mine,depth=3", "--json")
    assert cells(sgbench(*given, "--rule-file", rule[0])) > 0
    refused = sgbench(*given)
    assert refused.exit_code == 2
    assert "--rule-file" in refused.stderr


def test_several_rules_come_by_option_or_environment(sgbench, rule):
    given = ("status", "table1", "--where", "rule=mine,other,depth=3", "--json")
    options = [word for path in rule for word in ("--rule-file", path)]
    number = cells(sgbench(*given, *options))
    joined = os.pathsep.join(map(str, rule))
    assert cells(sgbench(*given, SGBENCH_RULE_FILES=joined)) == number


def test_nothing_of_it_is_left_behind(sgbench, rule):
    before = RULES.names(), DATASETS.names()
    sgbench("list", "--rule-file", rule[0])
    assert (RULES.names(), DATASETS.names()) == before


def test_a_cell_is_trained_and_found_again(sgbench, store, rule):
    where = ("--where", "rule=mine,network=fcn,depth=3", "--set", "iterations=20")
    given = ("--store", store.path, "--rule-file", rule[0])
    done = sgbench("run", "table1", *where, *ONE, *given)
    assert done.exit_code == 0, done.output
    report = done.stdout.splitlines()[-1]
    assert report.endswith(f" --store {store.path} --rule-file {rule[0]}")
    assert " mine " in sgbench("list", "records", *given, "--where", "rule=mine").stdout
    (record,) = store.scan()
    assert sgbench("show", record.id, *given).exit_code == 0
    assert sgbench("status", "--stale", *given).stdout.startswith("0 of 1")


def test_records_of_a_rule_that_is_not_here_are_listed(sgbench, store, rule, make):
    where = ("--where", "rule=mine,network=fcn,depth=3", "--set", "iterations=20")
    given = ("--store", store.path)
    assert sgbench("run", "table1", *where, *ONE, *given, "--rule-file", rule[0]).exit_code == 0
    (line,) = sgbench("list", "records", *given).stdout.splitlines()[2:]
    assert " digits fcn 3 mine seed 0 " in line
    values = json.loads(sgbench("list", "records", *given, "--json").stdout)
    assert values["rule"] == "mine"
    assert sgbench("export", "-", "--format", "jsonl", *given).exit_code == 0


@pytest.mark.parametrize("option", ["--rule-file", "--dataset-file"])
@pytest.mark.parametrize("verb", ["run table1", "status table1", "report table1", "time table1"])
def test_a_file_that_is_not_there_is_one_line(refused, option, verb):
    told = refused(*verb.split(), option, "nothing.py")
    assert f"{option} nothing.py" in told


@pytest.mark.parametrize(
    ("content", "words"), [("RULE = 1 / 0", "line 1"), ("x = 1", "RULE"), ("x =", "line 1")]
)
def test_a_file_that_is_no_rule_is_one_line(refused, tmp_path, content, words):
    (tmp_path / "broken.py").write_text(content)
    told = refused("run", "table1", "--rule-file", "broken.py")
    assert "broken.py" in told
    assert words in told
    told = refused("run", "table1", SGBENCH_RULE_FILES="broken.py")
    assert "SGBENCH_RULE_FILES" in told
