"""Every command of README and docs does what the page says, in a temporary store.

Long runs are told to do less: `run` with --dry-run, `tune` and `time` with a little of it. DATA is
the folder that SGBENCH_DATA names. What cannot be run here is in NOT_RUN with the reason, and
still must be a command that sgbench understands.
"""

import glob
import os
import re
import shutil
import subprocess
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from generate import ROOT, pages
from sgbench.bench import hardware
from sgbench.bench.nn import products
from sgbench.cli import main
from sgbench.reproductions.running import dry_run
from sgbench.results.store import backend_choice
from sgbench.results.store.published import PUBLISHED, open_published
from sgbench.results.store.store import Store

from reference.pages import blocks, in_prose, untagged, words

PAGES = {path: str(path.relative_to(ROOT)) for path in pages()}
BLOCKS = [block for path, name in PAGES.items() for block in blocks(path, name)]
SHELL = [block for block in BLOCKS if block.tag == "sh"]
PROSE = [found for path, name in PAGES.items() for found in in_prose(path, name)]
DATA = os.environ.get("SGBENCH_DATA")
NOT_RUN = {
    r"^(pip|python -m pip) ": "installs packages",
    r"^dask ": "starts a server; tests/reproductions/running has its workers",
    r"^optuna-dashboard ": "another program",
    r"^export ": "of the shell",
    r"^make (test|docs|setup|demo|bench)": "CI runs it; `make -n` says that it is there",
    r"^sgbench run .*--scheduler": "needs a scheduler; tests/reproductions/running has one",
    r"^sgbench gate ": "CI runs it; tests/cli/test_gate.py has its options",
    r"^sgbench data fetch": "downloads",
    r"^(SGBENCH_\w+=\S+ )*(pytest|python -m pytest) ": "collected only",
    r"^(cd tests && )?python (-m benchmarks|tests/benchmarks)": "measures for minutes",
}
SLOW = re.compile(r"^sgbench (check|tune|time|new rule)|--rule-file|report (all|tune|throughput)")
LIMITS = {
    "run": ("--dry-run", "--device", "cpu"),
    "tune": ("--time-limit", "1s", "--jobs", "1", "--device", "cpu"),
    "time": ("--rounds", "1", "--device", "cpu"),
}
PLACEHOLDERS = ("ID", "NAME", "COMMAND", "EXHIBIT", "FILE", "DIR", "HOST", "…")


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """Runs a command in a folder that has what a reader has: examples, records, two old parts."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "examples", "examples")
    for file in Path("examples").glob("*.*"):
        shutil.copyfile(file, file.name)
    for name in (".sgbench", "my-store", "part-1", "part-2"):
        store = Store(tmp_path / name)
        for record in [r for r in open_published().scan() if r.exhibit == "bp_lambda"][:2]:
            store.put(record)
        for study in PUBLISHED.glob("mnist-*.study.json"):
            (store.path / "studies").mkdir(exist_ok=True)
            shutil.copyfile(study, store.path / "studies" / study.name)
        values = {"torch": hardware.torch_release(), "matmul": products.available()[0]}
        backend_choice.write(store, hardware.device_model("cpu"), values | {"matmul_error": 1e-7})
    known = open_published()
    monkeypatch.setattr(dry_run, "_timed", lambda *_: dict.fromkeys(_[3], 0.01))
    identity = next(r.id for r in known.scan() if r.exhibit == "bp_lambda")

    def run(command):
        arguments = words(command.replace(" DATA", f" {DATA}").replace(" ID", f" {identity}"))
        verb = arguments[1] if len(arguments) > 1 else ""
        arguments = [w for word in arguments for w in (sorted(glob.glob(word)) or [word])]
        limits = LIMITS.get(verb, ())
        done = CliRunner().invoke(main, [*arguments[1:], *limits], input="n\n")
        allowed = {"tune": (0, 3), "prune": (0, 1)}.get(verb, (0,))
        assert done.exit_code in allowed, f"{command}\n{done.output}\n{done.exception!r}"

    return run


def reason(command):
    return next((why for pattern, why in NOT_RUN.items() if re.search(pattern, command)), None)


def needs_data(command):
    return " DATA" in command


def parsed(command):
    """Raise click's error where sgbench has no such verb or option."""
    arguments = [w.replace("DATA", ".") for w in words(command)[1:]]
    context = click.Context(main, info_name="sgbench")
    name, verb, rest = main.resolve_command(context, arguments)
    group = verb
    while isinstance(group, click.Group) and rest and group.get_command(context, rest[0]):
        name, group, rest = group.resolve_command(click.Context(group, parent=context), rest)
    options = {option for p in group.params for option in (*p.opts, *p.secondary_opts)}
    for word in rest:
        option = word.split("=")[0]
        if option.startswith("--") and option != "--help":
            assert option in options, f"{command}: {name} has no {option}"


def test_there_are_commands():
    assert len(SHELL) > 10
    assert len(PROSE) > 10


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_fences_with_commands_are_tagged(block):
    assert not untagged(block), f"{block}: tag the fence `sh`"


@pytest.mark.parametrize(("at", "command"), PROSE, ids=[at for at, _ in PROSE])
def test_commands_in_prose_are_understood(at, command):
    if not any(re.search(rf"\b{name}\b", command.split()[1]) for name in PLACEHOLDERS):
        parsed(command)


def _marks(block):
    slow = any(SLOW.search(command) for command in block.commands)
    return pytest.param(block, id=str(block), marks=[pytest.mark.slow] if slow else [])


@pytest.mark.parametrize("block", [_marks(block) for block in SHELL])
def test_commands_do_what_the_page_says(block, shell):
    left_out = {}
    for command in block.commands:
        why = reason(command)
        if why is None and needs_data(command) and not DATA:
            why = "needs SGBENCH_DATA"
        if command.startswith("sgbench "):
            parsed(command)
        elif command.startswith("make "):
            target = words(command)[1]
            done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, check=False)
            assert done.returncode == 0, done.stderr
        elif why is None:
            pytest.fail(f"{block}: neither sgbench nor make, and not in NOT_RUN: {command}")
        if "pytest " in command:
            _collected(command)
        if why is not None:
            left_out[command] = why
        elif command.startswith("sgbench "):
            shell(command)
    if len(left_out) == len(block.commands):
        pytest.skip("; ".join(dict.fromkeys(left_out.values())))


def _collected(command):
    """Ask pytest for the tests that a command names."""
    files = [word for word in words(command) if word.startswith("tests/")]
    assert files or "-m slow" in command, command
    for file in files:
        assert (ROOT / file.split("::")[0]).exists(), f"{command}: no {file}"
