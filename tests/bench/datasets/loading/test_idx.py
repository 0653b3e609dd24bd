"""IDX files: what a folder of four holds, and what is refused."""

import gzip

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sgbench.bench.datasets.loading import idx
from small_files.folders import packed, sha, write
from small_files.mnist import idx as idx_of
from small_files.own import CLASSES, LABELS, idx_files, images


@pytest.mark.parametrize("rename", [str, lambda name: f"emnist-{name.replace('t10k', 'test')}"])
@pytest.mark.parametrize("pack", [False, True])
def test_a_folder_of_four_files(tmp_path, rename, pack):
    contents = {rename(name): content for name, content in idx_files().items()}
    write(tmp_path, packed(contents) if pack else contents)
    found = idx.find(tmp_path)
    assert (found.shape, found.classes, found.examples) == ((1, 5, 4), CLASSES, (6, 3))
    data = idx.load(found)
    assert np.array_equal(data.train_images, images(6, seed=6)[:, None])
    assert np.array_equal(data.test_images, images(3, seed=3)[:, None])
    assert data.train_labels.tolist() == LABELS["train"]
    assert data.test_labels.tolist() == LABELS["t10k"]
    assert data.train_labels.dtype == np.int64
    assert data.train_images.flags.writeable  # torch warns of arrays that are not
    assert (data.classes, data.pixel_max) == (CLASSES, 255)
    assert idx.hashes(found) == [sha(content) for content in contents.values()]


def test_plain_files_come_before_packed_ones(tmp_path):
    write(tmp_path, {**idx_files(), **packed(idx_files())})
    assert all(path.suffix != ".gz" for path in idx.find(tmp_path).files)


BAD = {
    "missing": ({"t10k-labels-idx1-ubyte": None}, "test labels"),
    "twice": (
        {"other-train-images-idx3-ubyte": idx_of(images(6))},
        "several files",
    ),
    "no IDX": ({"train-images-idx3-ubyte": b"\x89PNG..."}, "0x89504e47"),
    "cut header": ({"train-images-idx3-ubyte": b"\0\0\x08\x03\0\0"}, "ends in its header"),
    "cut": ({"train-labels-idx1-ubyte": idx_of(np.zeros(6, np.uint8))[:-1]}, "promises 6 bytes"),
    "other counts": ({"t10k-labels-idx1-ubyte": idx_of(np.zeros(4, np.uint8))}, "4 labels"),
    "other size": ({"t10k-images-idx3-ubyte": idx_of(images(3, (4, 4)))}, "3 x 4 x 4"),
    "flat": ({"t10k-images-idx3-ubyte": idx_of(np.zeros(3, np.uint8))}, "do not fit"),
}


@pytest.mark.parametrize(("changed", "says"), BAD.values(), ids=list(BAD))
def test_what_is_not_as_it_should_be_is_said(tmp_path, changed, says):
    contents = {**idx_files(), **changed}
    write(tmp_path, {name: content for name, content in contents.items() if content is not None})
    with pytest.raises(ValueError, match=says):
        idx.load(idx.find(tmp_path))


@pytest.mark.parametrize("pack", [False, True])
def test_a_header_that_promises_too_much_takes_no_memory(tmp_path, pack):
    header = b"\0\0\x08\x03" + b"".join(n.to_bytes(4, "big") for n in (2**31, 28, 28))
    name = "train-images-idx3-ubyte"
    contents = {k: v for k, v in idx_files().items() if k != name}
    contents[f"{name}.gz" if pack else name] = gzip.compress(header) if pack else header
    write(tmp_path, contents)
    with pytest.raises(ValueError, match="promises 1,683,627,180,032 bytes"):
        idx.find(tmp_path)


def test_files_that_changed_are_noticed(tmp_path):
    write(tmp_path, idx_files())
    found = idx.find(tmp_path)
    write(tmp_path, {"train-images-idx3-ubyte": idx_of(images(7))})
    with pytest.raises(ValueError, match="7 x 5 x 4"):
        idx.load(found)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=st.sampled_from(sorted(idx_files())), at=st.integers(0, 20), put=st.binary(max_size=6))
def test_any_damage_is_a_value_error_or_none(tmp_path, name, at, put):
    contents = idx_files()
    contents[name] = contents[name][:at] + put + contents[name][at + len(put) :]
    write(tmp_path, contents)
    try:
        found = idx.find(tmp_path)
        data = idx.load(found)
    except ValueError:
        return
    assert data.train_images.shape == (found.examples[0], *found.shape)
    assert data.train_labels.max() < found.classes
