"""Planted mistakes in a rule are caught, and what only rounds otherwise is let pass."""

import itertools
import time

import pytest
from planted import mistakes
from planted.checkouts import checkout, commit, plant
from sgbench.reproductions.exhibits import exhibit as exhibits
from sgbench.reproductions.exhibits.schema import Gated
from sgbench.reproductions.gate.builds import builds
from sgbench.reproductions.gate.correctness import SEEDS, check
from sgbench.reproductions.gate.paired_runs import PairedRuns
from sgbench.reproductions.running.backend import choose_backend
from sgbench.results.store.store import Store

pytestmark = pytest.mark.slow
WHERE = "network=fcn,depth=3,rule=backprop,dni,cdni,sg_layers=none,0"
RULES = ("backprop", "cdni", "dni")


@pytest.fixture
def gated(tmp_path):
    """Return what the gate finds, by rule, where `change` is made; and what it did for that."""

    def run(change, *sets, seconds=900):
        before, after = checkout(tmp_path / "before"), checkout(tmp_path / "after")
        if change is not None:
            change(after)
            commit(after)
        machine, said = Store(tmp_path / "machine"), []
        choose_backend(machine, "cpu")
        what = Gated(kind="correctness", scale="demo", where=(WHERE,), set=sets)
        with builds(str(before), str(after)) as both:
            runs = PairedRuns(
                exhibit=exhibits.load("table1"),
                argument="table1",
                gated=what,
                builds=both,
                machine=machine,
                folder=tmp_path / "work",
                device="cpu",
                deadline=time.monotonic() + seconds,
            )
            findings = list(check(runs, said.append))
        assert len(findings) == len(RULES)
        by_rule = {r: next(f for f in findings if f" {r} " in f"{f.name} ") for r in RULES}
        return by_rule, said

    return run


@pytest.mark.parametrize(
    ("mistake", "caught"),
    [
        (mistakes.not_bootstrapped, ("dni", "cdni")),
        (mistakes.label_leak, ("dni",)),
        (mistakes.batch_norm_in_eval_mode, RULES),
        (mistakes.no_drop, RULES),
        (mistakes.seeds_unpaired, RULES),
    ],
    ids=lambda value: getattr(value, "__name__", "in"),
)
def test_a_mistake_is_caught_where_it_is(gated, mistake, caught):
    found, done = gated(mistake, "iterations=60")
    verdicts = {rule: finding.verdict for rule, finding in found.items()}
    assert verdicts == {rule: "changed" if rule in caught else "pass" for rule in RULES}
    assert all("more than rounding" in found[rule].words for rule in caught)
    assert all("identical" in found[rule].words for rule in set(RULES) - set(caught))
    assert len(done) == 2  # one seed, the first updates: five seeds would tell nothing more


def test_the_same_code_is_identical(gated):
    found, done = gated(None, "iterations=60")
    assert {finding.words for finding in found.values()} == {"identical bit for bit, 1 seed"}
    assert len(done) == 1


def test_other_rounding_passes_by_equivalence(gated):
    found, done = gated(mistakes.rounding)
    assert {finding.verdict for finding in found.values()} == {"pass"}
    assert "equivalent within" in found["cdni"].words
    assert {finding.n for finding in found.values()} == {SEEDS}
    assert len(done) == 3


def test_a_mistake_that_shows_late_is_no_pass(gated):
    found, _ = gated(mistakes.late)
    verdicts = {finding.verdict for finding in found.values()}
    assert "pass" not in verdicts
    assert verdicts & {"regression", "changed"}


def test_a_version_that_was_raised_is_named(gated):
    def raised(folder):
        mistakes.no_drop(folder)
        plant(
            folder,
            "bench/families/feedforward/__init__.py",
            ("\nTRAINING_VERSION = 1", "\nTRAINING_VERSION = 9"),
        )

    found, _ = gated(raised, "iterations=20")
    assert {finding.words for finding in found.values()} == {
        "the sides differ in protocol_version (1, 9)"
    }
    assert {finding.verdict for finding in found.values()} == {"incomparable"}


def test_a_candidate_that_fails_is_a_regression(gated):
    def broken(folder):
        body = "    one_hot = network.encode(labels)\n    h, learn_below"
        plant(folder, "bench/rules/dni.py", (body, f"    raise OSError('no')\n{body}"))

    found, _ = gated(broken, "iterations=20")
    assert found["dni"].verdict == found["cdni"].verdict == "regression"
    assert "OSError: no" in found["dni"].words
    assert found["backprop"].verdict == "pass"


def test_they_are_all_here():
    planted = [test_a_mistake_is_caught_where_it_is.pytestmark[0].args[1]]
    assert {row[0] for row in itertools.chain(*planted)} == set(mistakes.PLANTED)


def test_what_the_time_limit_ends_is_told_of_every_place(gated):
    found, said = gated(None, "iterations=100000", seconds=0)
    assert {finding.verdict for finding in found.values()} == {"inconclusive"}
    assert len(said) == 1
