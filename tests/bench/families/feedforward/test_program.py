"""The feed-forward program: validation runs never see the test set, and evaluation is fixed."""

import dataclasses

import pytest
import torch
from reference.programs import CPU, EXAMPLES, random_data, tiny_cell
from sgbench.bench.families.feedforward import batches
from sgbench.bench.families.feedforward.batches import Batches
from sgbench.bench.families.feedforward.program import FeedForwardProgram
from sgbench.bench.networks import cnn

HELD = EXAMPLES // 6
FIRST_HELD = EXAMPLES - HELD


def batches_of(*cells, data=None):
    return Batches(cells, data or random_data(), CPU)


def cell(rule="cdni", **changes):
    return tiny_cell(rule, **changes)


def history(data, split):
    """All that a run of a few steps sees and makes."""
    program = FeedForwardProgram([cell(split=split)], data, CPU)
    seen = []
    for _ in range(9):
        program.step()
        probe = program.probe()
        seen.append((program.evaluate("held"), program.evaluate("train"), probe.loss))
        # repr, since the cosine with a zero gradient is NaN, which is not equal to itself
        seen.append((probe.sg_loss, repr(probe.sg_cosine), program.network.weights.flat.tolist()))
    return seen


def test_a_validation_run_never_sees_the_test_set():
    data = random_data()
    poisoned = dataclasses.replace(
        data,
        test_images=255 - data.test_images,
        test_labels=(data.test_labels + 1) % 10,
    )
    gone = dataclasses.replace(
        data, test_images=data.test_images[:0], test_labels=data.test_labels[:0]
    )
    assert history(poisoned, "validation") == history(data, "validation")
    assert history(gone, "validation") == history(data, "validation")
    assert history(poisoned, "test") != history(data, "test")  # so the poison would show


def test_a_validation_run_never_trains_on_what_it_holds_out():
    data = random_data()
    labels, images = data.train_labels.copy(), data.train_images.copy()
    labels[FIRST_HELD:] = (labels[FIRST_HELD:] + 1) % 10
    images[FIRST_HELD:] = 255 - images[FIRST_HELD:]
    poisoned = dataclasses.replace(data, train_images=images, train_labels=labels)
    pairs = zip(history(data, "validation"), history(poisoned, "validation"), strict=True)
    for number, (want, got) in enumerate(pairs):
        if number % 2:
            assert got == want
        else:
            assert got[0] != want[0]  # but it is held against it
            assert got[1:] == want[1:]


@pytest.mark.parametrize("chunk", [1, 7, 60, 1000])
def test_evaluation_does_not_depend_on_its_chunks(monkeypatch, chunk):
    program = FeedForwardProgram([cell(seed=seed) for seed in range(2)], random_data(), CPU)
    program.step()
    want = program.evaluate("held")
    monkeypatch.setattr(batches, "CHUNK", chunk)
    errors, losses = program.evaluate("held")
    assert errors == want[0]
    assert losses == pytest.approx(want[1], rel=1e-12)


def test_the_train_error_is_of_the_first_examples_only(monkeypatch):
    monkeypatch.setattr(batches, "TRAIN_SAMPLE", 20)
    data = random_data()
    program = FeedForwardProgram([cell()], data, CPU)
    few = dataclasses.replace(
        data, test_images=data.train_images[:20], test_labels=data.train_labels[:20]
    )
    assert program.evaluate("train") == FeedForwardProgram([cell()], few, CPU).evaluate("held")


def test_the_probe_is_a_fixed_batch_of_training_examples():
    source = batches_of(cell(split="validation", seed=1), cell(split="validation", seed=2))
    before = source.probe.clone()
    for _ in range(20):
        source.next()
    assert torch.equal(source.probe, before)
    assert before.shape == (2, 9)
    assert int(before.max()) < FIRST_HELD
    assert all(len(row.unique()) == 9 for row in before)
    assert not torch.equal(before[0], before[1])


@pytest.mark.parametrize("channels", [1, 3])
def test_maps_are_channels_last_from_the_first_convolution_on(channels):
    """What torch takes for channels first is pooled at a tenth of the speed."""
    images = torch.randn(1, 4, channels, 6, 6)
    packed = cnn.pack(images)
    assert torch.equal(packed, images[0])
    weight = torch.randn(5, channels, 3, 3)
    maps = torch.conv2d(packed, weight, padding=1)
    assert maps.is_contiguous(memory_format=torch.channels_last)
