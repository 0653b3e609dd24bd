"""Arguments of every kind: an answer or a line of complaint, never a traceback."""

import pytest
from click.testing import CliRunner
from faults.harness import Tally, frugal, fuzzed, patient
from hypothesis import given
from hypothesis import strategies as st
from sgbench.bench import hardware
from sgbench.bench.datasets.loading import fetch
from sgbench.bench.engine import dispatch
from sgbench.bench.errors import DataError
from sgbench.bench.training import loop
from sgbench.cli import main
from sgbench.reports.figures.drawing import render
from sgbench.reproductions.running import backend
from sgbench.results.store.store import Store

pytestmark = pytest.mark.slow
# What an argument cannot be is left out: a NUL, and half a pair that no byte stands for.
letters = st.characters(exclude_characters="\0/", exclude_categories=("Cs",)) | st.sampled_from(
    "\udcff\udc80"
)
text = st.text(letters, max_size=12)
number = st.one_of(
    st.integers(-3, 40).map(str),
    st.floats().map(str),
    st.sampled_from(
        ["0", "1e-3", "1e999", "-0", "9" * 30, "9" * 5000, "0x10", "1_0", "٣", "1:2", "none", "nan"]
    ),
)
exhibit = st.sampled_from(
    ["table1", "table2", "p_update", "two_networks", "deep", "bp_lambda", "sg_scale", "report"]
)
field = st.sampled_from([
    *("dataset", "network", "depth", "T", "rule", "seed", "iterations", "batch_size", "sg_layers"),
    *("learning_rate", "drops", "evaluate_at", "p_update", "decoupled", "corpus", "precision", "x"),
])  # fmt: skip
word = st.sampled_from(
    ["dni", "cdni", "fcn", "cnn", "mnist", "digits", "copy", "none", "both", "update"]
)
sign = st.sampled_from(["=", "<", "<=", ">", ">=", "==", "!=", "~", ""])
condition = st.builds("".join, st.tuples(field | text, sign, number | word | text))
conditions = st.lists(condition | word | number, min_size=1, max_size=3).map(",".join)
path = (
    st.sampled_from(
        [
            ".",
            "",
            "store",
            "out/a/b",
            "/dev/null",
            "/proc/self/mem",
            "~nobody/x",
            "~no one",
            "x" * 300,
        ]
    )
    | text
)
OPTIONS = {
    "--scale": st.sampled_from(["demo", "quick", "paper", "custom"]) | text,
    "--where": conditions,
    "--set": condition,
    "--seeds": number,
    "--store": path,
    "--data-dir": path,
    "--device": st.sampled_from(["cpu", "cuda", "auto", "cuda:99", "cuda:" + "9" * 5000]) | text,
    "--time-limit": st.sampled_from(["1s", "1h30m", "0s", "9" * 400 + "d", "1e3s"]) | number | text,
    "--retry": st.sampled_from(["failed", "failed,diverged", ","]) | text,
    "--jobs": number | st.just("auto"),
    "--format": st.sampled_from(["md", "csv,tex", "jsonl", "parquet", "md,,csv", "png,xx"]) | text,
    "--out": path,
    "--into": path,
}
flag = st.sampled_from(
    ["--json", "--dry-run", "--check", "--strict", "--published", "--help", "--version", "--", "-"]
)
verb = st.sampled_from(
    [
        "run",
        "status",
        "report",
        "data",
        "data list",
        "data verify",
        "data fetch",
        "export",
        "show",
        "list",
        "merge",
        "prune",
    ]
)
option = st.sampled_from(sorted(OPTIONS)).flatmap(
    lambda name: st.tuples(st.just(name), OPTIONS[name] | text)
)


@st.composite
def command_lines(draw):
    """A verb and what might follow it, mostly where it belongs; or any words."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.lists(text | flag | exhibit, max_size=5))
    words = draw(verb).split()
    if draw(st.integers(0, 9)):
        words.append(draw(exhibit if words[0] in ("run", "status", "report") else text | word))
    for name, value in draw(st.lists(option, max_size=4)):
        words += [name, value] if draw(st.booleans()) else [f"{name}={value}"]
    words += draw(st.lists(flag, max_size=1))
    return words if draw(st.integers(0, 9)) else draw(st.permutations(words))


@pytest.fixture
def harmless(tmp_path, monkeypatch):
    """An empty folder; nothing is trained, timed, drawn or fetched."""

    def offline(dataset, urls, *_):
        raise DataError(f"cannot fetch {dataset}'s {urls[0]}")

    release = hardware.torch_release()
    measured = {"torch": release, "matmul": "mkl", "matmul_error": 1e-7}
    for name in ("SGBENCH_STORE", "SGBENCH_DATA", "SGBENCH_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(dispatch, "run", lambda *_: None)
    monkeypatch.setattr(loop, "time_steps", lambda *_: 1e-3)
    monkeypatch.setattr(backend, "measured_backend", lambda: measured)
    monkeypatch.setattr(fetch, "download", offline)
    monkeypatch.setattr(render, "render", lambda _, forms: dict.fromkeys(forms, b""))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path


def test_arguments(harmless):
    codes = {}
    with Tally("command lines, fuzzed") as tally, frugal():

        @fuzzed(10_000)
        @given(command_lines())
        def fuzz(words):
            with patient(10):
                done = CliRunner().invoke(main, words)
            assert isinstance(done.exception, SystemExit | None), (words, done.exception)
            assert done.exit_code in (0, 1, 2, 3, 5), (words, done.stderr)
            assert "Traceback" not in done.output
            codes[done.exit_code] = codes.get(done.exit_code, 0) + 1
            if done.exit_code in (1, 2, 5) and words:
                last = done.stderr.splitlines()[-1]
                assert last.startswith("sgbench: "), (words, done.stderr)
                assert last.isprintable(), (words, last)
            tally()

        fuzz()
    assert codes[0]
    assert codes[2]
    assert not any(harmless.rglob("records"))
    assert list(Store(harmless / "here" / ".sgbench").scan()) == []
