"""Correctness, stage by stage, on records that a small run made: what is decided by which."""

import dataclasses
import math

import pytest
from reference.runs import SMALL, Listener
from sgbench.reproductions.exhibits import exhibit as exhibits
from sgbench.reproductions.exhibits.schema import Gated
from sgbench.reproductions.gate.correctness import SEEDS, check
from sgbench.reproductions.gate.paired_runs import PairedRuns
from sgbench.reproductions.running.run import run


class Recorded(PairedRuns):
    """Runs whose records are there already: of one seed, of the first updates, of five seeds."""

    def train(self, seeds, changes=()):
        baseline, candidate = self.folder.pop(0)
        assert {r.seed for r in candidate} <= set(range(seeds))
        return baseline, candidate


@pytest.fixture
def records(request_of):
    """Of two rules, five seeds each."""
    listener = Listener()
    run(request_of(seeds=SEEDS, where=("network=fcn,depth=3,rule=backprop,no_bprop",)), listener)
    return listener.records


@pytest.fixture
def found():
    """Return the findings' verdicts by rule, and how many stages it took."""

    def decide(*stages, cut_short=False):
        runs = Recorded(
            exhibit=exhibits.load("table1"), argument="table1",
            gated=Gated(kind="correctness", scale="demo", set=SMALL,
                        where=("network=fcn,depth=3,rule=backprop,no_bprop",)),
            builds=(), machine=None, folder=list(stages), device="cpu", deadline=0.0,
            cut_short=cut_short,
        )  # fmt: skip
        said = []
        verdicts = {f.name.split()[-1]: f for f in check(runs, said.append)}
        assert runs.folder == []
        return verdicts, len(said)

    return decide


def one_seed(records):
    return [r for r in records if r.seed == 0]


def changed(records, rule="backprop", **fields):
    return [dataclasses.replace(r, **fields) if r.rule == rule else r for r in records]


def test_identical_results_are_decided_by_one_seed(records, found):
    verdicts, stages = found((one_seed(records), one_seed(records)))
    assert {f.verdict for f in verdicts.values()} == {"pass"}
    assert ("backprop" in verdicts, "no_bprop" in verdicts, stages) == (True, True, 1)


def test_an_equal_error_with_another_loss_is_not_identical(records, found):
    """One seed's error can be equal by chance: first updates and five seeds decide."""
    other = changed(records, test_loss=0.123)
    first = one_seed(records)
    verdicts, stages = found((first, one_seed(other)), (first, first), (records, other))
    assert (verdicts["backprop"].verdict, verdicts["backprop"].n) == ("pass", SEEDS)
    assert (verdicts["no_bprop"].n, stages) == (1, 3)


def test_first_updates_that_differ_by_more_than_rounding_are_changed(records, found):
    first, other = one_seed(records), changed(one_seed(records), test_loss=0.123)
    curve = [{**point, "train_loss": point["train_loss"] * 1.01} for point in first[0].curve]
    apart = changed(first, curve=curve)
    verdicts, stages = found((first, other), (first, apart))
    assert (verdicts["backprop"].verdict, verdicts["no_bprop"].verdict) == ("changed", "pass")
    assert stages == 2


def test_first_updates_that_differ_by_rounding_are_not(records, found):
    first, other = one_seed(records), changed(records, test_loss=0.123)
    curve = [{**p, "train_loss": math.nextafter(p["train_loss"], 1)} for p in first[0].curve]
    near = changed(first, curve=curve)
    verdicts, _ = found((first, one_seed(other)), (first, near), (records, other))
    assert verdicts["backprop"].verdict == "pass"


def test_a_run_that_fails_is_a_regression_at_once(records, found):
    broken = changed(one_seed(records), status="failed", error="it broke")
    verdicts, stages = found((one_seed(records), broken))
    assert (verdicts["backprop"].verdict, stages) == ("regression", 1)
    assert "it broke" in verdicts["backprop"].words


def test_what_the_time_limit_left_untrained_is_inconclusive(records, found):
    """On one side, or on both."""
    some = [r for r in one_seed(records) if r.rule == "backprop"]
    for stage in ((some, []), ([], [])):
        verdicts, _ = found(stage, cut_short=True)
        assert {f.verdict for f in verdicts.values()} == {"inconclusive"}
        assert {"backprop", "no_bprop"} <= verdicts.keys()
