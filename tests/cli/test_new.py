"""`sgbench new`: a rule that runs at once, and names and places that cannot be."""

import ast
import dataclasses
import re

import pytest
from sgbench.bench import registry
from sgbench.bench.contract import Rule


@pytest.mark.parametrize("model", ["none", "M"])
def test_the_template_passes_its_checks(sgbench, tmp_path, model):
    done = sgbench("new", "rule", "my_first", "--model", model)
    assert done.exit_code == 0, done.output
    assert "sgbench check my_first.py" in done.stdout
    checked = sgbench("check", "my_first.py")
    assert checked.exit_code == 0, checked.output
    assert "✗" not in checked.stdout
    text = (tmp_path / "my_first.py").read_text()
    assert "my_rule" not in text
    assert len(text.splitlines()) < 100


def test_the_template_trains_its_cells_of_table_1(sgbench, store):
    sgbench("new", "rule", "mine")
    where = ("--where", "rule=mine,network=fcn,depth=3", "--set", "iterations=20")
    given = ("--seeds", "1", "--jobs", "1", "--device", "cpu", "--store", store.path)
    done = sgbench("run", "table1", "--rule-file", "mine.py", *where, *given)
    assert done.exit_code == 0, done.output
    (record,) = store.scan()
    assert (record.rule, record.status) == ("mine", "ok")
    assert record.hyperparameters == {"feedback_scale": 1.0}


def test_the_template_explains_every_field_of_a_rule(sgbench, tmp_path):
    sgbench("new", "rule", "mine")
    text = (tmp_path / "mine.py").read_text()
    (call,) = (
        node.value
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign) and node.targets[0].id == "RULE"
    )
    assert [k.arg for k in call.keywords] == [one.name for one in dataclasses.fields(Rule)]
    lines = text.splitlines()
    assert all("#" in lines[keyword.lineno - 1] for keyword in call.keywords)


def test_new_rules_have_colours_of_their_own(sgbench, tmp_path):
    for name in ("mine", "other", "third"):
        sgbench("new", "rule", name)
    found = {
        re.search(r'color="(#\w{6})"', (tmp_path / f"{name}.py").read_text())[1]
        for name in ("mine", "other", "third")
    }
    assert len(found) > 1


def test_the_file_is_put_where_it_is_wanted(sgbench, tmp_path):
    (tmp_path / "rules").mkdir()
    assert sgbench("new", "rule", "mine", "--out", "rules").exit_code == 0
    name = registry.RULES.add_file(str(tmp_path / "rules" / "mine.py"), "--rule-file")
    assert registry.RULES.declared(name).label == "mine"
    registry.RULES.remove(name)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("My_Rule", "small letters"),
        ("2nd", "a letter first"),
        ("a-b", "underscores"),
        ("../evil", "small letters"),
        ("dni", "sgbench's own"),
        ("torch", "Python package"),
        ("json", "Python package"),
        ("class", "Python's own"),
    ],
)
def test_names_that_cannot_be(refused, tmp_path, name, words):
    said = refused("new", "rule", name)
    assert words in said
    assert name in said
    assert list(tmp_path.glob("*.py")) == []


def test_nothing_is_overwritten(refused, tmp_path):
    (tmp_path / "mine.py").write_text("kept")
    said = refused("new", "rule", "mine")
    assert "mine.py is there already" in said
    assert "NAME" in said
    assert (tmp_path / "mine.py").read_text() == "kept"


def test_a_folder_that_is_not_there(refused):
    said = refused("new", "rule", "mine", "--out", "nowhere")
    assert re.search(r"--out nowhere.*folder", said)


def test_another_kind(refused):
    assert "rule" in refused("new", "exhibit", "mine")
