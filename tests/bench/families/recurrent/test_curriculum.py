"""The curriculum: where a level's windows lie, and what a network must say to solve it."""

import dataclasses
import itertools
import math

import pytest
import torch
from reference.jobs import job_of, never
from reference.sequences import ITERATIONS, recurrent_program, tiny_recurrent
from reference.sequences import short_recurrent as cell
from sgbench.bench import registry
from sgbench.bench.datasets import load
from sgbench.bench.families.recurrent.curriculum import windows
from sgbench.bench.families.recurrent.program import RecurrentProgram
from sgbench.bench.training import checkpoint, loop

NATS = math.log(2)
LONGEST = 103  # T_task, the paper's longest is 67
each_task = pytest.mark.parametrize("dataset", ["copy", "repeat_copy"])
every_rule = pytest.mark.parametrize("rule", registry.rules_of("recurrent"))


def test_windows_are_whole_episodes_in_whole_unrolls():
    assert windows(episode=3, T=1, least=20) == (3, 21)
    assert windows(episode=3, T=4, least=20) == (4, 24)
    assert windows(episode=67, T=5, least=100) == (70, 135)
    assert windows(episode=201, T=2, least=100) == (202, 202)


def test_a_window_ends_after_the_episode_before_the_first_and_then_again_and_again():
    found = windows(episode=5, T=2, least=9)
    assert [since for since in range(0, 40, 2) if found.ends(since)] == [16, 26, 36]


# --- networks that are known to the bit


def last_quarter(answers):
    """Bits of each answer where the last quarter is guessed and all before is known: 0.25."""
    answer = torch.arange(answers, dtype=torch.float64)
    return (answer + 1 - 0.75 * answers).clamp(0, 1)


def first_quarter(answers):
    return last_quarter(answers).flip(0)


def evenly(bits):
    return lambda answers: torch.full((answers,), bits, dtype=torch.float64)


@pytest.fixture
def one_thread():
    """As a run has: here two would only wait for one another."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def pretend(monkeypatch, bits):
    """Let a program of one replica lose `bits(answers)`, whatever its network says."""
    seen = {}

    def learn(program, inputs, targets):
        stream = program.stream
        level = stream.task.levels[stream.level[0]]
        costs = bits(level.copied * level.repeats)
        counted = (targets[0] >= 0).long()
        before = seen.setdefault(stream.level[0], torch.zeros_like(counted[0]))
        number = before + counted.cumsum(0) - counted
        before += counted.sum(0)
        loss = (costs[number % len(costs)] * counted).sum() * NATS
        program.sums += torch.stack([loss, counted.sum().double()] * 2).view(4, 1)

    monkeypatch.setattr(RecurrentProgram, "learn", learn)


def program_of(dataset, T, streams=256):
    """A program with the curriculum of Table 2."""
    protocol = {"batch_size": streams, "solve_bits": 0.15, "solve_window": 100}
    return recurrent_program(tiny_recurrent("bptt", dataset=dataset, T=T, **protocol))


def levels_of(dataset):
    return [level for level in load(dataset).levels if level.length <= LONGEST]


@pytest.mark.usefixtures("one_thread")
@each_task
@pytest.mark.parametrize(
    ("bits", "mean", "T", "streams"),
    [
        (last_quarter, 0.25, 5, 256),
        pytest.param(last_quarter, 0.25, 40, 256, marks=pytest.mark.slow),
        pytest.param(last_quarter, 0.25, 4, 6, marks=pytest.mark.slow),
        pytest.param(first_quarter, 0.25, 20, 256, marks=pytest.mark.slow),
        (evenly(0.1501), 0.1501, 20, 256),
    ],
    ids=["last", "last in long unrolls", "last of few streams", "first", "evenly"],
)
def test_no_level_is_solved_above_the_limit(monkeypatch, dataset, bits, mean, T, streams):
    """Whichever of its answers a network guesses, at whatever level."""
    pretend(monkeypatch, bits)
    program = program_of(dataset, T, streams)
    for level in levels_of(dataset):
        answers = level.copied * level.repeats
        assert bits(answers).mean().item() == pytest.approx(mean, abs=1e-12)
        end = program.stream.time + 2 * len(level.source) + 200
        while program.stream.time < end:
            program.step()
        assert program.progression == [[]], level.length
        program.stream.raise_level(0)


@pytest.mark.usefixtures("one_thread")
@each_task
@pytest.mark.parametrize("T", [5, 40])
def test_a_level_is_solved_soon_just_below_the_limit(monkeypatch, dataset, T):
    """After an episode and a window, whatever the level."""
    pretend(monkeypatch, evenly(0.14))
    program, levels, before = program_of(dataset, T), levels_of(dataset), 0
    for count, level in enumerate(levels, start=1):
        while len(program.progression[0]) < count:
            program.step()
            assert program.stream.time - before <= 2 * len(level.source) + 100 + 2 * T
        assert program.longest(0) == level.length
        before = program.stream.time


@each_task
@pytest.mark.parametrize("stop", range(1, 20))
def test_windows_go_on_bit_for_bit(tmp_path, dataset, stop):
    """Wherever a run stops: before the first window, within one, or as a level begins."""
    some, path = [cell("bptt", dataset, solve_bits=9.0, seed=seed) for seed in (0, 1)], "it.pt"
    with torch.no_grad():
        whole, resumed = recurrent_program(*some), recurrent_program(*some)
        for _ in range(stop):
            whole.step()
        checkpoint.save(tmp_path / path, "it", whole.state())
        resumed.restore(checkpoint.load(tmp_path / path, "it"))
        for _ in range(20):
            whole.step()
            resumed.step()
            assert torch.equal(whole.sums, resumed.sums)
            assert whole.stream.state() == resumed.stream.state()
    assert whole.progression == resumed.progression
    assert len(whole.progression[0]) >= 2


# --- what is told of it


@every_rule
@each_task
def test_a_level_is_solved_where_a_whole_window_costs_little(rule, dataset):
    easy = cell(rule, dataset, iterations=140, evaluate_every=140, solve_bits=1.0)
    (outcome,) = loop.train(job_of(easy), never)
    lengths, steps = zip(
        *((one.length, len(one.source)) for one in load(dataset).levels), strict=True
    )
    with torch.no_grad():
        program, window, expected = recurrent_program(easy), [], []
        skipped = math.ceil(steps[0] / 3)  # unrolls
        while program.iteration < 140:
            _, targets = program.stream.peek(3, 6)
            program.step()
            if skipped:
                skipped -= 1
                continue
            window.append((program.network.loss.item(), int((targets >= 0).sum())))
            episode = steps[len(expected)]
            if len(window) == math.ceil(math.ceil(20 / episode) * episode / 3):
                loss, counted = map(sum, zip(*window, strict=True))
                window = []
                if loss / counted / NATS < 1.0:
                    expected.append((lengths[len(expected)], program.iteration))
                    skipped = math.ceil(steps[len(expected)] / 3)
    assert 0 < len(expected) < 15
    assert [(s.length, s.iteration) for s in outcome.progression] == expected
    assert outcome.longest == expected[-1][0]


@each_task
def test_what_is_told_of_a_solved_level(dataset):
    (outcome,) = loop.train(job_of(cell("bptt", dataset, solve_bits=9.0)), never)
    ends = {"copy": [8, 17], "repeat_copy": [9, 20]}[dataset]
    assert [solved.iteration for solved in outcome.progression] == ends
    for solved, level in zip(outcome.progression, load(dataset).levels, strict=False):
        assert (solved.length, solved.symbols, solved.repeats) == (
            *(level.length, level.copied, level.repeats),
        )
        assert solved.data_steps == 3 * solved.iteration
    assert [point.longest for point in outcome.curve] == [
        ([0] + [s.length for s in outcome.progression])[sum(at >= n for n in ends)]
        for at in (5, 10, 15, 20, 23)
    ]
    for before, after in itertools.pairwise(outcome.progression):
        assert before.length < after.length
        assert before.seconds <= after.seconds


def test_a_window_has_no_more_steps_than_fill_an_unroll():
    at = {}
    for T in (1, 4, 10, 30):
        some = cell("bptt", T=T, iterations=60, evaluate_every=60, solve_bits=9.0)
        (outcome,) = loop.train(job_of(some), never)
        at[T] = [solved.data_steps for solved in outcome.progression[:2]]
    assert at == {1: [24, 49], 4: [28, 56], 10: [40, 70], 30: [60, 120]}


def test_nothing_is_solved_that_costs_as_much_as_the_limit():
    (outcome,) = loop.train(job_of(cell("bptt", solve_bits=1e-6)), never)
    assert (outcome.longest, outcome.progression) == (0, [])
    assert (outcome.status, outcome.curve[-1].longest) == ("ok", 0)


def test_replicas_climb_each_on_its_own():
    seeds = [cell("bptt", iterations=70, seed=seed, solve_bits=1.0) for seed in range(3)]
    together = loop.train(job_of(*seeds), never)
    alone = [loop.train(job_of(one), never)[0] for one in seeds]
    found = [[(s.length, s.iteration) for s in o.progression] for o in together]
    assert found == [[(s.length, s.iteration) for s in o.progression] for o in alone]
    assert len({str(levels) for levels in found}) > 1


def test_the_last_level_is_solved_once(monkeypatch):
    task = load("copy")
    short = dataclasses.replace(task, levels=task.levels[:2])
    monkeypatch.setattr(loop, "_load", lambda *_: short)
    (outcome,) = loop.train(job_of(cell("bptt", iterations=40, solve_bits=9.0)), never)
    assert [(s.length, s.iteration) for s in outcome.progression] == [(4, 8), (5, 17)]
    assert outcome.longest == 5


def test_bits_are_those_since_the_last_evaluation():
    some = cell("dni")
    (outcome,) = loop.train(job_of(some), never)
    with torch.no_grad():
        program, seen = recurrent_program(some), []
        while program.iteration < ITERATIONS:
            _, targets = program.stream.peek(3, 6)
            program.step()
            seen.append((program.network.loss.item(), int((targets >= 0).sum())))
    ends = [5, 10, 15, 20, 23]
    for (start, end), point in zip(itertools.pairwise([0, *ends]), outcome.curve, strict=True):
        loss, counted = map(sum, zip(*seen[start:end], strict=True))
        assert point.train_loss == pytest.approx(loss / counted, rel=1e-12)
        assert point.bits == pytest.approx(loss / counted / NATS, rel=1e-12)
