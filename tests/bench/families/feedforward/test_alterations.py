"""Altered images against the NumPy reference: crops after padding, mirrored ones, standards."""

import os

import numpy as np
import pytest
import torch
from reference import images as reference
from sgbench.bench import datasets
from sgbench.bench.errors import UsageError
from sgbench.bench.families.feedforward.alterations import Padded, standards

R, B = 2, 9


def some(count=20, shape=(3, 5, 4)):
    return np.random.default_rng(0).integers(0, 256, (count, *shape), dtype=np.uint8)


@pytest.mark.parametrize("margin", [0, 1, 3, 6])
@pytest.mark.parametrize("flip", [False, True])
def test_crops_are_those_of_the_reference(margin, flip):
    rng, images = np.random.default_rng(1), some()
    index = rng.integers(0, len(images), (R, B))
    offsets = rng.integers(0, 2 * margin + 1, (R, 2, B))
    mirrored = rng.random((R, B)) < 0.5
    found = Padded(torch.as_tensor(images), margin).crop(
        torch.as_tensor(index),
        torch.as_tensor(offsets) if margin else None,
        torch.as_tensor(mirrored) if flip else None,
    )
    assert found.dtype == torch.uint8
    for r in range(R):
        wanted = reference.jitter(images[index[r]], margin, offsets[r].T)
        if flip:
            wanted = reference.flip(wanted, mirrored[r])
        np.testing.assert_array_equal(found[r].numpy(), wanted)


def test_standards_are_those_of_the_reference():
    images = some(200)
    mean, deviation = standards(torch.as_tensor(images), 255)
    wanted = reference.input_norm(images, 255)
    assert mean.shape == deviation.shape == (3, 1, 1)
    np.testing.assert_array_equal(mean.flatten().numpy(), wanted[0])
    np.testing.assert_array_equal(deviation.flatten().numpy(), wanted[1])


@pytest.mark.skipif(
    not os.environ.get("SGBENCH_DATA"), reason="SGBENCH_DATA does not name a folder of data"
)
def test_the_standards_of_mnist_are_those_that_are_published():
    data = datasets.load("mnist")
    mean, deviation = standards(torch.as_tensor(data.train_images), data.pixel_max)
    assert (float(mean), float(deviation)) == (0.1307, 0.3081)


def test_a_channel_without_contrast_has_no_deviation_to_divide_by():
    images = torch.randint(0, 256, (50, 3, 4, 4), dtype=torch.uint8)
    images[:, 1] = 7
    with pytest.raises(UsageError, match=r"^input_norm=standard: channel 1 of the training images"):
        standards(images, 255)
