"""The plan: which cells are done, which programs are missing, in what order, and how long."""

import dataclasses
import functools
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sgbench.bench import datasets, registry
from sgbench.bench.hardware import machine_class
from sgbench.bench.outcome import Machine, Outcome
from sgbench.reproductions.exhibits import exhibit
from sgbench.reproductions.running.plan import (
    STATES,
    estimate,
    make_plan,
    seconds_per_step,
    shape,
    speeds,
    work,
)
from sgbench.results.from_outcome import make_record

HERE = Machine(
    device="Some CPU",
    threads=1,
    matmul="mkl",
    matmul_error=None,
    torch="2.13.0",
    python="3.11.7",
    numpy="2.4.0",
    platform="Linux x86_64",
)
THERE = dataclasses.replace(HERE, device="Other CPU")


@functools.cache
def cells(scale="demo", seeds=1):
    return tuple(exhibit.expand(exhibit.load("table1"), scale, {}, seeds))


def record_of(cell, status="ok", machine=HERE, rate=10.0, data_hash=None):
    """The record of a cell that ended so on such a machine."""
    ok = status == "ok"
    outcome = Outcome(
        status=status,
        error=None if ok else "why",
        iterations_done=cell.iterations if ok else 0,
        error_rate=5.0 if ok else None,
        loss=0.5 if ok else None,
        train_error=None,
        train_loss=None,
        curve=[],
        train_seconds=1.0,
        evaluation_seconds=0.1,
        steps_per_second=rate,
        examples_per_second=None,
        replicas=1,
        machine=machine,
    )
    return make_record(
        cell,
        outcome,
        exhibit="table1",
        scale="demo",
        data_hash=data_hash or datasets.canonical_hash(cell.dataset),
        machine_class=machine_class(machine),
    )


KNOWN = dataclasses.replace(HERE, processor="AuthenticAMD 25 17", instructions="AVX512")


def test_a_record_of_an_earlier_version_counts_on_machines_that_it_may_be_of():
    (cell, *_), old = cells(), HERE
    other = dataclasses.replace(KNOWN, instructions="AVX2")
    for made, here, state in (
        (old, KNOWN, "done"),
        (KNOWN, KNOWN, "done"),
        (other, KNOWN, "missing"),
        (THERE, KNOWN, "missing"),
    ):
        plan = plan_of([cell], [record_of(cell, machine=made)], machine=here)
        assert plan.cells[0].state == state
        rates = seconds_per_step(speeds([record_of(cell, machine=made)]), machine_class(here))
        assert bool(rates) == (state == "done")


def plan_of(cells, records=(), machine=HERE, **options):
    name = machine and machine_class(machine)
    return make_plan(cells, records, machine=name, **options)


def states(plan):
    return [planned.state for planned in plan.cells]


def test_all_are_missing_from_an_empty_store():
    plan = plan_of(cells())
    assert plan.counts() == {"missing": len(cells())}
    assert sorted(plan.programs) == [(index,) for index in range(len(cells()))]
    assert [planned.cell for planned in plan.cells] == list(cells())


@pytest.mark.parametrize(
    ("status", "state", "retried", "run"),
    [
        ("ok", "done", (), False),
        ("ok", "done", ("failed", "diverged"), False),
        ("timeout", "timeout", (), True),
        ("failed", "failed", (), False),
        ("failed", "failed", ("diverged",), False),
        ("failed", "failed", ("failed",), True),
        ("diverged", "diverged", (), False),
        ("diverged", "diverged", ("failed", "diverged"), True),
    ],
)
def test_states_of_records(status, state, retried, run):
    cell, other = cells()[:2]
    record = record_of(cell, status)
    plan = plan_of([cell, other], [record], retry=retried)
    assert states(plan) == [state, "missing"]
    assert plan.cells[0].record is record
    assert ((0,) in plan.programs) == run
    assert (1,) in plan.programs


def raise_version(monkeypatch, rule):
    declared = registry.RULES.declared
    newer = dataclasses.replace(declared(rule), version=declared(rule).version + 1)
    monkeypatch.setattr(registry.RULES, "declared", lambda n: newer if n == rule else declared(n))


def test_a_record_of_older_code_is_stale(monkeypatch):
    cell = cells()[0]
    old = record_of(cell)
    raise_version(monkeypatch, cell.rule)
    plan = plan_of([cell], [old])
    assert states(plan) == ["stale"]
    assert plan.cells[0].record is None
    assert plan.programs == ((0,),)
    assert states(plan_of([cell], [old, record_of(cell)])) == ["done"]
    assert states(plan_of([cell], [record_of(cell), old])) == ["done"]


def test_a_record_of_other_data_is_stale():
    cell = cells()[0]
    other = record_of(cell, data_hash="0123456789abcdef")
    assert states(plan_of([cell], [other])) == ["stale"]


def test_a_record_of_another_machine_is_neither_done_nor_stale():
    cell = cells()[0]
    record = record_of(cell, machine=THERE)
    assert states(plan_of([cell], [record])) == ["missing"]
    assert states(plan_of([cell], [record], machine=THERE)) == ["done"]
    assert states(plan_of([cell], [record], machine=None)) == ["done"]


@pytest.mark.parametrize("status", ["failed", "diverged", "timeout"])
def test_without_a_machine_a_result_comes_before_the_lack_of_one(status):
    cell = cells()[0]
    bad, good = record_of(cell, status), record_of(cell, machine=THERE)
    assert states(plan_of([cell], [bad, good], machine=None)) == ["done"]
    assert states(plan_of([cell], [good, bad], machine=None)) == ["done"]


def test_more_seeds_keep_what_is_done():
    done = [record_of(cell) for cell in cells(seeds=2)]
    plan = plan_of(cells(seeds=3), done)
    assert plan.counts() == {"done": len(done), "missing": len(done) // 2}
    assert {plan.cells[index].cell.seed for (index,) in plan.programs} == {2}
    assert plan_of(cells(seeds=1), done).programs == ()


def test_a_changed_protocol_is_another_cell():
    changed = exhibit.expand(exhibit.load("table1"), "demo", {"batch_size": 32}, 1)
    assert plan_of(changed, [record_of(cell) for cell in cells()]).counts() == {
        "missing": len(changed)
    }


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_every_cell_is_in_one_state_and_every_wanted_one_in_one_program(data):
    wanted = data.draw(st.lists(st.sampled_from(cells(seeds=2)), max_size=12, unique=True))
    status = st.sampled_from(["ok", "failed", "diverged", "timeout", None])
    ended = [data.draw(status) for _ in wanted]
    records = [record_of(c, s) for c, s in zip(wanted, ended, strict=True) if s]
    records = data.draw(st.permutations(records))
    retry = data.draw(st.sets(st.sampled_from(["failed", "diverged"])))
    plan = plan_of(wanted, records, retry=tuple(retry))
    assert sum(plan.counts().values()) == len(wanted)
    assert list(plan.counts()) == [state for state in STATES if state in plan.counts()]
    run = [index for program in plan.programs for index in program]
    again = {None, "timeout", *retry}
    assert sorted(run) == [index for index, status in enumerate(ended) if status in again]
    assert [work(wanted[i]) for i in run] == sorted((work(wanted[i]) for i in run), reverse=True)


# Steps a second of table1's `quick` cells on MNIST, one thread, 2 x 2 GHz AVX-512 cores.
FCN_RATES = {
    ("no_bprop", None): {3: 500, 6: 400},
    ("backprop", None): {3: 420, 6: 230},
    ("cdni", 0): {3: 270, 6: 130},
    ("dni", 0): {3: 270, 6: 130},
    ("cdni", 1): {3: 85, 6: 36},
    ("dni", 1): {3: 85, 6: 36},
    ("cdni", 2): {3: 36, 6: 14},
    ("dni", 2): {3: 36, 6: 14},
}


def quick(network, rule, sg_layers, depth, dataset="mnist"):
    wanted = (dataset, network, rule, sg_layers, depth)
    fields = ("dataset", "network", "rule", "sg_layers", "depth")
    return next(c for c in cells("quick") if tuple(c.value(f) for f in fields) == wanted)


def test_work_goes_with_the_time_that_was_measured():
    from scipy import stats

    measured = {
        quick("fcn", *rule, depth): 1 / rate
        for rule, rates in FCN_RATES.items()
        for depth, rate in rates.items()
    }
    correlation = stats.spearmanr([work(cell) for cell in measured], list(measured.values()))
    assert correlation.statistic > 0.9


@pytest.mark.parametrize("network", ["fcn", "cnn"])
@pytest.mark.parametrize("dataset", ["mnist", "cifar10"])
def test_work_grows_with_depth_and_with_m(network, dataset):
    depths = sorted({c.depth for c in cells("quick") if c.network == network})
    for rule in ("dni", "cdni"):
        grid = [
            [work(quick(network, rule, m, depth, dataset)) for depth in depths] for m in range(3)
        ]
        assert all(row == sorted(set(row)) for row in grid)
        assert all(list(column) == sorted(set(column)) for column in zip(*grid, strict=True))
        for depth, linear in zip(depths, grid[0], strict=True):
            assert work(quick(network, "backprop", None, depth, dataset)) < linear
    largest = max((c for c in cells("quick") if c.network == network), key=work)
    assert (largest.sg_layers, largest.depth) == (2, depths[-1])


def test_work_is_proportional_to_the_iterations():
    cell = cells()[0]
    twice = dataclasses.replace(cell, iterations=2 * cell.iterations)
    assert work(twice) == pytest.approx(2 * work(cell))


def test_the_largest_program_comes_first():
    plan = plan_of(cells("quick"))
    first = plan.cells[plan.programs[0][0]].cell
    assert work(first) == max(work(cell) for cell in cells("quick"))


class TestEstimate:
    A = quick("fcn", "backprop", None, 3)
    B = quick("fcn", "dni", 2, 6)

    def test_from_records(self):
        rates = seconds_per_step(speeds([record_of(self.A, rate=100.0), record_of(self.B)]), None)
        plan = plan_of([self.A, self.B])
        a, b = self.A.iterations / 100, self.B.iterations / 10
        assert estimate(plan, rates, 1) == pytest.approx(a + b, rel=0.1)
        assert estimate(plan, rates, 2) == pytest.approx(b, rel=0.1)  # the longest goes alone
        assert estimate(plan, rates, 1000) == estimate(plan, rates, 2)

    def test_unknown_where_a_shape_is(self):
        rates = seconds_per_step(speeds([record_of(self.A)]), None)
        assert estimate(plan_of([self.A, self.B]), rates, 1) is None
        assert estimate(plan_of([self.A]), rates, 1) is not None

    def test_nothing_takes_no_time(self):
        plan = plan_of([self.A], [record_of(self.A)])
        assert plan.programs == ()
        assert estimate(plan, {}, 2) == 0.0

    def test_the_median_of_a_machine(self):
        records = [
            record_of(dataclasses.replace(self.A, seed=seed), rate=rate, machine=machine)
            for seed, (rate, machine) in enumerate(
                [(10.0, HERE), (20.0, HERE), (1.0, HERE), (500.0, THERE), (None, HERE), (0.0, HERE)]
            )
        ]
        assert seconds_per_step(speeds(records), machine_class(HERE)) == {shape(self.A): 0.1}
        assert seconds_per_step(speeds(records), machine_class(THERE)) == {shape(self.A): 1 / 500}
        assert seconds_per_step(speeds(records), "none") == {}

    def test_a_shape_is_what_changes_the_time_of_a_step(self):
        same = {
            "seed": 9,
            "iterations": 7,
            "learning_rate": 0.5,
            "drops": (),
            "drop_factor": 1.0,
            "evaluate_every": 3,
            "split": "validation",
        }
        for field, value in same.items():
            assert shape(dataclasses.replace(self.A, **{field: value})) == shape(self.A)
        assert shape(dataclasses.replace(self.B, sg_scale=2.0)) == shape(self.B)
        for field in ("batch_size", "hidden_units", "depth"):
            other = dataclasses.replace(self.A, **{field: getattr(self.A, field) + 1})
            assert shape(other) != shape(self.A)


def test_planning_needs_no_torch():
    script = (
        "import sys; from sgbench.reproductions.exhibits import exhibit;"
        "from sgbench.reproductions.running import plan;"
        "cells = exhibit.expand(exhibit.load('table1'), 'quick');"
        "plan.make_plan(cells, [], machine=None);"
        "print([name for name in ('torch', 'pandas', 'dask') if name in sys.modules])"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


class TestStacks:
    """As on a GPU: cells that differ in replica axes only are one program."""

    def test_a_population_is_one_program(self):
        wanted = exhibit.expand(exhibit.load("p_update"), "paper")
        plan = plan_of(wanted, stack=True)
        assert [len(program) for program in plan.programs] == [100] * 4
        for program in plan.programs:
            some = [plan.cells[index].cell for index in program]
            assert len({(cell.decoupled, cell.rule) for cell in some}) == 1
            assert len({(cell.seed, cell.p_update) for cell in some}) == 100
        assert sorted(sum(plan.programs, ())) == list(range(400))
        assert [len(program) for program in plan_of(wanted).programs] == [1] * 400

    @pytest.mark.parametrize("name", exhibit.names())
    def test_what_is_together_has_one_shape(self, name):
        varied = ("seed", "learning_rate", "sg_scale", "bp_lambda", "p_update")
        wanted = exhibit.expand(exhibit.load(name), "demo", seeds=2)
        plan = plan_of(wanted, stack=True)
        groups = [[plan.cells[index].cell for index in program] for program in plan.programs]
        kinds = [
            {repr({k: v for k, v in cell.to_dict().items() if k not in varied}) for cell in some}
            for some in groups
        ]
        assert all(len(kind) == 1 for kind in kinds)
        assert len({kind for (kind,) in kinds}) == len(kinds)

    def test_a_large_population_is_parted_and_what_is_done_left_out(self):
        every = exhibit.expand(exhibit.load("p_update"), "demo", {}, 40)
        wanted = [cell for cell in every if (cell.rule, cell.decoupled) == ("dni", "both")]
        done = [record_of(cell) for cell in wanted[:20]]
        plan = plan_of(wanted, done, stack=True)
        assert [len(program) for program in plan.programs] == [128, 128, 44]
        assert not {*range(20)} & set(sum(plan.programs, ()))
