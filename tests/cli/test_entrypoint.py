"""What holds for every verb: help, versions, errors as one line, what is imported."""

import json
import os
import re
import shlex
import subprocess
import sys

import pytest
from sgbench.bench.errors import DataError, StoreError
from sgbench.cli import main

VERBS = (
    [],
    *([name] for name in main.commands),
    ["data", "list"],
    ["data", "fetch"],
    ["data", "verify"],
    ["list", "records"],
)
HEAVY = (
    "torch",
    "pandas",
    "numpy",
    "scipy",
    "matplotlib",
    "dask",
    "distributed",
    "rich",
    "PIL",
    "optuna",
)


def loaded(arguments, tmp_path, code=0):
    """The heavy modules that a command line leaves imported, in a fresh process without data.

    Reading CIFAR-10 for the first time would decode images.
    """
    script = (
        "import sys, json\n"
        "from sgbench.cli import main\n"
        "try:\n    main(json.loads(sys.argv[1]))\n"
        "except SystemExit as end:\n    code = end.code\n"
        f"found = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "print('\\n' + json.dumps([code, found]))"
    )
    command = [sys.executable, "-c", script, json.dumps([str(a) for a in arguments])]
    places = dict.fromkeys(("SGBENCH_DATA", "XDG_CACHE_HOME"), tmp_path)
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, **places},
        capture_output=True,
        text=True,
        check=True,
    )
    end, found = json.loads(done.stdout.splitlines()[-1])
    assert end == code, done.stderr
    return set(found)


def test_help_imports_nothing_heavy(tmp_path):
    lines = [json.dumps([*verb, "--help"]) for verb in VERBS]
    script = (
        "import sys, json\n"
        "from sgbench.cli import main\n"
        f"for line in {lines!r}:\n"
        "    try:\n        main(json.loads(line))\n"
        "    except SystemExit as end:\n        assert end.code == 0, line\n"
        f"print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == []


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_help_has_examples(sgbench, verb):
    text = sgbench(*verb, "--help").stdout
    assert "Examples:" in text
    assert f"  sgbench {' '.join(verb)}".rstrip() in text


def examples():
    """Every example command of every help, as words."""
    groups = [main, *(verb for verb in main.commands.values() if hasattr(verb, "commands"))]
    verbs = [verb for group in groups for verb in (group, *group.commands.values())]
    for verb in dict.fromkeys(verbs):
        for line in verb.epilog.splitlines():
            if line.startswith("  sgbench "):
                command = re.split(r" \| | >> |  +", line.strip())[0]
                yield shlex.split(command)[1:]


@pytest.mark.parametrize("words", list(examples()), ids=" ".join)
def test_the_examples_of_the_help_are_well_formed(words, tmp_path, monkeypatch, make):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_rule.py").write_text(make.own_rule("my_rule"))
    verb, (name, *rest) = main, words
    while hasattr(verb, "commands") and name in verb.commands:
        verb, name, rest = verb.commands[name], *(rest[:1] or [""]), rest[1:]
    arguments = [word for word in (name, *rest) if word]
    with verb.make_context(verb.name, arguments, obj=[]):
        pass  # unknown options, words that are no choice and missing arguments raise


def test_help_describes_each_verb_in_a_whole_sentence(sgbench):
    text = " ".join(sgbench("--help").stdout.split())
    assert "..." not in text.replace("[ARGS]...", "")
    for name, verb in main.commands.items():
        (first, *_) = verb.help.split("\n\n")
        assert f" {name} {' '.join(first.split())}" in text


@pytest.mark.parametrize(
    ("line", "argument", "remedy"),
    [
        ("statsu table1", "'statsu'", "'status'"),
        ("data verfy", "'verfy'", "'verify'? (see sgbench data --help)"),
        ("xyz", "'xyz'", "list, run, status"),
        ("run table1 --scal demo", "'--scal'", "'--scale'"),
        ("run table1 --devic cpu", "'--devic'", "'--device'"),
        ("run", "'EXHIBIT'", "(see sgbench run --help)"),
        ("run table1 --seeds two", "'--seeds'", "integer"),
        ("show 12 34", "(34)", "(see sgbench show --help)"),
    ],
)
def test_usage_is_one_line(refused, line, argument, remedy):
    told = refused(*line.split())
    assert argument in told
    assert remedy in told


@pytest.mark.parametrize("error", [DataError("no data\nat all"), StoreError("no room")])
def test_an_error_is_one_line_with_its_exit_code(refused, monkeypatch, error):
    def fail(*arguments):
        raise error

    monkeypatch.setattr("sgbench.bench.datasets.names", fail)
    assert refused("data", "list", code=error.exit_code) == " ".join(str(error).split())


def test_a_mistake_of_ours_is_one_line_and_no_regression(refused, monkeypatch):
    monkeypatch.setattr("sgbench.bench.datasets.names", lambda: 1 / 0)
    line = refused("data", "list", code=70)
    assert (
        line == "internal error: ZeroDivisionError: division by zero (SGBENCH_DEBUG=1 shows where)"
    )


def test_a_mistake_of_ours_has_a_traceback_where_asked_for(sgbench, monkeypatch):
    monkeypatch.setattr("sgbench.bench.datasets.names", lambda: 1 / 0)
    done = sgbench("data", "list", SGBENCH_DEBUG="1")
    assert done.exit_code == 70
    assert "Traceback" in done.stderr


def test_an_interrupt_is_one_line(sgbench, monkeypatch):
    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setattr("sgbench.bench.datasets.names", interrupt)
    done = sgbench("data", "list")
    assert (done.exit_code, done.stderr.strip()) == (130, "sgbench: interrupted")


@pytest.mark.parametrize("line", [["list"], ["list", "--json"]])
def test_a_reader_that_goes_away_is_no_error(start, line):
    process = start(*line)
    process.stdout.close()
    assert process.wait(30) == 141
    assert process.stderr.read() == ""


def test_reading_verbs_do_not_import_torch(store, make, tmp_path):
    for cell in make.cells:
        store.put(make.record(cell, machine_class=make.here(store)))
    one = make.record(make.cells[0]).id
    given = ["--store", store.path]
    lines = {
        "list": ["list"],
        "data": ["data", "list"],
        "status": ["status", "table1", *given],
        "dry run": ["run", "table1", "--dry-run", "--device", "cpu", *given],
        "nothing to run": ["run", "table1", "--device", "cpu", *given],
        "show": ["show", one, *given],
        "export": ["export", "--format", "jsonl", "-", *given],
    }
    for name, line in lines.items():
        assert loaded(line, tmp_path) <= {"numpy", "rich"}, name  # rich prints tables
    tables = {"numpy", "pandas", "scipy", "matplotlib", "PIL", "rich"}
    assert loaded(["report", "table1", "--format", "md,csv,tex", *given], tmp_path) <= tables
    assert loaded(["export", "--format", "csv", "-", *given], tmp_path) <= tables


def test_a_dry_run_with_known_times_does_not_import_torch(store, make, tmp_path):
    for cell in make.cells:
        if cell.seed == 0:
            store.put(make.record(cell, machine_class=make.here(store)))
    line = ["run", "table1", "--dry-run", "--device", "cpu", "--store", store.path]
    assert loaded(line, tmp_path) <= {"numpy"}


@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_a_closed_stream_goes_nowhere(start, store, closed):
    line = ("report", "table1", "--format", "md", "--store", store.path)
    number = {"stdout": 1, "stderr": 2}[closed]
    process = start(*line, preexec_fn=lambda: os.close(number))
    output, errors = process.communicate(timeout=100)
    assert process.returncode == 0, errors
    assert "internal error" not in errors
    assert ("cells: 0 of 162 run" in output) == (closed == "stderr")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_output_that_has_no_room_is_one_line(start, store):
    with open("/dev/full", "w") as full:
        process = start("status", "table1", "--store", store.path, stdout=full)
        _, errors = process.communicate(timeout=100)
    assert (process.returncode, errors.count("\n")) == (5, 1)
    assert errors == "sgbench: the output cannot be written: No space left on device\n"


def test_what_an_encoding_lacks_is_a_question_mark(start):
    process = start("tune", "--help", env={"PYTHONIOENCODING": "latin1"})
    output, errors = process.communicate(timeout=100)
    assert (process.returncode, errors) == (0, "")
    assert "?" in output
