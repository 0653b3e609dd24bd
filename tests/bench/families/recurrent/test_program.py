"""The loop on recurrent cells: resumed runs, every rule on every sequence, divergence."""

import dataclasses
import json
import math
import os

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from reference.jobs import Clock, job_of, never, train_in_parts, untimed
from reference.sequences import CPU, EVERY, ITERATIONS, recurrent_program
from reference.sequences import short_recurrent as cell
from sgbench.bench import datasets, registry
from sgbench.bench.datasets import load
from sgbench.bench.families.recurrent.program import RecurrentProgram
from sgbench.bench.training import checkpoint, loop
from sgbench.results.from_outcome import make_record
from sgbench.results.record import Record, json_line

RULES = registry.rules_of("recurrent")
DATASETS = [name for name in datasets.names() if datasets.kind(name) in ("episodes", "text")]
every_rule = pytest.mark.parametrize("rule", RULES)


class TestResume:
    @pytest.fixture(autouse=True)
    def look_at_every_step(self, monkeypatch):
        monkeypatch.setattr(loop, "POLL_SECONDS", 0.0)

    @settings(max_examples=12, deadline=None)
    @given(
        rule=st.sampled_from(RULES),
        dataset=st.sampled_from(["copy", "repeat_copy", "descriptions"]),
        precision=st.sampled_from(["float32", "float64"]),
        replicas=st.integers(1, 2),
        stops=st.sets(st.integers(0, ITERATIONS - 1), max_size=4),
    )
    @example(rule="bptt", dataset="copy", precision="float32", replicas=2, stops={EVERY, 9})
    @example(rule="dni", dataset="copy", precision="float32", replicas=1, stops={6, 7, 8})
    @example(rule="dni_aux", dataset="copy", precision="float64", replicas=2, stops={1, 2, 13})
    @example(rule="bptt", dataset="descriptions", precision="float64", replicas=1, stops={0, 12})
    @example(rule="dni", dataset="descriptions", precision="float32", replicas=2, stops={11})
    @example(rule="dni_aux", dataset="descriptions", precision="float32", replicas=1, stops={14})
    @example(
        rule="dni_aux",
        dataset="copy",
        precision="float32",
        replicas=1,
        stops=set(range(ITERATIONS)),  # a step a process
    )
    def test_bit_for_bit(self, tmp_path_factory, rule, dataset, precision, replicas, stops):
        cells = [cell(rule, dataset, precision=precision, seed=seed) for seed in range(replicas)]
        path = tmp_path_factory.mktemp("checkpoints") / "it.pt"
        whole = loop.train(job_of(*cells), never)
        parts = train_in_parts(job_of(*cells, checkpoint=str(path)), sorted(stops))
        assert untimed(parts[-1]) == untimed(whole)
        assert [part[0].iterations_done for part in parts] == [*sorted(stops), ITERATIONS]
        assert [len(part[0].curve) for part in parts[:-1]] == [s // EVERY for s in sorted(stops)]
        for part in parts[:-1]:  # a stop keeps the levels that were solved, and is no result
            for outcome, end in zip(part, untimed(whole), strict=True):
                done = [s for s in end.progression if s.iteration <= outcome.iterations_done]
                assert untimed([outcome])[0].progression == done
                assert outcome.longest is outcome.validation_bits is outcome.test_bits is None

    @every_rule
    @pytest.mark.parametrize("dataset", ["copy", "descriptions"])
    def test_every_tensor_is_as_if_never_stopped(self, tmp_path, rule, dataset):
        """Outcomes round much away: after the checkpoint every weight has the same bits."""
        cells = [cell(rule, dataset, precision="float32", seed=seed) for seed in range(2)]
        data, path = load(dataset), tmp_path / "it.pt"
        with torch.no_grad():
            whole = RecurrentProgram(cells, data, CPU)
            for _ in range(8):
                whole.step()
            checkpoint.save(path, "it", whole.state())
            resumed = RecurrentProgram(cells, data, CPU)
            resumed.restore(checkpoint.load(path, "it"))
            for _ in range(8):
                whole.step()
                resumed.step()
        assert torch.equal(whole.network.weights.flat, resumed.network.weights.flat)
        assert torch.equal(whole.network.state, resumed.network.state)
        assert torch.equal(whole.sums, resumed.sums)
        assert whole.progression == resumed.progression
        for one, other in zip(whole.moments(), resumed.moments(), strict=True):
            assert all(torch.equal(one[name], other[name]) for name in one)

    def test_the_unroll_before_is_part_of_the_state(self, tmp_path):
        """Without it DNI+Aux would go on as DNI for one update."""
        path = tmp_path / "it.pt"
        with torch.no_grad():
            whole, forgetful = (recurrent_program(cell()) for _ in range(2))
            for _ in range(5):
                whole.step()
            checkpoint.save(path, "it", whole.state())
            state = checkpoint.load(path, "it")
            state["own"]["network"]["before"] = {}
            forgetful.restore(state)
            for program in (whole, forgetful):
                program.step()
        one, other = (
            program.network.weights.named["core.weight"] for program in (whole, forgetful)
        )
        assert not torch.equal(one, other)

    def test_the_clocks_of_levels_go_on(self, tmp_path, monkeypatch):
        clock = Clock()
        monkeypatch.setattr(loop, "time", clock)
        monkeypatch.setattr(RecurrentProgram, "learn", clock.taking(1.0, RecurrentProgram.learn))
        monkeypatch.setattr(
            RecurrentProgram, "evaluate_all", clock.taking(100.0, RecurrentProgram.evaluate_all)
        )
        job = job_of(cell(solve_bits=9.0), checkpoint=str(tmp_path / "it.pt"))
        outcome = train_in_parts(job, [6, 15])[-1][0]
        assert [solved.seconds for solved in outcome.progression] == [8.0, 17.0]
        assert outcome.train_seconds == ITERATIONS


@pytest.mark.parametrize("dataset", DATASETS)
@every_rule
def test_every_rule_trains_on_every_sequence(rule, dataset, tmp_path, monkeypatch):
    """Three steps, saved and resumed after each, and a record made of the outcome."""
    if dataset == "ptb" and not os.environ.get("SGBENCH_DATA"):
        pytest.skip("SGBENCH_DATA does not name a folder of data")
    if datasets.kind(dataset) == "text":  # whose held-out parts take long to read
        text = load(dataset)
        short = dataclasses.replace(text, valid=text.valid[:300], test=text.test[:300])
        monkeypatch.setattr(loop, "_load", lambda *_: short)
    monkeypatch.setattr(loop, "POLL_SECONDS", 0.0)
    small = cell(rule, dataset, iterations=3, evaluate_every=2, precision="float32")
    (whole,) = loop.train(job_of(small), never)
    parts = train_in_parts(job_of(small, checkpoint=str(tmp_path / "it.pt")), [1, 2])
    assert untimed(parts[-1]) == untimed([whole])
    assert [point.iteration for point in whole.curve] == [2, 3]
    labels = {"exhibit": "table2", "scale": "custom", "machine_class": "here"}
    record = make_record(small, whole, data_hash=datasets.canonical_hash(dataset), **labels)
    assert record.status == "ok"
    assert Record.from_dict(json.loads(json_line(record))) == record
    assert record.cell == small
    text = datasets.kind(dataset) == "text"
    assert (record.longest is None, record.test_bits is None) == (text, not text)
    assert record.test_error is record.validation_error is record.train_loss is None
    assert record.tokens_per_second > 0
    assert record.examples_per_second is None
    for point in record.curve:
        model, auxiliary = rule != "bptt", rule == "dni_aux"
        assert (point["sg_loss"] is not None, point["sg_cosine"] is not None) == (model, model)
        assert (point["aux_loss"] is not None) == auxiliary
        assert point["error"] is point["loss"] is None
        assert point["bits"] > 0
        assert point["train_loss"] > 0


@every_rule
def test_weights_do_not_depend_on_when_one_looks(rule):
    """Evaluations and probes leave training, and the curriculum's window, alone."""
    weights, levels = [], []
    for every in (1, 4, ITERATIONS):
        with torch.no_grad():
            run = loop.Run(job_of(cell(rule, evaluate_every=every)))
            while run.program.iteration < ITERATIONS:
                run.advance(never)
                run.evaluate()
        weights.append(run.program.network.weights.flat)
        levels.append([(s.length, s.iteration) for s in run.program.progression[0]])
    assert levels[0]
    assert levels[0] == levels[1] == levels[2]
    assert torch.equal(weights[0], weights[1])
    assert torch.equal(weights[0], weights[2])


def test_rates_drop_at_fractions_of_the_updates():
    program = recurrent_program(cell("bptt", iterations=10, drops=(0.5, 0.8), drop_factor=0.1))
    rates = []
    for program.iteration in (0, 4, 5, 7, 8, 9):
        rates += program.rates()
    assert rates == pytest.approx([1e-2, 1e-2, 1e-3, 1e-3, 1e-4, 1e-4], rel=1e-12)


def test_speeds_count_symbols(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(loop, "time", clock)
    monkeypatch.setattr(RecurrentProgram, "step", clock.taking(0.5, RecurrentProgram.step))
    one, other = loop.train(job_of(cell(seed=0), cell(seed=1)), never)
    assert one.steps_per_second == 2.0
    assert one.tokens_per_second == other.tokens_per_second == 2.0 * 2 * 6 * 3
    assert one.examples_per_second is None


# --- divergence


class TestDivergence:
    @pytest.fixture
    def poison(self, monkeypatch):
        """Give the weights of chosen replicas a value after an iteration."""

        def after(iteration, value, *replicas):
            step = RecurrentProgram.step

            def poisoned(program):
                step(program)
                if program.iteration == iteration:
                    program.network.weights.flat[list(replicas)] = value

            monkeypatch.setattr(RecurrentProgram, "step", poisoned)

        return after

    @every_rule
    @pytest.mark.parametrize("dataset", ["copy", "descriptions"])
    def test_is_told_with_the_very_update(self, poison, rule, dataset):
        cells = [cell(rule, dataset, seed=seed) for seed in range(3)]
        whole = loop.train(job_of(*cells), never)
        poison(7, math.nan, 1)
        good, bad, other = loop.train(job_of(*cells), never)
        assert untimed([good, other]) == untimed([whole[0], whole[2]])
        assert (bad.status, bad.error) == ("diverged", "loss not finite at iteration 8")
        assert bad.iterations_done == 8  # evaluated after 5 and 10
        assert [point.iteration for point in bad.curve] == [5, 10]
        assert bad.longest is bad.validation_bits is bad.test_bits is None

    def test_a_program_without_a_finite_replica_ends(self, poison):
        poison(6, math.nan, 0, 1)
        outcomes = loop.train(job_of(cell(seed=0), cell(seed=1)), never)
        assert [(o.status, o.iterations_done) for o in outcomes] == [("diverged", 7)] * 2

    def test_stays_diverged_after_a_stop_before_the_evaluation(self, poison, monkeypatch, tmp_path):
        monkeypatch.setattr(loop, "POLL_SECONDS", 0.0)
        cells = [cell("bptt", seed=seed) for seed in range(2)]
        poison(6, math.nan, 1)
        whole = loop.train(job_of(*cells), never)
        parts = train_in_parts(job_of(*cells, checkpoint=str(tmp_path / "it.pt")), [9, 12])
        assert [o.status for o in parts[0]] == ["timeout", "timeout"]  # not evaluated yet
        (good, bad), (want, lost) = untimed(parts[-1]), untimed(whole)
        assert good == want
        assert repr(bad) == repr(lost)  # NaN is not equal to itself
        assert bad.error == "loss not finite at iteration 7"

    def test_a_text_that_cannot_be_predicted_any_more_is_no_result(self, poison):
        poison(ITERATIONS, math.nan, 0)
        few = cell("bptt", "descriptions", evaluate_every=ITERATIONS)
        (outcome,) = loop.train(job_of(few), never)
        assert (outcome.status, outcome.iterations_done) == ("diverged", ITERATIONS)
        assert outcome.validation_bits is outcome.test_bits is None
