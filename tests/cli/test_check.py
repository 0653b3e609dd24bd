"""`sgbench check`: a line a check, JSON, and exit codes."""

import json

import pytest

RULE = """
from sgbench.bench.contract import Rule
from sgbench.bench.rules.no_bprop import step
RULE = Rule(name="mine", label="mine", sentence="s", color="#123456", families=("feedforward",),
            version=1, source="a test", frozen_below=FROZEN, expected_failures=EXPECTED)
"""


@pytest.fixture
def write(tmp_path):
    def call(frozen="all", expected=None):
        text = RULE.replace("FROZEN", repr(frozen)).replace("EXPECTED", repr(expected or {}))
        (tmp_path / "mine.py").write_text(text)

    return call


def test_what_holds(sgbench, write):
    write()
    done = sgbench("check", "mine.py")
    assert done.exit_code == 0, done.output
    assert done.stderr == ""
    first, *lines, last = done.stdout.splitlines()
    assert first == "rule mine"
    assert {line[0] for line in lines} == {"✓", "–"}  # noqa: RUF001
    assert " hold" in last
    assert "do not apply" in last


def test_what_fails(sgbench, write):
    write(frozen=0)  # the hidden layers are said to learn, and get no gradient
    done = sgbench("check", "mine.py")
    assert done.exit_code == 1
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("✗"))
    assert "writes_gradients" in line
    assert "hidden0.weight" in line
    assert "1 fail" in done.stdout.splitlines()[-1]


def test_what_is_declared_to_fail(sgbench, write):
    write(frozen=0, expected={"writes_gradients": "the hidden layers stay as they are"})
    done = sgbench("check", "mine.py")
    assert done.exit_code == 0
    assert "stay as they are" in done.stdout
    assert "1 fail as declared" in done.stdout


def test_json(sgbench, write):
    write(frozen=0)
    done = sgbench("check", "mine.py", "--json")
    assert done.exit_code == 1
    rows = list(map(json.loads, done.stdout.splitlines()))
    assert {row["kind"] for row in rows} == {"rule"}
    assert {row["name"] for row in rows} == {"mine"}
    verdicts = {row["check"]: row["verdict"] for row in rows}
    assert verdicts["writes_gradients"] == "fails"
    assert verdicts["replicas"] == "holds"
    assert all(row["words"] for row in rows)


def test_a_data_set(sgbench):
    done = sgbench("check", "digits")
    assert done.exit_code == 0
    assert done.stdout.startswith("dataset digits\n")


def test_what_cannot_be_loaded(refused, tmp_path):
    (tmp_path / "broken.py").write_text("RULE = 1 / 0\n")
    said = refused("check", "broken.py")
    assert "broken.py" in said
    assert "line 1: RULE = 1 / 0: ZeroDivisionError" in said
    assert "nowhere.py" in refused("check", "nowhere.py")


def test_data_that_is_not_there(refused, tmp_path):
    said = refused("check", "mnist", "--data-dir", tmp_path)
    assert "mnist" in said
