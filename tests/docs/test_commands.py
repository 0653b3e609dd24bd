"""Every command of README and docs does what the page says, in a temporary store.

Long runs are told to do less: `run` with --dry-run, `tune` with a second of it, `time` to say what
it would time; tests/cli has the whole of each. DATA is the folder that SGBENCH_DATA names. What
cannot be run here is in NOT_RUN with the reason, and still must be a command that sgbench, make or
pytest understands.
"""

import doctest
import os
import re
import shlex
import shutil
import subprocess
from itertools import pairwise

import click
import pytest
from click.testing import CliRunner
from generate import ROOT, pages
from reference.pages import blocks, in_prose, sgbench_words
from sgbench.bench import hardware
from sgbench.bench.datasets import mnist
from sgbench.bench.nn import products
from sgbench.cli import main
from sgbench.reproductions.running import dry_run
from sgbench.results.store import backend_file
from sgbench.results.store.published import PUBLISHED, open_published
from sgbench.results.store.store import Store
from sgbench.results.timings import Timings
from sklearn.datasets import load_digits
from small_files.folders import write
from small_files.mnist import idx

PAGES = {path: path.relative_to(ROOT).as_posix() for path in pages()}
BLOCKS = [block for path, name in PAGES.items() for block in blocks(path, name)]
SHELL = [block for block in BLOCKS if block.shell]
SCRIPTS = [block for block in BLOCKS if block.tag == "bash"]
PYTHON = [block for block in BLOCKS if block.tag == "python"]
PROSE = [found for path, name in PAGES.items() for found in in_prose(path, name)]
DATA = os.environ.get("SGBENCH_DATA")
NOT_RUN = {
    r"^pip ": "installs packages: .ci/run does",
    r"^dask ": "starts a server: tests/reproductions/running has its workers",
    r"^optuna-dashboard ": "another program",
    r"^(export|cp) ": "of the shell",
    r"^make ": ".ci/run runs it",
    r"^torchrun ": "starts processes that meet: tests/cli/test_run_stages.py does",
    r"--scheduler": "needs a scheduler: tests/reproductions/running has one",
    r"^sgbench gate ": "compares checkouts: .ci/run and tests/cli/test_gate.py do",
    r"^sgbench data fetch": "downloads",
    r"--device cuda": "needs a GPU",
    r"pytest ": "measures for minutes: that the tests are there is checked",
    r"^(cd tests && )?python ": "measures for minutes: that the module is there is checked",
}
SLOW = re.compile(r"^sgbench (check|tune|doctor|reproduce)|--rule-file|^sgbench report")
LIMITS = {
    "run": ("--dry-run", "--device", "cpu"),
    "reproduce": ("--dry-run", "--device", "cpu"),
    "tune": ("--time-limit", "1s", "--jobs", "1", "--device", "cpu"),
}
ENDS = {"tune": (0, 3), "prune": (0, 1)}  # exit codes: out of time; nothing confirmed
SLURM = {"SLURM_ARRAY_TASK_MAX": "16", "SLURM_ARRAY_TASK_ID": "3", "BASE": "HEAD~1"}
PLACEHOLDERS = re.compile(r"\b(COMMAND|EXHIBIT|FILE|DIR|HOST|STORE)\b|…")


@pytest.fixture(scope="session")
def reader(tmp_path_factory):
    """A folder that has what a reader has: the examples, files of their own, stores."""
    folder = tmp_path_factory.mktemp("reader")
    shutil.copytree(ROOT / "examples", folder / "examples")
    shutil.copyfile(ROOT / "examples" / "fashion.toml", folder / "my_data.toml")
    write(folder / "FashionMNIST" / "raw", own_images())
    (folder / "novel.txt").write_text("It was a dark and stormy night. " * 2000)
    known, custom = list(open_published().scan()), ("table1", "custom", "test")
    some = [r for r in known if r.exhibit == "bp_lambda"][:2]
    some += [r for r in known if (r.exhibit, r.scale, r.split) == custom][:2]
    store = Store(folder / ".sgbench")
    for record in some:
        store.put(record)
    for timing in list(Timings(PUBLISHED, read_only=True).scan())[:4]:
        Timings(store.path).put(timing)
    values = {"torch": hardware.torch_release(), "matmul": products.available()[0]}
    backend_file.write(store, hardware.device_model("cpu"), values | {"matmul_error": 1e-7})
    for name in ("my-store", "part-1", "part-2", "sgbench-1"):
        shutil.copytree(store.path, folder / name)
    return folder, some[0].id


@pytest.fixture
def sgbench(reader, tmp_path, monkeypatch):
    """Runs commands in a copy of the reader's folder."""
    folder, identity = reader
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCRATCH", str(tmp_path))
    for variable in ("SGBENCH_STORE", "SGBENCH_DATA", "SGBENCH_RULE_FILES"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(dry_run, "_timed", lambda *given: dict.fromkeys(given[3], 0.01))

    def run(command):
        for name, value in (("DATA", DATA), ("ID", identity)):
            command = re.sub(rf"(?<= ){name}\b", value or name, command)
        for words in sgbench_words(command, tmp_path, **SLURM):
            verb, limits = words[0], LIMITS.get(words[0], ())
            given = _status(words) if verb == "time" else [*words, *limits]
            done = CliRunner().invoke(main, given, input="n\n")
            assert done.exit_code in ENDS.get(verb, (0,)), f"{command}\n{done.output}"

    return run


def own_images():
    """Scikit-learn's digits as four IDX files, by name."""
    digits = load_digits()
    images, labels = digits.images.astype("uint8"), digits.target.astype("uint8")
    parts = (images[:1200], labels[:1200], images[1200:], labels[1200:])
    return {name: idx(part) for name, part in zip(mnist.FILES, parts, strict=True)}


def _status(words):
    """Return `sgbench status` of what a command selects."""
    picked = [word for pair in pairwise(words) if pair[0] in ("--where", "--set") for word in pair]
    return ["status", words[1], "--scale", "quick", *picked]


def reason(command):
    if re.search(r" DATA\b", command) and not DATA:
        return "needs SGBENCH_DATA"
    return next((why for pattern, why in NOT_RUN.items() if re.search(pattern, command)), None)


def understood(command):
    """Raise where sgbench, make or pytest has no such verb, option, target or file."""
    program, *arguments = re.sub(r"^(\w+=\S+ |cd tests && |exec )*", "", command).split(" ", 1)
    if program == "sgbench":
        _options(shlex.split(arguments[0]))
    elif program == "make":
        target = arguments[0].split()[0]
        done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
    elif program in ("pytest", "python"):
        files = re.findall(r"\btests/[\w/.]+", command)
        files += [f"tests/{m.replace('.', '/')}.py" for m in re.findall(r"-m (bench\S+)", command)]
        assert files, f"{command}: names no file"
        for file in files:
            assert (ROOT / file).exists(), f"{command}: no {file}"
    else:
        assert reason(command), f"{command}: not run, and not in NOT_RUN"


def _options(words):
    context = click.Context(main, info_name="sgbench")
    name, verb, rest = main.resolve_command(context, words)
    while isinstance(verb, click.Group) and rest and verb.get_command(context, rest[0]):
        name, verb, rest = verb.resolve_command(click.Context(verb, parent=context), rest)
    options = {option for p in verb.params for option in (*p.opts, *p.secondary_opts)}
    for word in rest:
        option = word.split("=")[0]
        assert not option.startswith("--") or option in options, f"{name} has no {option}"


def test_there_are_commands():
    assert min(len(SHELL), len(SCRIPTS), len(PYTHON)) > 1
    assert len(PROSE) > 10


@pytest.mark.parametrize(("at", "command"), PROSE, ids=[at for at, _ in PROSE])
def test_commands_in_prose_are_understood(at, command):
    if not PLACEHOLDERS.search(command):
        understood(command)


def _marked(block):
    slow = any(SLOW.search(command) for command in block.commands)
    return pytest.param(block, id=str(block), marks=[pytest.mark.slow] if slow else [])


@pytest.mark.parametrize("block", [_marked(block) for block in SHELL])
def test_commands_do_what_the_page_says(block, sgbench):
    left_out = {}
    for command in block.commands:
        understood(command)
        if why := reason(command):
            left_out[command] = why
        else:
            sgbench(command)
    if len(left_out) == len(block.commands):
        pytest.skip("; ".join(dict.fromkeys(left_out.values())))


@pytest.mark.parametrize("block", SCRIPTS, ids=str)
def test_scripts_are_bash_and_call_sgbench_as_it_is(block, tmp_path, monkeypatch):
    monkeypatch.setenv("SCRATCH", str(tmp_path))
    script = "\n".join(block.lines)
    calls = sgbench_words(script, tmp_path, **SLURM)
    assert calls
    for words in calls:
        _options(words)


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_python_does_what_the_page_says(block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = "\n".join(block.lines)
    if "RULE = Rule(...," in source:
        compile(source, str(block), "exec")  # a part of a file, which the template has whole
    elif ">>>" in source:
        examples = doctest.DocTestParser().get_doctest(source, {}, str(block), None, block.line)
        assert doctest.DocTestRunner().run(examples).failed == 0
    else:
        exec(compile(source, str(block), "exec"), {})


def test_studies_of_the_pages_are_published():
    lines = [c for block in SHELL for c in block.commands if "--study mnist" in c]
    named = {name for line in lines for name in re.findall(r"--study (\S+)", line)}
    assert named
    assert {f"{name}.study.json" for name in named} <= {p.name for p in PUBLISHED.iterdir()}
