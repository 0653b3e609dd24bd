"""Batches: the order in which each replica sees the examples."""

import dataclasses

import numpy as np
import pytest
import torch
from reference.programs import CPU, random_data, tiny_cell
from sgbench.bench.conformance.harness import copied
from sgbench.bench.errors import UsageError
from sgbench.bench.families.feedforward.batches import Batches


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
    images, _ = batches_of(cell(), data=data).take(torch.tensor([[3, 5]]))
    np.testing.assert_allclose(images[0].numpy(), data.train_images[[3, 5]] / 16, rtol=1e-15)


def test_a_restored_order_goes_on():
    source = batches_of(cell(seed=1), cell(seed=2))
    for _ in range(4):
        source.next()
    state = copied(source.state())
    want = [source.next().tolist() for _ in range(20)]
    other = batches_of(cell(seed=1), cell(seed=2))
    other.restore(state)
    assert [other.next().tolist() for _ in range(20)] == want
