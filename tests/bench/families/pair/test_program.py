"""The loop on two networks: resumed runs, records, divergence, and what is refused."""

import dataclasses
import json
import re

import numpy as np
import pytest
import torch
from reference.counting import (
    CPU,
    RULES,
    STREAMS,
    T,
    evaluate_few,
    everything,
    pair_program,
    small_digits,
    tiny_pair,
)
from reference.jobs import Clock, job_of, never, train_in_parts, untimed
from sgbench.bench import datasets
from sgbench.bench.errors import UsageError
from sgbench.bench.families.pair import estimates
from sgbench.bench.families.pair.program import PairProgram
from sgbench.bench.profiling import memory_estimate
from sgbench.bench.training import loop
from sgbench.reproductions.exhibits.exhibit import expand, load
from sgbench.reproductions.running.dry_run import dry_run
from sgbench.reproductions.running.plan import work
from sgbench.reproductions.running.run import RunRequest
from sgbench.results.from_outcome import make_record
from sgbench.results.record import Record, json_line
from sgbench.results.store.store import Store

every_rule = pytest.mark.parametrize("rule", RULES)


@pytest.fixture(autouse=True)
def few(monkeypatch):
    evaluate_few(monkeypatch)


@pytest.fixture(autouse=True)
def no_grad():
    """As `train` runs a program."""
    with torch.no_grad():
        yield


def cell_of(rule, **changes):
    return tiny_pair(rule, iterations=7, evaluate_every=3, precision="float32", **changes)


@pytest.fixture
def few_digits(monkeypatch):
    monkeypatch.setattr(loop, "_load", lambda *_: small_digits())
    monkeypatch.setattr(loop, "POLL_SECONDS", 0.0)


@every_rule
@pytest.mark.parametrize("stops", [[1], [2, 3, 6], [0, 4, 5]])
def test_resumed_runs_are_the_same_bit_for_bit(few_digits, tmp_path, rule, stops):
    cells = [cell_of(rule, seed=seed) for seed in range(2)]
    whole = loop.train(job_of(*cells), never)
    parts = train_in_parts(job_of(*cells, checkpoint=str(tmp_path / "it.pt")), stops)
    assert untimed(parts[-1]) == untimed(whole)
    assert [part[0].iterations_done for part in parts] == [*stops, 7]
    assert whole[0].error_a == whole[0].curve[-1].error_a
    assert whole[0].error_b == whole[0].curve[-1].error_b


@every_rule
def test_every_tensor_is_as_if_never_stopped(tmp_path, rule):
    programs = [pair_program(tiny_pair(rule, precision="float32")) for _ in range(2)]
    for _ in range(4):
        programs[0].step()
    state = programs[0].state()
    torch.save(state, tmp_path / "it.pt")
    programs[1].restore(torch.load(tmp_path / "it.pt", weights_only=True))
    for _ in range(3):
        for program in programs:
            program.step()
    one, other = map(everything, programs)
    for what in one:
        np.testing.assert_array_equal(one[what], other[what], err_msg=str(what))
    assert torch.equal(programs[0].summed, programs[1].summed)


@every_rule
@pytest.mark.parametrize("dataset", ["counting", "counting_digits"])
def test_every_rule_trains_on_every_stream(few_digits, tmp_path, rule, dataset):
    """Trained, saved and resumed, and a record made of the outcome."""
    small = cell_of(rule, dataset=dataset)
    (whole,) = loop.train(job_of(small), never)
    labels = {"exhibit": "two_networks", "scale": "custom", "machine_class": "here"}
    record = make_record(small, whole, data_hash=datasets.canonical_hash(dataset), **labels)
    assert record.status == "ok"
    assert Record.from_dict(json.loads(json_line(record))) == record
    assert record.cell == small
    assert 0 <= record.error_a <= 100
    assert 0 <= record.error_b <= 100
    assert record.test_error is record.validation_error is record.tokens_per_second is None
    assert record.examples_per_second > 0
    assert [point["iteration"] for point in record.curve] == [3, 6, 7]
    for point in record.curve:
        assert point["train_loss"] > 0
        assert (point["sg_loss"] is not None) == (rule == "dni")
        assert (point["sg_cosine"] is not None) == (rule == "dni")
        assert point["error"] is point["bits"] is point["longest"] is None


def test_train_loss_is_the_mean_since_the_last_evaluation(few_digits):
    (outcome,) = loop.train(job_of(cell_of("dni")), never)
    program = PairProgram([cell_of("dni")], small_digits(), CPU)
    losses = []
    for _ in range(7):
        program.step()
        own, other = program.network.losses[:, 0].tolist()
        losses.append(own / T + other)
    found = [point.train_loss for point in outcome.curve]
    assert found == pytest.approx([np.mean(losses[:3]), np.mean(losses[3:6]), losses[6]], rel=1e-6)


def test_speed_counts_digits(few_digits, monkeypatch):
    clock = Clock()
    monkeypatch.setattr(loop, "time", clock)
    monkeypatch.setattr(PairProgram, "step", clock.taking(0.5, PairProgram.step))
    one, _ = loop.train(job_of(cell_of("dni"), cell_of("dni", seed=1)), never)
    assert one.steps_per_second == 2.0
    assert one.examples_per_second == 2.0 * 2 * STREAMS * T * T


@every_rule
def test_a_loss_that_is_not_finite_is_told(few_digits, rule):
    good, bad = cell_of(rule), cell_of(rule, seed=1)
    program = PairProgram([good, bad], small_digits(), CPU)
    program.network.weights.named["b.readout.bias"][1] = float("nan")
    program.step()
    program.step()
    assert [diverged for _, diverged in program.evaluate_all()] == [None, 1]


# --- what is refused


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dataset": "mnist"}, "dataset=mnist is not for network=two_lstms"),
        ({"dataset": "copy"}, "dataset=copy is not for network=two_lstms"),
        ({"network": "lstm"}, "dataset=counting_digits is not for network=lstm"),
        ({"T": 0}, "T=0 must be between 1"),
        ({"T": None}, "T is needed for rule=dni, network=two_lstms"),
        ({"depth": 3}, "depth does not apply"),
        ({"rule": "bptt"}, "rule=bptt does not train network=two_lstms; .* dni, end_to_end"),
        ({"sg_factor": None}, "sg_factor is needed"),
        ({"evaluate_at": (0.5,)}, "evaluate_at does not apply"),
    ],
)
def test_a_cell_that_does_not_fit_is_one_clear_line(changes, message):
    with pytest.raises(UsageError, match=message) as caught:
        tiny_pair(**({"rule": "dni"} | changes))
    assert "\n" not in str(caught.value)


@every_rule
def test_a_cycle_that_does_not_fit_fails_before_it_is_begun(tmp_path, rule):
    request = RunRequest(
        exhibit="two_networks",
        where=(f"rule={rule},seed=0",),
        set=("T=10000",),
        store=Store(tmp_path),
        jobs=1,
        device="cpu",
    )
    assert re.fullmatch(
        r"MemoryError: it needs about [\d,.]+ GiB, and [\d,.]+ GiB are free:"
        r" T of about [\d,]+ would fit",
        dry_run(request, measure=True).too_large[0],
    )


@pytest.mark.parametrize("rule", ["end_to_end", "dni"])
def test_a_T_that_is_said_to_fit_does(rule):
    cell = tiny_pair(rule, T=1000, hidden_units=256, batch_size=256)
    for share in (0.5, 0.01):
        available = int(memory_estimate.needed(cell) * share)
        fits = dataclasses.replace(cell, T=memory_estimate.fitting(cell, available))
        longer = dataclasses.replace(fits, T=fits.T + 1)
        assert memory_estimate.needed(fits) <= available < memory_estimate.needed(longer)
    assert memory_estimate.fitting(cell, 1) == 0


def test_the_memory_is_about_what_autograd_keeps():
    """Of a step of A and B: what is saved for the gradient, by torch's own account."""
    cell = tiny_pair("end_to_end", T=4, hidden_units=64, batch_size=128, precision="float32")
    program = PairProgram([cell], small_digits(), CPU)
    kept = {}

    def pack(x):
        kept[x.untyped_storage().data_ptr()] = x.untyped_storage().nbytes()
        return x

    found = program.streams.training(0)
    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(pack, lambda x: x):
        for window in range(4):
            _, message = program.network.run_a_window(found.digits[:, window])
            program.network.step_b(message, window)
        total = sum(kept.values()) - program.network.weights.flat.nbytes
        a_step = total / (20 * 64 * 128 * 4)
    assert 0.5 < a_step / estimates.FLOATS_PER_UNIT < 1.0  # the rest: what is made on the way back


def test_more_work_is_estimated_for_longer_cycles():
    cells = {cell.rule: cell for cell in expand(load("two_networks"), "paper", seeds=1)}
    assert work(cells["dni"]) > work(cells["no_feedback"]) > 0
    longer = dataclasses.replace(cells["no_feedback"], T=8)
    assert 3 < work(longer) / work(cells["no_feedback"]) < 5


def test_the_protocol_has_a_version_of_its_own(monkeypatch):
    cell = tiny_pair("dni")
    before = cell.id("d")
    monkeypatch.setattr("sgbench.bench.families.pair.TRAINING_VERSION", 10**6)
    assert cell.id("d") != before
    assert cell.data_steps == T * T
