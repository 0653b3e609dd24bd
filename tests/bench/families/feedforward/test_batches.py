"""Batches: the order in which each replica sees the examples."""

import dataclasses

import numpy as np
import pytest
import torch
from reference import images
from reference.programs import CPU, random_data, tiny_cell
from sgbench.bench.conformance.harness import copied
from sgbench.bench.errors import UsageError
from sgbench.bench.families.feedforward.alterations import Padded
from sgbench.bench.families.feedforward.batches import Batches
from sgbench.bench.nn.noise import Noise


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


def test_a_pixel_is_scaled_by_the_largest_one():
    data = dataclasses.replace(random_data(), pixel_max=16)
    found, _ = batches_of(cell(), data=data).take(torch.tensor([[3, 5]]))
    np.testing.assert_allclose(found[0].numpy(), data.train_images[[3, 5]] / 16, rtol=1e-15)


def test_a_restored_order_goes_on():
    source = batches_of(cell(seed=1), cell(seed=2))
    for _ in range(4):
        source.next()
    state = copied(source.state())
    want = [source.next().tolist() for _ in range(20)]
    other = batches_of(cell(seed=1), cell(seed=2))
    other.restore(state)
    assert [other.next().tolist() for _ in range(20)] == want


def taken(source, count):
    """The images [R, B, C, H, W] of the next batches, altered."""
    return [source.take(source.next(), altered=True)[0] for _ in range(count)]


@pytest.mark.parametrize("input_norm", [None, "standard"])
def test_what_is_trained_on_is_moved_and_mirrored_as_drawn(input_norm):
    fields = {"jitter": 2, "flip": "horizontal", "input_norm": input_norm}
    cells, data = [cell(seed=seed, **fields) for seed in (3, 4)], random_data()
    source, noise = batches_of(*cells), Noise(cells, CPU)
    statistics = images.input_norm(data.train_images, 16) if input_norm else None
    for _ in range(3):
        index = source.next()
        found, labels = source.take(index, altered=True)
        offsets = (noise.uniform("jitter", (2, 9)) * 5).floor().long().numpy()
        mirrored = noise.uniform("flip", (9,)).numpy() < 0.5
        for r in range(2):
            rows = index[r].numpy()
            moved = images.jitter(data.train_images[rows], 2, offsets[r].T)
            wanted = images.inputs(images.flip(moved, mirrored[r]), 16, statistics)
            np.testing.assert_allclose(found[r].numpy(), wanted, rtol=1e-12, atol=1e-12)
            np.testing.assert_array_equal(labels[r].numpy(), data.train_labels[rows])


def test_images_that_are_probed_and_evaluated_are_only_normalised():
    data = random_data()
    source = batches_of(cell(jitter=2, flip="horizontal", input_norm="standard"))
    statistics = images.input_norm(data.train_images, 16)  # of the training images, for all
    for raw, chunks in ((data.test_images, "held"), (data.train_images, "train")):
        found = torch.cat([x for x, _ in source.chunks(chunks)], 1)[0]
        np.testing.assert_allclose(found.numpy(), images.inputs(raw, 16, statistics), atol=1e-12)
    found, _ = source.take(source.probe)
    raw = data.train_images[source.probe[0].numpy()]
    np.testing.assert_allclose(found[0].numpy(), images.inputs(raw, 16, statistics), atol=1e-12)


def test_standards_are_those_of_what_is_trained_on():
    source = batches_of(cell(split="validation", input_norm="standard"))
    raw = random_data().train_images[:50]
    wanted = images.inputs(raw, 16, images.input_norm(raw, 16))
    found = torch.cat([x for x, _ in source.chunks("train")], 1)[0]
    np.testing.assert_allclose(found.numpy(), wanted, atol=1e-12)


def test_images_that_would_be_moved_out_of_sight():
    assert batches_of(cell(jitter=4)).next().shape == (1, 9)
    with pytest.raises(UsageError, match=r"^jitter=5 moves images of 5 x 5 pixels out of sight"):
        batches_of(cell(jitter=5))


def test_every_place_and_both_ways_come_up_alike():
    source = batches_of(cell(jitter=1, flip="horizontal", batch_size=60))
    pixel = np.zeros((60, 1, 5, 5), np.uint8)
    pixel[:, :, 2, 3] = 16
    source._padded = Padded(torch.as_tensor(pixel), 1)
    counts = torch.cat(taken(source, 60), 1)[0, :, 0].sum(0)
    assert counts.sum() == 3600
    assert counts[0].sum() == counts[4].sum() == 0
    once = counts[1:4, [0, 1, 3, 4]]  # the middle column is reached either way
    assert (once - 3600 / 18).abs().max() < 70  # five standard deviations
    assert (counts[1:4, 2] - 3600 / 9).abs().max() < 95


def test_the_last_batch_of_a_pass_may_be_smaller():
    source = batches_of(cell(batch_size=25, last_batch="smaller"), cell(seed=1, batch_size=25))
    want = images.batch_sizes(60, 25, "smaller")
    assert want == [25, 25, 10]
    for _ in range(3):
        every = [source.next() for _ in want]
        assert [batch.shape[1] for batch in every] == want
        for order in torch.cat(every, 1):
            assert sorted(order.tolist()) == list(range(60))


def test_a_last_batch_of_one_example_has_no_batch_norm():
    with pytest.raises(UsageError, match=r"^batch_size=59 leaves one of 60 .* norm=none$"):
        batches_of(cell("backprop", batch_size=59, last_batch="smaller"))
    source = batches_of(cell("backprop", batch_size=59, last_batch="smaller", norm="none"))
    assert [source.next().shape[1] for _ in range(4)] == [59, 1, 59, 1]
    with pytest.raises(UsageError, match=r"batch norm needs two; give another batch_size$"):
        batches_of(cell("dni", sg_layers=1, batch_size=59, last_batch="smaller", norm="none"))
    shallow = {"network": "cnn", "batch_size": 59, "last_batch": "smaller"}
    source = batches_of(cell("backprop", depth=2, **shallow))
    assert [source.next().shape[1] for _ in range(2)] == [59, 1]  # it is over positions, too
    with pytest.raises(UsageError, match=r"batch norm needs two; give another batch_size$"):
        batches_of(cell("backprop", depth=4, **shallow))  # whose topmost maps have one position


def test_a_last_batch_that_is_whole_is_the_last():
    source = batches_of(cell(batch_size=20, last_batch="smaller"))
    assert [source.next().shape[1] for _ in range(6)] == [20] * 6


@pytest.mark.parametrize("updates", [1, 2, 3, 4])
def test_altered_batches_go_on_in_the_midst_of_a_pass(updates):
    fields = {"jitter": 2, "flip": "horizontal", "last_batch": "smaller", "batch_size": 25}
    cells = [cell(seed=seed, **fields) for seed in (1, 2)]
    source = batches_of(*cells)
    taken(source, updates)
    state = copied(source.state())
    wanted = taken(source, 7)
    other = batches_of(*cells)
    other.restore(state)
    for found, want in zip(taken(other, 7), wanted, strict=True):
        assert torch.equal(found, want)


def test_each_replica_sees_what_it_sees_alone():
    fields = {"jitter": 2, "flip": "horizontal", "last_batch": "smaller", "batch_size": 25}
    cells = [cell(seed=seed, **fields) for seed in (1, 2, 3)]
    together = taken(batches_of(*cells), 5)
    for replica, one in enumerate(cells):
        for found, want in zip(taken(batches_of(one), 5), together, strict=True):
            assert torch.equal(found[0], want[replica])
