"""`sgbench gate`: what it refuses, what it compares without running, its exit codes and files."""

import dataclasses
import json
import subprocess
import xml.etree.ElementTree as ET

import pytest
from gate.builds import checkout
from sgbench.reproductions.exhibits import exhibit as exhibits
from sgbench.reproductions.exhibits.where import parse_where
from sgbench.results.comparison.verdict import Finding
from sgbench.results.store.store import Store

FOUND = Finding(name="x", kind="speed", verdict="pass", words="within 1.05", estimate=1.0, n=7)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "give one of --baseline, --records and --pytest-benchmark"),
        ("--baseline HEAD --records a b", "give one of --baseline, --records"),
        ("--baseline nothing-like-it", "--baseline nothing-like-it is"),
        ("--baseline HEAD --speed-factor 1", "--speed-factor 1 must be above 1"),
        ("--baseline HEAD --speed-factor nan", "--speed-factor nan must be above 1"),
        ("--baseline HEAD --budget soon", "'soon' is no time"),
        ("--baseline HEAD --exhibit tabel1", "did you mean 'table1'?"),
        ("--baseline HEAD --exhibit ,", "--exhibit names none"),
        ("--baseline HEAD --device gpu", "gpu"),
        ("--records a b", "--records a is no folder"),
        ("--records a b --budget 3m", "--budget goes with --baseline"),
        ("--records a b --allow-dirty", "--allow-dirty goes with --baseline"),
        ("--pytest-benchmark a b", "a"),
    ],
)
def test_bad_input_is_one_line(refused, line, words):
    assert words in refused("gate", *line.split())


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        (["pass", "pass"], 0),
        (["pass", "incomparable"], 0),
        (["pass", "inconclusive"], 3),
        (["incomparable"], 3),
        (["regression", "inconclusive"], 1),
        (["changed", "pass"], 1),
        ([], 3),
    ],
)
def test_exit_codes(sgbench, monkeypatch, verdicts, code):
    findings = [dataclasses.replace(FOUND, verdict=verdict) for verdict in verdicts]
    monkeypatch.setattr("sgbench.reproductions.gate.gate.gate", lambda request, say: findings)
    assert sgbench("gate", "--baseline", "HEAD").exit_code == code


def test_options_reach_the_gate(sgbench, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "sgbench.reproductions.gate.gate.gate", lambda r, say: asked.append(r) or []
    )
    line = "--baseline v1 --candidate x --exhibit table1,deep --speed-factor 1.1 --budget 3m"
    sgbench("gate", *line.split(), "--allow-dirty", "--device", "cpu")
    (request,) = asked
    assert dataclasses.asdict(request) == {
        "baseline": "v1",
        "candidate": "x",
        "exhibits": ("table1", "deep"),
        "speed_factor": 1.1,
        "budget": 180.0,
        "allow_dirty": True,
        "device": "cpu",
    }


def test_json_and_junit(sgbench, monkeypatch, tmp_path):
    bad = dataclasses.replace(FOUND, name="<y>", verdict="regression", words="slower & worse")
    monkeypatch.setattr("sgbench.reproductions.gate.gate.gate", lambda request, say: [FOUND, bad])
    done = sgbench("gate", "--baseline", "HEAD", "--json", "--junit", "gate.xml")
    assert [json.loads(line)["name"] for line in done.stdout.splitlines()] == ["x", "<y>"]
    assert done.stderr == "wrote gate.xml\n"
    cases = ET.parse(tmp_path / "gate.xml").getroot().findall(".//testcase")
    assert [case.get("name") for case in cases] == ["x", "<y>"]
    assert cases[1].find("failure") is not None


@pytest.mark.parametrize(("verdict", "code"), [(FOUND.verdict, 2), ("regression", 1)])
def test_junit_that_cannot_be_written_costs_no_verdict(
    sgbench, monkeypatch, tmp_path, verdict, code
):
    (tmp_path / "file").write_text("")
    found = dataclasses.replace(FOUND, verdict=verdict)
    monkeypatch.setattr("sgbench.reproductions.gate.gate.gate", lambda request, say: [found])
    done = sgbench("gate", "--baseline", "HEAD", "--junit", "file/gate.xml")
    assert done.exit_code == code
    assert done.stderr.startswith("sgbench: --junit file/gate.xml cannot be written: ")
    assert found.name in done.stdout


@pytest.fixture
def filled(make, tmp_path):
    """Return a function that puts two seeds of a cell into a store."""

    def fill(name, **changes):
        where = parse_where(["network=fcn,depth=3,rule=dni,sg_layers=0"])
        for cell in exhibits.expand(exhibits.load("table1"), "demo", {}, 2, where):
            Store(tmp_path / name).put(make.record(cell, **changes))

    return fill


def test_two_stores(sgbench, filled):
    filled("a")
    filled("b")
    done = sgbench("gate", "--records", "a", "b")
    assert done.exit_code == 3  # the same results, and two rates are too few for a verdict on speed
    assert "identical bit for bit, 2 seeds" in done.stdout
    assert "too few samples" in done.stdout
    filled("b", error_rate=40.0)
    done = sgbench("gate", "--records", "a", "b")
    assert done.exit_code == 1
    assert "REGRESSION" in done.stdout


def test_two_stores_with_nothing_comparable(sgbench, filled, tmp_path):
    filled("a")
    (tmp_path / "b").mkdir()
    done = sgbench("gate", "--records", "a", "b")
    assert done.exit_code == 3
    assert "the candidate has no record of it" in done.stdout
    for name in ("c", "d"):
        (tmp_path / name).mkdir()
    done = sgbench("gate", "--records", "c", "d")
    assert (done.exit_code, done.stdout) == (3, "nothing to compare\n")


@pytest.mark.slow
def test_a_checkout_against_itself(start, tmp_path):
    """All of it once: identical results, and a budget that is spent before speed is decided."""
    folder = checkout(tmp_path / "clone")
    line = "--baseline HEAD --exhibit bp_lambda --budget 90s --json --junit gate.xml"
    process = start("gate", *line.split(), cwd=folder, stdout=subprocess.PIPE)
    out, err = process.communicate(timeout=600)
    findings = [json.loads(line) for line in out.splitlines()]
    kinds = {finding["kind"]: finding for finding in findings}
    assert kinds["correctness"]["words"] == "identical bit for bit, 1 seed"
    assert kinds["speed"]["n"] >= 1
    assert process.returncode in (0, 3)
    assert "gate: baseline HEAD (" in err
    assert (folder / "gate.xml").exists()
