"""`sgbench gate`: what it refuses, what it compares without running, its exit codes and files."""

import dataclasses
import json
import subprocess
import xml.etree.ElementTree as ET

import pytest
from planted.checkouts import checkout
from sgbench.reproductions.exhibits import exhibit as exhibits
from sgbench.reproductions.exhibits.where import parse_where
from sgbench.results.statistics.gate_finding import GateFinding
from sgbench.results.store.store import Store

FOUND = GateFinding(name="x", kind="speed", verdict="pass", words="within 1.05", estimate=1.0, n=7)


def gate_gives(monkeypatch, *findings):
    """Have the gate find this; return what it was asked and how far it came."""
    heard = []

    def gate(request, say):
        heard.append(request)
        try:
            for finding in findings:
                say(f"deciding {finding.name}")
                yield finding
            heard.append("the end")
        finally:
            heard.append("closed")

    monkeypatch.setattr("sgbench.reproductions.gate.gate.gate", gate)
    return heard


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "give one of --baseline, --records and --pytest-benchmark"),
        ("--baseline HEAD --records a b", "give one of --baseline, --records"),
        ("--baseline=", "--baseline is empty"),
        ("--baseline HEAD --junit=", "--junit is empty"),
        ("--baseline nothing-like-it", "--baseline nothing-like-it is"),
        ("--baseline HEAD --speed-factor 1", "--speed-factor 1 must be above 1"),
        ("--baseline HEAD --speed-factor nan", "--speed-factor nan must be above 1"),
        ("--baseline HEAD --time-limit soon", "--time-limit"),
        ("--baseline HEAD --exhibit tabel1", "did you mean 'table1'?"),
        ("--baseline HEAD --exhibit ,", "--exhibit names none"),
        ("--baseline HEAD --device gpu", "gpu"),
        ("--records a b", "--records a is no store"),
        ("--records a b --time-limit 3m", "--time-limit goes with --baseline"),
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
    gate_gives(monkeypatch, *findings)
    assert sgbench("gate", "--baseline", "HEAD").exit_code == code


def test_options_reach_the_gate(sgbench, monkeypatch):
    heard = gate_gives(monkeypatch)
    line = "--baseline v1 --candidate x --exhibit table1,deep --speed-factor 1.1 --time-limit 3m"
    sgbench("gate", *line.split(), "--allow-dirty", "--device", "cpu")
    request = heard[0]
    assert dataclasses.asdict(request) == {
        "baseline": "v1",
        "candidate": "x",
        "exhibits": ("table1", "deep"),
        "speed_factor": 1.1,
        "time_limit": 180.0,
        "allow_dirty": True,
        "device": "cpu",
    }


def test_verdicts_are_printed_as_they_fall(sgbench, monkeypatch):
    slow = dataclasses.replace(FOUND, name="y", verdict="regression")
    heard = gate_gives(monkeypatch, FOUND, slow, FOUND)
    lines = sgbench("gate", "--baseline", "HEAD").output.splitlines()
    firsts = [line.split()[0] for line in lines if line]
    assert firsts[:6] == ["gate:", "pass", "gate:", "REGRESSION", "gate:", "pass"]
    assert lines[-1] == "1 regression, 2 pass"
    assert heard[1:] == ["the end", "closed"]


def test_fail_fast_ends_at_the_first_regression(sgbench, monkeypatch):
    slow = dataclasses.replace(FOUND, name="y", verdict="regression")
    heard = gate_gives(monkeypatch, FOUND, slow, FOUND)
    done = sgbench("gate", "--baseline", "HEAD", "--fail-fast", "--json")
    assert done.exit_code == 1
    assert [json.loads(line)["name"] for line in done.stdout.splitlines()] == ["x", "y"]
    assert heard[1:] == ["closed"]


def test_json_and_junit(sgbench, monkeypatch, tmp_path):
    bad = dataclasses.replace(FOUND, name="<y>", verdict="regression", words="slower & worse")
    gate_gives(monkeypatch, FOUND, bad)
    done = sgbench("gate", "--baseline", "HEAD", "--json", "--junit", "gate.xml")
    assert [json.loads(line)["name"] for line in done.stdout.splitlines()] == ["x", "<y>"]
    assert done.stderr.splitlines()[-1] == "wrote gate.xml"
    cases = ET.parse(tmp_path / "gate.xml").getroot().findall(".//testcase")
    assert [case.get("name") for case in cases] == ["x", "<y>"]
    assert cases[1].find("failure") is not None


@pytest.mark.parametrize(("verdict", "code"), [(FOUND.verdict, 2), ("regression", 1)])
def test_junit_that_cannot_be_written_costs_no_verdict(
    sgbench, monkeypatch, tmp_path, verdict, code
):
    (tmp_path / "file").write_text("")
    found = dataclasses.replace(FOUND, verdict=verdict)
    gate_gives(monkeypatch, found)
    done = sgbench("gate", "--baseline", "HEAD", "--junit", "file/gate.xml")
    assert done.exit_code == code
    assert "sgbench: --junit file/gate.xml" in done.stderr
    assert found.name in done.stdout


@pytest.fixture
def filled(make, tmp_path):
    """Return a function that puts seeds of a cell into a store."""

    def fill(name, seeds=2, place="network=fcn,depth=3,rule=dni,sg_layers=0", **changes):
        where = parse_where([place])
        for cell in exhibits.expand(exhibits.load("table1"), "demo", {}, seeds, where):
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


def test_two_stores_are_compared_on_their_common_cells(sgbench, filled):
    filled("a")
    filled("b", seeds=1)
    done = sgbench("gate", "--records", "a", "b")
    assert "identical bit for bit, 1 seed" in done.stdout
    assert "1 only in the first, 0 only in the second" in done.stderr


def test_two_stores_without_common_cells(sgbench, filled):
    filled("a")
    filled("b", place="network=fcn,depth=3,rule=dni,sg_layers=1")
    done = sgbench("gate", "--records", "a", "b")
    assert (done.exit_code, done.stdout) == (3, "nothing to compare\n")
    assert "2 only in the first" in done.stderr


def test_a_folder_that_is_no_store_is_named(refused, filled, tmp_path):
    filled("a")
    (tmp_path / "empty").mkdir()
    for path in ("typo", "empty"):
        told = refused("gate", "--records", "a", path)
        assert f"--records {path}" in told
        assert "sgbench run" in told


@pytest.mark.slow
def test_a_checkout_against_itself(start, tmp_path):
    """All of it once: identical results, and a time limit that comes before speed is decided."""
    folder = checkout(tmp_path / "clone")
    line = "--baseline HEAD --exhibit bp_lambda --time-limit 90s --json --junit gate.xml"
    process = start("gate", *line.split(), cwd=folder, stdout=subprocess.PIPE)
    out, err = process.communicate(timeout=600)
    findings = [json.loads(line) for line in out.splitlines()]
    kinds = {finding["kind"]: finding for finding in findings}
    assert kinds["correctness"]["words"] == "identical bit for bit, 1 seed"
    assert kinds["speed"]["n"] >= 1
    assert process.returncode in (0, 3)
    assert "gate: baseline HEAD (" in err
    assert (folder / "gate.xml").exists()
