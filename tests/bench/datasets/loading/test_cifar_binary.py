"""CIFAR's binary files in a folder of one's own; the published ones are `test_cifar10`'s."""

import numpy as np
import pytest
from sgbench.bench.datasets.loading import cifar_binary
from small_files.cifar10 import BATCHES, BINARY
from small_files.folders import sha, write

TRAIN = np.concatenate([BATCHES[f"data_batch_{n}.bin"] for n in range(1, 6)])
TEST = BATCHES["test_batch.bin"]


def test_files_as_those_of_cifar10(tmp_path):
    found = cifar_binary.find(write(tmp_path, BINARY))
    most = max(int(records[:, 0].max()) for records in BATCHES.values())
    assert (found.shape, found.classes, found.examples) == ((3, 32, 32), most + 1, (20, 4))
    data = cifar_binary.load(found)
    assert np.array_equal(data.train_images, TRAIN[:, 1:].reshape(-1, 3, 32, 32))
    assert np.array_equal(data.train_labels, TRAIN[:, 0])
    assert np.array_equal(data.test_images, TEST[:, 1:].reshape(-1, 3, 32, 32))
    assert np.array_equal(data.test_labels, TEST[:, 0])
    assert data.test_images.flags.writeable
    assert cifar_binary.hashes(found) == [sha(content) for content in BINARY.values()]


def test_files_as_those_of_cifar100_have_two_labels_and_the_second_counts(tmp_path):
    coarse = np.full((20, 1), 7, np.uint8)
    write(
        tmp_path,
        {
            "train.bin": np.hstack([coarse, TRAIN]).tobytes(),
            "test.bin": np.hstack([coarse[:4], TEST]).tobytes(),
        },
    )
    data = cifar_binary.load(cifar_binary.find(tmp_path))
    assert np.array_equal(data.train_labels, TRAIN[:, 0])
    assert np.array_equal(data.test_images, TEST[:, 1:].reshape(-1, 3, 32, 32))


@pytest.mark.parametrize(
    ("contents", "says"),
    [
        ({"train.bin": TRAIN.tobytes()}, "test"),
        ({"train.bin": b"", "test.bin": TEST.tobytes()}, "train.bin"),
        ({"train.bin": TRAIN.tobytes()[:-1], "test.bin": TEST.tobytes()}, "3,073 bytes"),
    ],
    ids=["no test", "empty", "cut"],
)
def test_what_is_not_as_it_should_be_is_said(tmp_path, contents, says):
    write(tmp_path, contents)
    with pytest.raises(ValueError, match=says):
        cifar_binary.find(tmp_path)


def test_files_that_changed_are_noticed(tmp_path):
    found = cifar_binary.find(write(tmp_path, BINARY))
    write(tmp_path, {"test_batch.bin": TEST[:2].tobytes()})
    with pytest.raises(ValueError, match="changed"):
        cifar_binary.load(found)
