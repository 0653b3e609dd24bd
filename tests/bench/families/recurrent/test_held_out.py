"""The program on texts: patience, the best weights, and the texts that are held out."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from reference.jobs import job_of, never, train_in_parts
from reference.sequences import CPU, EVERY, ITERATIONS, recurrent_program
from reference.sequences import short_recurrent as cell
from sgbench.bench.datasets import load
from sgbench.bench.families.recurrent import program as program_module
from sgbench.bench.families.recurrent.bits_per_character import bits_per_character
from sgbench.bench.families.recurrent.program import RecurrentProgram
from sgbench.bench.training import loop


class TestPatience:
    @pytest.fixture
    def scripted(self, monkeypatch):
        """Let the readings of the validation text be as told, a list per replica.

        Gives what every reading was made of: [is it the test text, the weights then].
        """
        seen, real = [], bits_per_character
        text = load("descriptions")

        def say(*replicas):
            values = list(zip(*replicas, strict=True))

            def read(network, codes):
                test = len(codes) == len(text.test) and np.array_equal(codes, text.test)
                seen.append((test, network.weights.flat.clone()))
                count = sum(not was_test for was_test, _ in seen)
                return real(network, codes) if test else list(values[count - 1])

            monkeypatch.setattr(program_module, "bits_per_character", read)
            return seen

        return say

    def test_ends_training_and_keeps_the_best_weights(self, scripted):
        seen = scripted([3.0, 2.0, 2.5, 2.0, 1.0])
        some = cell("dni", "descriptions", patience=2)
        (outcome,) = loop.train(job_of(some), never)
        assert (outcome.status, outcome.iterations_done) == ("ok", 4 * EVERY)
        assert [point.bits for point in outcome.curve] == [3.0, 2.0, 2.5, 2.0]
        assert outcome.validation_bits == 2.0
        *readings, (test, weights) = seen
        assert [was_test for was_test, _ in readings] == [False] * 4
        assert test
        assert torch.equal(weights, readings[1][1])
        assert not torch.equal(weights, readings[3][1])

    def test_starts_anew_with_every_lower_error(self, scripted):
        scripted([3.0, 3.5, 2.0, 2.5, 1.5])
        (outcome,) = loop.train(job_of(cell("bptt", "descriptions", patience=2)), never)
        assert (outcome.iterations_done, outcome.validation_bits) == (ITERATIONS, 1.5)

    def test_of_zero_never_ends_training(self, scripted):
        scripted([1.0, 2.0, 3.0, 4.0, 5.0])
        (outcome,) = loop.train(job_of(cell("bptt", "descriptions", patience=0)), never)
        assert (outcome.iterations_done, outcome.validation_bits) == (ITERATIONS, 1.0)

    def test_of_a_replica_outlasts_that_of_another(self, scripted):
        """The first ends at 10; what it would have reached later is no result of it."""
        seen = scripted([2.0, 3.0, 0.5, 0.4, 0.3], [5.0, 4.0, 3.0, 3.5, 2.0])
        cells = [cell("bptt", "descriptions", patience=1, seed=seed) for seed in range(2)]
        first, second = loop.train(job_of(*cells), never)
        assert (first.validation_bits, second.validation_bits) == (2.0, 3.0)
        weights = seen[-1][1]
        assert torch.equal(weights[0], seen[0][1][0])
        assert torch.equal(weights[1], seen[2][1][1])

    def test_survives_a_stop(self, scripted, monkeypatch, tmp_path):
        monkeypatch.setattr(loop, "POLL_SECONDS", 0.0)
        job = job_of(
            cell("dni_aux", "descriptions", patience=2), checkpoint=str(tmp_path / "it.pt")
        )
        scripted([3.0, 2.0, 2.5, 2.0, 1.0])
        outcome = train_in_parts(job, [12, 17])[-1][0]
        monkeypatch.undo()

        assert (outcome.iterations_done, outcome.validation_bits) == (4 * EVERY, 2.0)


def test_the_result_of_a_text_is_that_of_its_best_weights():
    some = cell("bptt", "descriptions", learning_rate=0.3)  # too fast to get steadily better
    (outcome,) = loop.train(job_of(some), never)
    bits = [point.bits for point in outcome.curve]
    best = bits.index(min(bits))
    assert best < len(bits) - 1
    assert outcome.validation_bits == bits[best]
    with torch.no_grad():
        program = RecurrentProgram([some], load("descriptions"), CPU)
        while program.iteration < outcome.curve[best].iteration:
            program.step()
        assert bits_per_character(program.network, program.data.test) == [outcome.test_bits]
        assert bits_per_character(program.network, program.data.valid) == [bits[best]]


def test_the_last_weights_are_back_after_the_results():
    with torch.no_grad():
        program = recurrent_program(cell("bptt", "descriptions"))
        program.evaluate_all()
        program.step()
        last = program.network.weights.flat.clone()
        results = program.results()
    assert torch.equal(program.network.weights.flat, last)
    assert not torch.equal(program.best_weights, last)
    assert results[0]["validation_bits"] == program.best[0]


def test_a_validation_split_never_reads_the_test_text(monkeypatch):
    text = load("descriptions")

    class Untouched:
        def __getattribute__(self, name):
            raise AssertionError("the test text was read")

    monkeypatch.setattr(loop, "_load", lambda *_: dataclasses.replace(text, test=Untouched()))
    held_out = cell("dni", "descriptions", split="validation")
    (outcome,) = loop.train(job_of(held_out), never)
    assert outcome.test_bits is None
    assert outcome.validation_bits == min(point.bits for point in outcome.curve)
    (other,) = loop.train(job_of(cell("dni", "descriptions", split="validation", seed=1)), never)
    assert other.validation_bits != outcome.validation_bits


def test_a_corpus_is_trained_on_in_place_of_the_text(tmp_path):
    file = tmp_path / "corpus.txt"
    file.write_text("abcd" * 400)
    mine = cell("bptt", "descriptions", corpus=str(file), learning_rate=0.1)
    (outcome,) = loop.train(job_of(mine), never)
    assert outcome.curve[0].bits < math.log2(92) / 2
    assert outcome.test_bits < 2.5  # of four symbols
