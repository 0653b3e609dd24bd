"""What two networks count, and how well they are told to do it."""

import dataclasses

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
    examples,
    pair_program,
    reference_of,
    small_digits,
    tiny_pair,
)
from sgbench.bench.families.pair import digit_streams
from sgbench.bench.families.pair.digit_streams import DigitStreams
from sgbench.bench.families.pair.program import PairProgram

every_rule = pytest.mark.parametrize("rule", RULES)


@pytest.fixture(autouse=True)
def few(monkeypatch):
    evaluate_few(monkeypatch)


@pytest.fixture(autouse=True)
def no_grad():
    """As `train` runs a program."""
    with torch.no_grad():
        yield


def test_counts_are_right_by_hand():
    streams = DigitStreams([tiny_pair("dni"), tiny_pair("dni", seed=1)], small_digits(), CPU)
    data = small_digits()
    images = data.train_images.reshape(60, -1) / 16
    for cycle in (streams.training(0), streams.training(5), streams.probe()):
        assert cycle.digits.shape == (2, T, T, 9, STREAMS)
        for r in range(2):
            for b in range(STREAMS):
                threes = 0
                for window in range(T):
                    odd = 0
                    for step in range(T):
                        pixels = cycle.digits[r, window, step, :, b].numpy()
                        (at,) = np.flatnonzero((images == pixels).all(1))
                        odd += data.train_labels[at] in (1, 3, 5, 7, 9)
                        threes += data.train_labels[at] == 3
                    assert cycle.odd[r, window, b] == odd
                assert cycle.threes[r, b] == threes
    assert not torch.equal(streams.training(0).digits, streams.training(1).digits)


def test_digits_depend_on_the_seed_and_the_cycle_alone():
    cells = [tiny_pair("dni", seed=n) for n in (2, 5)]
    both, alone = (
        DigitStreams(cells, small_digits(), CPU),
        DigitStreams(cells[1:], small_digits(), CPU),
    )
    for one, other in zip(both.training(3), alone.training(3), strict=True):
        assert torch.equal(one[1:], other)
        assert not torch.equal(one[0], one[1])
    for one, other in zip(both.held(3), alone.held(3), strict=True):
        assert one.shape[0] == 1
        assert torch.equal(one, other)


@pytest.mark.parametrize("split", ["test", "validation"])
def test_training_never_sees_what_is_held_out(split):
    data = small_digits()
    streams = DigitStreams([tiny_pair("dni", split=split)], data, CPU)
    held = data.test_images if split == "test" else data.train_images[50:]
    trained = data.train_images if split == "test" else data.train_images[:50]

    def seen(cycles):
        return {
            tuple((pixels * 16).round().int().tolist())
            for c in cycles
            for pixels in c.digits.movedim(3, 4).reshape(-1, 9)
        }

    def all_of(images):
        return {tuple(map(int, image.ravel())) for image in images}

    assert seen(map(streams.training, range(12))) == all_of(trained)
    assert seen(map(streams.held, range(6))) == all_of(held)


@every_rule
def test_evaluation_is_the_references_by_running_statistics(rule, monkeypatch):
    cells = [tiny_pair(rule), tiny_pair(rule, seed=1)]
    program = pair_program(*cells)
    before = [everything(program, replica) for replica in range(2)]
    got = program.evaluate()
    for replica in range(2):
        after = everything(program, replica)
        assert all(np.array_equal(before[replica][what], after[what]) for what in after)
        reference = reference_of(program, replica)
        reference.running = True
        reference.state = {n: (np.zeros((20, 5)),) * 2 for n in "ab"}
        wrong, loss, cycles = np.zeros(2), 0.0, digit_streams.WARM_UP + 2
        for number in range(cycles):
            digits, odd, threes = examples(program.streams.held(number))
            if number == digit_streams.WARM_UP:
                wrong, loss = np.zeros(2), 0.0
            for window in range(T):
                logits, message, _ = reference.window(digits[window])
                wrong[0] += (logits.argmax(1) != odd[window]).sum()
                loss += reference_loss(logits, odd[window]) / T
                reference.lstm(message, "b", window)
            logits, _ = reference.affine(reference.state["b"][0], "b.readout")
            wrong[1] += (logits.argmax(1) != threes).sum()
            loss += reference_loss(logits, threes)
        assert got[0][replica] == pytest.approx(100 * wrong[0] / (2 * T * 20))
        assert got[1][replica] == pytest.approx(100 * wrong[1] / (2 * 20))
        assert got[2][replica] == pytest.approx(loss / 2, rel=1e-10)


def reference_loss(logits, labels):
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return -np.log(p[np.arange(len(labels)), labels]).mean()


def test_the_probe_is_the_references_and_changes_nothing():
    program = pair_program(tiny_pair("dni"))
    before = everything(program)
    (sg_loss,), (cosine,) = program.probe()
    after = everything(program)
    assert all(np.array_equal(before[what], after[what]) for what in after)
    reference = reference_of(program)
    reference.frozen = True
    seen = reference.cycle(*examples(program.streams.probe()))
    said, true = (np.concatenate(seen[name]).ravel() for name in ("said", "targets"))
    assert sg_loss == pytest.approx(seen["sg_loss"], rel=1e-10)
    size = np.linalg.norm(said) * np.linalg.norm(true)
    assert cosine == pytest.approx(said @ true / size, rel=1e-9)
    assert pair_program(tiny_pair("end_to_end")).probe() == (None, None)


def test_a_pair_learns_to_count():
    """Two kinds of images that the eye can tell apart: odd ones, 3s among them, and even ones."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 200) * 3
    images = np.where(labels == 3, 16, 0).astype(np.uint8)[:, None, None, None]
    images = np.repeat(np.repeat(images, 3, 2), 3, 3)
    data = dataclasses.replace(
        small_digits(), train_images=images, train_labels=labels, test_images=images,
        test_labels=labels,
    )  # fmt: skip
    cell = tiny_pair("end_to_end", T=2, hidden_units=12, batch_size=32, precision="float32")
    program = PairProgram([cell], data, CPU)
    for _ in range(250):
        program.step()
    ((point, diverged),) = program.evaluate_all()
    assert diverged is None
    assert point.error_a < 5  # chance: 50
    assert point.error_b < 15  # chance: 62
