"""The loop: resumed runs, divergence, clocks; on random data, so that a run takes milliseconds."""

import dataclasses
import itertools
import math

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from reference.jobs import Clock, job_of, never, stopping_at, train_in_parts, untimed
from reference.programs import random_data, tiny_cell
from sgbench.bench import hardware
from sgbench.bench.errors import DataError
from sgbench.bench.families.feedforward import diagnosis
from sgbench.bench.families.feedforward.program import FeedForwardProgram as Trained
from sgbench.bench.nn.adam import Adam
from sgbench.bench.training import checkpoint, loop

LOAD = loop._load
EVERY, ITERATIONS = 5, 23  # evaluated after 5, 10, 15, 20 and 23; the sixty examples make 6 batches
KINDS = [
    ("no_bprop", None, "fcn"),
    ("backprop", None, "cnn"),
    ("dni", 0, "fcn"),
    ("dni", 2, "cnn"),
    ("cdni", 1, "fcn"),
    ("cdni", 2, "cnn"),
]


@pytest.fixture(autouse=True)
def small_data(monkeypatch):
    monkeypatch.setattr(loop, "_load", lambda dataset, data_dir, corpus: random_data())


def cell(rule="cdni", network="fcn", **changes):
    few = {"iterations": ITERATIONS, "evaluate_every": EVERY, "precision": "float32"}
    return tiny_cell(rule, network, **(few | changes))


@pytest.mark.parametrize(
    ("at", "every", "expected"),
    [
        ((0.05, 0.5, 1.0), 10, [1, 10, 12, 20, 23]),  # 0.05 and 0.5 of 23: 1 and 12
        ((0.001,), 23, [23]),  # rounds to none
        ((0.4, 0.41), 100, [9, 23]),
        (None, 8, [8, 16, 23]),
    ],
)
def test_it_is_evaluated_where_the_cell_says(at, every, expected):
    (outcome,) = loop.train(job_of(cell(evaluate_at=at, evaluate_every=every)), never)
    assert [point.iteration for point in outcome.curve] == expected


def test_what_a_replica_gives_is_up_to_where_it_ended_whatever_shares_its_program():
    cells = [
        cell("backprop", seed=seed, patience=2, iterations=80, precision="float64")
        for seed in range(3)
    ]
    alone = [found for one in cells for found in loop.train(job_of(one), never)]
    together = loop.train(job_of(*cells), never)
    assert len({found.iterations_done for found in alone}) > 1
    for one, other in zip(alone, together, strict=True):
        assert one.iterations_done == other.iterations_done == other.curve[-1].iteration
        assert [p.iteration for p in one.curve] == [p.iteration for p in other.curve]
        for name in ("error_rate", "loss", "train_error", "train_loss"):
            assert getattr(other, name) == pytest.approx(getattr(one, name), rel=1e-9), name


def test_a_replica_that_ends_early_is_diagnosed_as_it_is_alone(monkeypatch):
    monkeypatch.setattr(diagnosis, "LEAST_BATCHES", 4)
    fields = {"sg_layers": 1, "patience": 2, "iterations": 80, "precision": "float64"}
    cells = [cell("dni", seed=n, learning_rate=3e-3 * (n + 1), **fields) for n in range(3)]
    alone = [found for one in cells for found in loop.train(job_of(one), never)]
    together = loop.train(job_of(*cells), never)
    assert len({found.iterations_done for found in alone}) > 1
    for one, other in zip(alone, together, strict=True):
        *early, last = other.curve
        assert [point.sg_weight_cosine for point in early] == [None] * (len(one.curve) - 1)
        assert one.curve[-1].sg_weight_cosine is not None
        assert last.sg_weight_cosine == pytest.approx(one.curve[-1].sg_weight_cosine, rel=1e-4)


def test_a_replica_that_has_ended_does_not_diverge(monkeypatch):
    cells = [cell("backprop", seed=seed, patience=2, iterations=80) for seed in range(3)]
    evaluate_all = Trained.evaluate_all

    def infinite_afterwards(program):
        over = [program.stopped(r) for r in range(3)]
        return [
            (point, program.iteration if before else found)
            for before, (point, found) in zip(over, evaluate_all(program), strict=True)
        ]

    monkeypatch.setattr(Trained, "evaluate_all", infinite_afterwards)
    found = loop.train(job_of(*cells), never)
    assert [one.status for one in found] == ["ok"] * 3


class TestResume:
    @pytest.fixture(autouse=True)
    def look_at_every_step(self, monkeypatch):
        monkeypatch.setattr(loop, "POLL_SECONDS", 0.0)

    @settings(max_examples=12, deadline=None)
    @given(
        kind=st.sampled_from(KINDS),
        replicas=st.integers(1, 2),
        stops=st.sets(st.integers(0, ITERATIONS - 1), max_size=4),
    )
    @example(kind=KINDS[4], replicas=1, stops={EVERY})  # right after an evaluation
    @example(kind=KINDS[3], replicas=1, stops={EVERY - 1, 2 * EVERY - 1})  # right before
    @example(kind=KINDS[1], replicas=2, stops={0, 1, ITERATIONS - 1})
    @example(kind=KINDS[5], replicas=1, stops=set(range(ITERATIONS)))  # a step a process
    @example(kind=KINDS[2], replicas=1, stops={6, 12})  # between two epochs
    def test_bit_for_bit(self, tmp_path_factory, kind, replicas, stops):
        rule, sg_layers, network = kind
        cells = [cell(rule, network, sg_layers=sg_layers, seed=seed) for seed in range(replicas)]
        path = tmp_path_factory.mktemp("checkpoints") / "it.pt"
        whole = loop.train(job_of(*cells), never)
        parts = train_in_parts(job_of(*cells, checkpoint=str(path)), sorted(stops))
        assert untimed(parts[-1]) == untimed(whole)
        assert [part[0].iterations_done for part in parts] == [*sorted(stops), ITERATIONS]
        assert [len(part[0].curve) for part in parts[:-1]] == [s // EVERY for s in sorted(stops)]

    @pytest.mark.parametrize("decoupled", ["update", "both"])
    def test_with_coins_bit_for_bit(self, tmp_path, decoupled):
        inputs = {"si_layers": 1, "si_units": 5} if decoupled == "both" else {}
        mask = cell(decoupled=decoupled, p_update=0.4, **inputs)
        whole = loop.train(job_of(mask), never)
        parts = train_in_parts(job_of(mask, checkpoint=str(tmp_path / "it.pt")), [3, 10, 17])
        assert untimed(parts[-1]) == untimed(whole)
        updates = [point.updates for point in whole[0].curve]
        assert updates == sorted(updates)
        assert all(0 < layer < ITERATIONS for layer in updates[-1])

    def test_says_where_it_stopped_and_has_no_result(self, tmp_path):
        path = tmp_path / "deep" / "it.pt"
        (outcome,) = loop.train(job_of(cell(), checkpoint=str(path)), stopping_at(12))
        assert (outcome.status, outcome.error) == ("timeout", "stopped at iteration 12")
        assert (outcome.iterations_done, [p.iteration for p in outcome.curve]) == (12, [5, 10])
        results = ("error_rate", "loss", "train_error", "train_loss")
        assert [getattr(outcome, name) for name in results] == [None] * 4
        assert [found.name for found in path.parent.iterdir()] == ["it.pt"]

    def test_a_stop_without_a_checkpoint_starts_anew(self):
        whole, job = loop.train(job_of(cell()), never), job_of(cell())
        parts = train_in_parts(job, [7])
        assert parts[0][0].status == "timeout"
        assert untimed(parts[1]) == untimed(whole)

    def test_the_clocks_go_on(self, tmp_path, monkeypatch):
        clock = Clock()
        monkeypatch.setattr(loop, "time", clock)
        monkeypatch.setattr(Trained, "step", clock.taking(1.0, Trained.step))
        monkeypatch.setattr(Trained, "evaluate", clock.taking(100.0, Trained.evaluate))
        monkeypatch.setattr(checkpoint, "save", clock.taking(1e4, checkpoint.save))
        job = job_of(cell(), checkpoint=str(tmp_path / "it.pt"))
        outcome = train_in_parts(job, [5, 11, 22])[-1][0]
        assert outcome.train_seconds == ITERATIONS
        assert outcome.evaluation_seconds == 600.0
        assert [point.seconds for point in outcome.curve] == [5.0, 10.0, 15.0, 20.0, 23.0]

    @pytest.mark.parametrize(
        "other",
        [
            {"ids": ("another",)},
            {"matmul": "another back-end"},
            {"threads": 2},
        ],
    )
    def test_a_checkpoint_of_other_cells_or_another_machine_is_of_no_use(self, tmp_path, other):
        path = str(tmp_path / "it.pt")
        loop.train(job_of(cell(seed=1), checkpoint=path), stopping_at(12))
        seen = []
        loop.train(job_of(cell(), checkpoint=path, **other), lambda i, _: bool(seen.append(i)))
        torch.set_num_threads(1)
        assert seen[0] == 0

    def test_a_checkpoint_of_an_earlier_version_is_gone_on_from(self, tmp_path, monkeypatch):
        """It knew less of the machine: neither the instruction set nor the processor's family."""
        path, seen = str(tmp_path / "it.pt"), []
        with monkeypatch.context() as patch:
            patch.setattr(hardware, "details", lambda device: {})
            loop.train(job_of(cell(), checkpoint=path), stopping_at(12))
        loop.train(job_of(cell(), checkpoint=path), lambda i, _: bool(seen.append(i)))
        assert min(seen) == 12

    def test_a_damaged_checkpoint_is_of_no_use(self, tmp_path):
        path = tmp_path / "it.pt"
        job = job_of(cell(), checkpoint=str(path))
        loop.train(job, stopping_at(12))
        path.write_bytes(path.read_bytes()[:-1000])
        seen = []
        outcomes = loop.train(job, lambda i, _: bool(seen.append(i)))
        assert seen[0] == 0
        assert untimed(outcomes) == untimed(loop.train(job_of(cell()), never))

    def test_a_checkpoint_that_cannot_be_written_costs_nothing_but_itself(self, tmp_path):
        (tmp_path / "file").touch()
        job = job_of(cell(), checkpoint=str(tmp_path / "file" / "it.pt"), checkpoint_seconds=0.0)
        assert untimed(loop.train(job, never)) == untimed(loop.train(job_of(cell()), never))
        (outcome,) = loop.train(job, stopping_at(12))
        assert outcome.status == "timeout"
        assert "stopped at iteration 12; its state is not saved: " in outcome.error
        assert "\n" not in outcome.error


class TestLooking:
    """With a clock of which each look takes 0.1 s: a step takes as long."""

    @pytest.fixture
    def clock(self, monkeypatch):
        clock = Clock(tick=0.1)
        monkeypatch.setattr(loop, "time", clock)
        return clock

    @pytest.mark.parametrize("every", [1, 2, 7, 100])
    def test_about_twice_a_second_however_often_it_evaluates(self, clock, every):
        seen = []
        loop.train(job_of(cell(iterations=60, evaluate_every=every)), lambda i, _: seen.append(i))
        gaps = [b - a for a, b in itertools.pairwise([0, *seen])]
        assert seen
        assert all(1 <= gap <= 6 for gap in gaps)

    @pytest.mark.parametrize("every", [1, 3, 100])
    def test_a_stop_is_heard_however_often_it_evaluates(self, clock, every, tmp_path):
        path = tmp_path / "it.pt"
        job = job_of(cell(iterations=60, evaluate_every=every), checkpoint=str(path))
        (outcome,) = loop.train(job, lambda i, _: True)
        assert outcome.status == "timeout"
        assert outcome.iterations_done < 10
        assert path.exists()

    @pytest.mark.parametrize("every", [1, 100])
    def test_checkpoints_at_intervals(self, clock, every, tmp_path, monkeypatch):
        saved = []
        monkeypatch.setattr(loop, "CHECKPOINT_SHARE", 1.0)  # a look at this clock takes long
        monkeypatch.setattr(checkpoint, "save", lambda *_: saved.append(clock.now))
        path = str(tmp_path / "it.pt")
        job = job_of(cell(iterations=80, evaluate_every=every), checkpoint=path)
        loop.train(dataclasses.replace(job, checkpoint_seconds=3.0), never)
        gaps = [b - a for a, b in itertools.pairwise(saved)]
        assert gaps
        assert all(3.0 <= gap <= 4.5 for gap in gaps)
        saved.clear()
        loop.train(job, never)
        assert saved == []  # a short run writes none

    def test_writing_takes_a_hundredth_of_the_time(self, clock, tmp_path, monkeypatch):
        saved = []

        def slow(*_):
            clock.now += 0.5
            saved.append(clock.now)

        monkeypatch.setattr(checkpoint, "save", slow)
        job = job_of(cell(iterations=900, evaluate_every=900), checkpoint=str(tmp_path / "it.pt"))
        loop.train(dataclasses.replace(job, checkpoint_seconds=3.0), never)
        gaps = [b - a for a, b in itertools.pairwise(saved)]
        assert gaps
        assert all(gap >= 50.0 for gap in gaps)

    def test_a_run_that_ends_needs_no_checkpoint(self, clock, tmp_path):
        path = tmp_path / "it.pt"
        job = job_of(cell(iterations=5), checkpoint=str(path), checkpoint_seconds=1e9)
        loop.train(job, never)
        assert not path.exists()


def test_the_training_clock_has_neither_evaluation_nor_set_up(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(loop, "time", clock)
    for seconds, name in ((1.0, "step"), (30.0, "evaluate"), (500.0, "probe"), (1e5, "__init__")):
        monkeypatch.setattr(Trained, name, clock.taking(seconds, getattr(Trained, name)))
    first, second = loop.train(job_of(cell(seed=0), cell(seed=1)), never)
    assert first.train_seconds == second.train_seconds == ITERATIONS
    assert first.evaluation_seconds == 5 * 530.0 + 30.0  # the last on training examples
    assert (first.steps_per_second, first.replicas) == (1.0, 2)
    assert first.examples_per_second == 2 * 9
    assert [point.seconds for point in first.curve] == [5.0, 10.0, 15.0, 20.0, 23.0]


def test_the_last_point_of_the_curve_is_the_result():
    (outcome,) = loop.train(job_of(cell()), never)
    assert [point.iteration for point in outcome.curve] == [5, 10, 15, 20, 23]
    assert (outcome.error_rate, outcome.loss) == (outcome.curve[-1].error, outcome.curve[-1].loss)
    assert outcome.iterations_done == ITERATIONS
    assert (outcome.status, outcome.error) == ("ok", None)


@pytest.mark.parametrize("rule", ["no_bprop", "backprop", "dni", "cdni"])
def test_a_curve_has_synthetic_gradients_where_the_rule_has(rule):
    (outcome,) = loop.train(job_of(cell(rule)), never)
    for point in outcome.curve:
        if rule in ("dni", "cdni"):
            assert len(point.sg_loss) == len(point.sg_cosine) == 3  # depth 4: three hidden layers
        else:
            assert point.sg_loss is point.sg_cosine is None


def test_a_cosine_without_a_synthetic_gradient_is_undefined(monkeypatch):
    # M starts at zero, so before the first update there is no direction to compare.
    monkeypatch.setattr(Trained, "step", lambda self: setattr(self, "iteration", 1))
    (outcome,) = loop.train(job_of(cell(iterations=1)), never)
    assert outcome.curve[0].sg_cosine == [None] * 3


@pytest.mark.parametrize(
    ("iterations", "drops", "factor", "at"),
    [
        (10, (0.6, 0.8), 0.1, {6: 0.1, 8: 0.01}),
        (10, (), 0.1, {}),
        (10, (0.5, 0.5), 0.5, {5: 0.25}),
        (10, (0.0, 1.0), 0.1, {0: 0.1}),
        (7, (0.6, 0.8), 0.1, {4: 0.1, 6: 0.01}),  # 4.2 and 5.6 iterations
    ],
)
def test_the_learning_rate_drops(monkeypatch, iterations, drops, factor, at):
    used, step = [], Adam.step

    def noting(adam, rates, active):
        used.append(rates)
        step(adam, rates, active)

    monkeypatch.setattr(Adam, "step", noting)
    fields = {"iterations": iterations, "drops": drops, "drop_factor": factor}
    cells = [cell(seed=0, learning_rate=0.5, **fields), cell(seed=1, learning_rate=0.25, **fields)]
    loop.train(job_of(*cells), never)
    want, now = [], 1.0
    for iteration in range(iterations):
        now = at.get(iteration, now)
        want += [0.5 * now, 0.25 * now]
    assert [rate for rates in used for rate in rates] == pytest.approx(want, rel=1e-12)


def test_the_paper_drops_after_three_and_four_hundred_thousand(monkeypatch):
    paper = cell(iterations=500_000, learning_rate=3e-5)
    program = Trained([paper], random_data(), torch.device("cpu"))
    rates = []
    for program.iteration in (0, 299_999, 300_000, 399_999, 400_000, 499_999):
        rates += program.rates()
    assert rates == pytest.approx([3e-5, 3e-5, 3e-6, 3e-6, 3e-7, 3e-7], rel=1e-12)


class TestDivergence:
    @pytest.fixture
    def poison(self, monkeypatch):
        """Give the weights of chosen replicas a value from an iteration on."""

        def at(iteration, value, *replicas):
            step = Trained.step

            def poisoned(program):
                step(program)
                if program.iteration == iteration:
                    program.network.weights.flat[list(replicas)] = value

            monkeypatch.setattr(Trained, "step", poisoned)

        return at

    @pytest.mark.parametrize("value", [math.nan, math.inf])
    def test_only_the_replica_that_diverged(self, poison, value):
        cells = [cell(seed=seed) for seed in range(3)]
        whole = loop.train(job_of(*cells), never)
        poison(7, value, 1)
        good, bad, other = loop.train(job_of(*cells), never)
        assert untimed([good, other]) == untimed([whole[0], whole[2]])
        assert (bad.status, bad.error) == ("diverged", "loss not finite at iteration 10")
        assert bad.iterations_done == 10
        assert [point.iteration for point in bad.curve] == [5, 10]
        assert not math.isfinite(bad.curve[-1].loss)
        results = ("error_rate", "loss", "train_error", "train_loss")
        assert [getattr(bad, name) for name in results] == [None] * 4

    def test_a_program_without_a_finite_replica_ends(self, poison):
        poison(7, math.nan, 0, 1)
        outcomes = loop.train(job_of(cell(seed=0), cell(seed=1)), never)
        assert [o.status for o in outcomes] == ["diverged"] * 2
        assert [o.iterations_done for o in outcomes] == [10, 10]
        assert outcomes[0].train_seconds > 0

    def test_stays_diverged_after_a_stop(self, poison, monkeypatch, tmp_path):
        monkeypatch.setattr(loop, "POLL_SECONDS", 0.0)
        cells = [cell(seed=seed) for seed in range(2)]
        poison(7, math.nan, 1)
        whole = loop.train(job_of(*cells), never)
        job = job_of(*cells, checkpoint=str(tmp_path / "it.pt"))
        parts = train_in_parts(job, [12, 17])
        assert [o.status for o in parts[0]] == ["timeout", "diverged"]
        (good, bad), (want, _) = parts[-1], whole
        assert untimed([good]) == untimed([want])
        assert (bad.status, bad.iterations_done, len(bad.curve)) == ("diverged", 10, 2)

    def test_in_the_last_iteration(self, poison):
        poison(ITERATIONS, math.nan, 0)
        (outcome,) = loop.train(job_of(cell()), never)
        assert (outcome.status, outcome.iterations_done) == ("diverged", ITERATIONS)
        assert outcome.error_rate is None


def test_data_are_read_again_where_their_file_is_another(tmp_path):
    corpus = tmp_path / "novel.txt"
    corpus.write_text("It was a dark and stormy night. " * 300)
    first = LOAD("descriptions", None, str(corpus))
    assert LOAD("descriptions", None, str(corpus)) is first
    corpus.write_text("Call me Ishmael, some years ago, " * 300)
    assert LOAD("descriptions", None, str(corpus)).alphabet != first.alphabet


def test_what_training_raises_is_raised(monkeypatch):
    def load(dataset, data_dir, corpus):
        raise DataError("gone")

    monkeypatch.setattr(loop, "_load", load)
    with pytest.raises(DataError, match="gone"):
        loop.train(job_of(cell()), never)


def test_a_failure_may_quote_what_no_record_can_hold():
    (outcome,) = loop.failed(job_of(cell()), "no file caf\udce9.txt")
    assert outcome.error == r"no file caf\udce9.txt"
    outcome.error.encode()


def test_failed_outcomes_have_no_result():
    first, second = loop.failed(job_of(cell(seed=0), cell(seed=1)), "it broke")
    assert first == second
    assert (first.status, first.error, first.iterations_done) == ("failed", "it broke", 0)
    assert first.error_rate is first.loss is first.train_error is first.train_loss is None
    assert first.machine == job_of(cell()).machine


def test_time_steps(monkeypatch, tmp_path):
    clock = Clock()
    monkeypatch.setattr(loop, "time", clock)
    job = job_of(cell(), checkpoint=str(tmp_path / "it.pt"), checkpoint_seconds=0.0)
    monkeypatch.setattr(Trained, "__init__", clock.taking(60.0, Trained.__init__))
    monkeypatch.setattr(Trained, "step", clock.taking(0.25, Trained.step))
    assert loop.time_steps(job, 2.0) == 0.25
    assert loop.time_steps(job, 0.0) == 0.25  # at least one
    assert list(tmp_path.iterdir()) == []
