"""A program's data: the split, the order, and that the test set stays out of a validation run.

What a step does is held against the reference in `test_rules` and `test_replicas`.
"""

import dataclasses

import numpy as np
import pytest
import torch
from reference.programs import CPU, EXAMPLES, random_data, tiny_cell
from sgbench.bench.errors import UsageError
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


@pytest.mark.parametrize(("split", "examples"), [("test", 60), ("validation", 50)])
@pytest.mark.parametrize("replicas", [1, 3])
def test_an_epoch_is_a_permutation(split, examples, replicas):
    cells = [cell(split=split, batch_size=10, seed=seed) for seed in range(replicas)]
    source, epochs = batches_of(*cells), []
    for _ in range(3):
        epoch = torch.cat([source.next() for _ in range(examples // 10)], 1)
        assert epoch.shape == (replicas, examples)
        for order in epoch:
            assert sorted(order.tolist()) == list(range(examples))
        epochs.append(epoch)
    assert not torch.equal(epochs[0], epochs[1])  # each epoch its own order
    assert not torch.equal(epochs[1], epochs[2])


def test_what_is_less_than_a_batch_waits_for_another_epoch():
    source = batches_of(cell(batch_size=25))
    first = torch.cat([source.next() for _ in range(2)], 1)[0]
    second = torch.cat([source.next() for _ in range(2)], 1)[0]
    assert len(first.unique()) == len(second.unique()) == 50
    assert source.next().shape == (1, 25)


def test_a_batch_of_all_examples():
    source = batches_of(cell(batch_size=60))
    assert [sorted(source.next()[0].tolist()) for _ in range(3)] == [list(range(60))] * 3


@pytest.mark.parametrize(("split", "examples"), [("test", 60), ("validation", 50)])
def test_a_batch_larger_than_the_training_set(split, examples):
    with pytest.raises(UsageError, match=rf"^batch_size=61 is more than the {examples} training"):
        batches_of(cell(split=split, batch_size=61))


def test_test_runs_train_on_everything_and_are_held_against_the_test_set():
    data, source = random_data(), batches_of(cell(split="test"))
    assert np.array_equal(source.images.numpy(), data.train_images)
    assert np.array_equal(source.labels.numpy(), data.train_labels)
    assert np.array_equal(source.held_images.numpy(), data.test_images)
    assert np.array_equal(source.held_labels.numpy(), data.test_labels)


def test_validation_runs_hold_out_the_last_sixth():
    data, source = random_data(), batches_of(cell(split="validation"))
    assert np.array_equal(source.images.numpy(), data.train_images[:FIRST_HELD])
    assert np.array_equal(source.labels.numpy(), data.train_labels[:FIRST_HELD])
    assert np.array_equal(source.held_images.numpy(), data.train_images[FIRST_HELD:])
    assert np.array_equal(source.held_labels.numpy(), data.train_labels[FIRST_HELD:])


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


def test_a_pixel_is_scaled_by_the_largest_one():
    data = dataclasses.replace(random_data(), pixel_max=16)
    images, _ = batches_of(cell(), data=data).take(torch.tensor([[3, 5]]))
    np.testing.assert_allclose(images[0].numpy(), data.train_images[[3, 5]] / 16, rtol=1e-15)


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


def test_a_restored_order_goes_on():
    source = batches_of(cell(seed=1), cell(seed=2))
    for _ in range(4):
        source.next()
    state = {name: torch.as_tensor(value).clone() for name, value in source.state().items()}
    state["position"] = int(state["position"])
    want = [source.next().tolist() for _ in range(20)]
    other = batches_of(cell(seed=1), cell(seed=2))
    other.restore(state)
    assert [other.next().tolist() for _ in range(20)] == want


@pytest.mark.parametrize("channels", [1, 3])
def test_maps_are_channels_last_from_the_first_convolution_on(channels):
    """What torch takes for channels first is pooled at a tenth of the speed."""
    images = torch.randn(1, 4, channels, 6, 6)
    packed = cnn.pack(images)
    assert torch.equal(packed, images[0])
    weight = torch.randn(5, channels, 3, 3)
    maps = torch.conv2d(packed, weight, padding=1)
    assert maps.is_contiguous(memory_format=torch.channels_last)
