"""The reference's images against hand-made ones, and its lengths against known protocols."""

import numpy as np
import pytest
from reference.images import batch_sizes, flip, input_norm, inputs, iterations, jitter

IMAGE = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], dtype=np.uint8)


def test_jitter_moves_the_window_over_the_padded_image():
    images = np.stack([IMAGE] * 4)[:, None]
    moved = jitter(images, 1, np.array([[1, 1], [0, 0], [2, 1], [1, 2]]))
    assert moved.dtype == np.uint8
    assert moved[:, 0].tolist() == [
        IMAGE.tolist(),
        [[0, 0, 0], [0, 1, 2], [0, 4, 5]],
        [[4, 5, 6], [7, 8, 9], [0, 0, 0]],
        [[2, 3, 0], [5, 6, 0], [8, 9, 0]],
    ]


def test_jitter_is_a_crop_of_the_padded_image():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (30, 3, 6, 5), dtype=np.uint8)
    offsets = rng.integers(0, 5, (30, 2))
    padded = np.pad(images, [(0, 0), (0, 0), (2, 2), (2, 2)])
    for image, moved, (top, left) in zip(padded, jitter(images, 2, offsets), offsets, strict=True):
        np.testing.assert_array_equal(moved, image[:, top : top + 6, left : left + 5])
    with pytest.raises(AssertionError):
        jitter(images[:1], 2, np.array([[5, 0]]))


def test_flip_mirrors_left_and_right_where_told():
    images = np.stack([IMAGE] * 2)[:, None]
    out = flip(images, np.array([True, False]))
    assert out[0, 0].tolist() == [[3, 2, 1], [6, 5, 4], [9, 8, 7]]
    np.testing.assert_array_equal(out[1], images[1])


def test_input_norm_gives_mean_zero_and_deviation_one_by_channel():
    rng = np.random.default_rng(0)
    images = rng.integers(0, [[[30]], [[256]]], (500, 2, 4, 4), dtype=np.uint8)
    statistics = input_norm(images, 255)
    x = inputs(images, 255, statistics)
    np.testing.assert_allclose(x.mean((0, 2, 3)), 0, atol=2e-3)
    np.testing.assert_allclose(x.std((0, 2, 3)), 1, atol=2e-3)
    assert all(np.array_equal(values, values.round(4)) for values in statistics)
    np.testing.assert_array_equal(inputs(images, 255), images / 255)


def test_lengths_of_published_protocols():
    assert iterations(100, 60_000, 128, "smaller") == 46_900  # local-loss: 469 an epoch
    assert iterations(100, 60_000, 128) == 46_800
    assert iterations(300, 60_000, 64, "smaller") == 281_400  # direct feedback alignment
    assert iterations(3, 256, 128) == iterations(3, 256, 128, "smaller") == 6
    assert batch_sizes(300, 128) == [128, 128]
    assert batch_sizes(300, 128, "smaller") == [128, 128, 44]
    assert batch_sizes(5, 128, "smaller") == [5]
