"""Parquet shards of one's own images; those of CIFAR-10 are `test_cifar10`'s."""

import io

import numpy as np
import pytest
from PIL import Image
from sgbench.bench.datasets.loading import shards
from sgbench.bench.errors import DataError
from small_files.cifar10 import shard
from small_files.own import CLASSES, LABELS, images


def png(pixels):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return {"bytes": stream.getvalue(), "path": None}


def write(folder, shape=(5, 4), labels=LABELS):
    """Shards of small images; return their pixels [N, H, W] or [N, H, W, 3]."""
    found = {part: images(len(some), shape, len(some)) for part, some in labels.items()}
    for part, name in (("train", "train"), ("t10k", "test")):
        pixels = [png(one) for one in found[part]]
        path = folder / f"{name}-00000-of-00001.parquet"
        shard(path, (), images=pixels, labels=labels[part])
    return found["train"], found["t10k"]


def test_grey_images_of_any_size(tmp_path):
    train, test = write(tmp_path)
    found = shards.find(tmp_path)
    assert (found.shape, found.classes, found.examples) == ((1, 5, 4), CLASSES, (6, 3))
    for _ in range(2):  # the second time from the cache folder
        data = shards.load(found)
        assert np.array_equal(data.train_images, train[:, None])
        assert np.array_equal(data.test_images, test[:, None])
        assert data.train_labels.tolist() == LABELS["train"]
        assert data.test_labels.tolist() == LABELS["t10k"]


def test_coloured_images(tmp_path):
    train, _ = write(tmp_path, (5, 4, 3))
    found = shards.find(tmp_path)
    assert found.shape == (3, 5, 4)
    assert np.array_equal(shards.load(found).train_images, train.transpose(0, 3, 1, 2))


def test_no_shards(tmp_path):
    with pytest.raises(ValueError, match=r"train-\*.parquet"):
        shards.find(tmp_path)


@pytest.mark.parametrize("label", [-1, 256, None])
def test_a_label_that_is_none(tmp_path, label):
    write(tmp_path, labels={**LABELS, "t10k": [0, 1, label]})
    with pytest.raises(DataError, match=f"label {label}.*replace it"):
        shards.find(tmp_path)


def test_images_of_several_sizes(tmp_path):
    write(tmp_path)
    pixels = [png(one) for one in images(3, (4, 4))]
    shard(tmp_path / "test-00000-of-00001.parquet", (), images=pixels, labels=[0, 1, 2])
    with pytest.raises(DataError, match="4 x 4, not 4 x 5") as caught:
        shards.load(shards.find(tmp_path))
    assert "fetch" not in str(caught.value)
