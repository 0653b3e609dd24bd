"""Images of a cell: what it trains on, and what is held out."""

import numpy as np
from reference.programs import EXAMPLES, random_data, tiny_cell
from sgbench.bench.families.images import training_and_heldout

FIRST_HELD = EXAMPLES - EXAMPLES // 6


def test_test_runs_train_on_everything_and_are_held_against_the_test_set():
    data = random_data()
    training, held = training_and_heldout(tiny_cell("cdni", split="test"), data)
    for found, want in zip(
        (*training, *held),
        (data.train_images, data.train_labels, data.test_images, data.test_labels),
        strict=True,
    ):
        assert np.array_equal(found.numpy(), want)


def test_validation_runs_hold_out_the_last_sixth():
    data = random_data()
    training, held = training_and_heldout(tiny_cell("cdni", split="validation"), data)
    for (images, labels), part in (
        (training, slice(0, FIRST_HELD)),
        (held, slice(FIRST_HELD, None)),
    ):
        assert np.array_equal(images.numpy(), data.train_images[part])
        assert np.array_equal(labels.numpy(), data.train_labels[part])
