"""Functions of the Python API in an empty folder, without the caller's settings."""

import os
import subprocess
import sys
import textwrap

import pytest

TINY = {
    "where": {"network": "fcn", "depth": 3, "rule": "backprop"},
    "set": {"iterations": 20},
    "jobs": 1,
    "device": "cpu",
    "progress": False,
}


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("SGBENCH_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def process(tmp_path):
    """Run a script in a process of its own; return what it printed."""

    def call(text):
        script = tmp_path / "script.py"
        script.write_text(textwrap.dedent(text), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, str(script)], capture_output=True, text=True, check=False, cwd=tmp_path
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return call


@pytest.fixture
def tiny():
    """Options of a run of a moment."""
    return dict(TINY)
