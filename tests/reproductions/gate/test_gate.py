"""The gate as a whole: what it refuses before it runs anything, and what it leaves behind."""

import subprocess

import pytest
from planted.checkouts import ROOT, checkout
from sgbench.bench.errors import UsageError
from sgbench.reproductions.gate.gate import GateRequest, gate


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"exhibits": ()}, "--exhibit"),
        ({"exhibits": ("tabel1",)}, "table1"),
        ({"exhibits": ("./mine.toml",)}, r"--exhibit mine .*\[\[gate"),
        ({"speed_factor": 1.0}, "--speed-factor"),
        ({"device": "gpu"}, "gpu"),
        ({"baseline": "nothing-like-it"}, "--baseline nothing-like-it"),
    ],
)
def test_bad_input_is_refused(tmp_path, monkeypatch, changes, words):
    monkeypatch.chdir(tmp_path)
    package = (ROOT / "reproductions/exhibits/bp_lambda.toml").read_text()
    (tmp_path / "mine.toml").write_text(package[: package.index("[[gate]]")])
    with pytest.raises(UsageError, match=words):
        next(gate(GateRequest(**({"baseline": "HEAD"} | changes)), lambda _: None))


def test_a_gate_that_is_closed_early_removes_its_worktree(tmp_path, monkeypatch):
    folder = checkout(tmp_path / "clone")
    monkeypatch.chdir(folder)
    said = []
    findings = gate(GateRequest(baseline="HEAD", device="cpu", time_limit=1), said.append)
    assert next(findings).kind == "correctness"
    assert len(worktrees(folder)) == 2
    findings.close()
    assert len(worktrees(folder)) == 1
    assert said[0].startswith("baseline HEAD (")


def worktrees(folder):
    done = subprocess.run(
        ["git", "worktree", "list"], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()
