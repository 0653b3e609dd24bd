"""MNIST: what loads, what its hash is, what is refused."""

import gzip
import os
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sgbench.bench import datasets
from sgbench.bench.datasets import mnist
from sgbench.bench.errors import DataError
from small_files.folders import sha, write
from small_files.mnist import ARRAYS, IMAGES, PACKED, PLAIN, packed_names

REAL = os.environ.get("SGBENCH_DATA")
needs_data = pytest.mark.skipif(not REAL, reason="SGBENCH_DATA does not name a folder of data")


@pytest.mark.usefixtures("small_mnist")
@pytest.mark.parametrize(
    "place",
    [
        *("", "raw", "MNIST", "MNIST/raw", "mnist/raw", "mnist"),
        *("Mnist", "MNist/raw", "data/MNIST/raw", "data/mnist"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_mnist_loads_from_each_place(tmp_path, place, packed):
    write(tmp_path / "data" / place, packed_names() if packed else PLAIN)
    data = datasets.load("mnist", tmp_path / "data")
    train_images, train_labels, test_images, test_labels = ARRAYS.values()
    assert np.array_equal(data.train_images, train_images[:, None])
    assert np.array_equal(data.train_labels, train_labels)
    assert np.array_equal(data.test_images, test_images[:, None])
    assert np.array_equal(data.test_labels, test_labels)
    assert data.train_labels.dtype == np.int64
    assert data.train_images.flags.writeable  # torch warns of arrays that are not
    assert datasets.status("mnist", tmp_path / "data").state == "ready"
    assert [row.problem for row in datasets.verify("mnist", tmp_path / "data")] == [None] * 4


@pytest.mark.usefixtures("small_mnist")
@pytest.mark.parametrize("folder", ["", "of its own name"])
@pytest.mark.parametrize("packed", [False, True])
def test_mnist_loads_by_other_spellings(tmp_path, folder, packed):
    for name, content in (packed_names() if packed else PLAIN).items():
        dotted = name.replace("-idx", ".idx")
        path = tmp_path / (name if folder and not packed else "") / (name if folder else dotted)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    assert np.array_equal(datasets.load("mnist", tmp_path).train_images[:, 0], ARRAYS[IMAGES])


@pytest.mark.usefixtures("small_mnist")
@pytest.mark.parametrize("other", ["FashionMNIST/raw", "emnist", "data/kmnist/raw"])
def test_mnist_is_not_looked_for_in_folders_of_other_sets(tmp_path, other):
    write(tmp_path / other, PLAIN)
    assert datasets.status("mnist", tmp_path).state == "missing"


@pytest.mark.parametrize("there", ["", "mnist", "MNIST", "Mnist/raw"])
def test_mnist_is_fetched_into_a_folder_of_its_own(tmp_path, there):
    (tmp_path / there).mkdir(parents=True, exist_ok=True)
    assert datasets.status("mnist", tmp_path).folder == tmp_path / "mnist"


@pytest.mark.usefixtures("small_mnist")
def test_mnist_missing_says_what_where_and_the_remedy(tmp_path):
    write(tmp_path, {name: PLAIN[name] for name in list(PLAIN)[:3]})
    with pytest.raises(DataError) as caught:
        datasets.load("mnist", tmp_path)
    message = str(caught.value)
    assert "t10k-labels-idx1-ubyte not found" in message
    assert IMAGES not in message
    assert f"{tmp_path / 'MNIST' / 'raw'}" in message
    assert f"`sgbench data fetch mnist --data-dir {tmp_path}`" in message
    assert datasets.status("mnist", tmp_path).state == "missing"
    with pytest.raises(DataError, match="t10k-labels-idx1-ubyte not found"):
        datasets.verify("mnist", tmp_path)


def header(*sizes, magic=b"\0\0\x08\x03"):
    return magic + b"".join(size.to_bytes(4, "big") for size in sizes)


CONTENT = PLAIN[IMAGES]

BROKEN = {
    "empty": (b"", "its header says 0x"),
    "cut in the header": (CONTENT[:7], "its header says 0x00000803"),
    "cut in the body": (CONTENT[:-1], "promises 9,408 bytes and only 9,407 follow"),
    "goes on": (CONTENT + b"\0", "promises 9,408 bytes and more follow"),
    "wrong magic": (b"\x89PNG" + CONTENT[4:], "its header says 0x89504e47"),
    "labels": (PLAIN["train-labels-idx1-ubyte"], "its header says 0x00000801"),
    "other counts": (header(11, 28, 28) + CONTENT[16:], "11 x 28 x 28, not 0x00000803, 12 x 28"),
    "absurd counts": (header(2**31, 28, 28) + CONTENT[16:], "2147483648 x 28 x 28"),
    "other size": (header(12, 14, 14) + CONTENT[: 16 + 12 * 14 * 14][16:], "12 x 14 x 14"),
    "one bit": (CONTENT[:-1] + bytes([CONTENT[-1] ^ 1]), "its content has SHA-256"),
}
OF_ANOTHER_SET = {BROKEN[name][1] for name in ("labels", "other size", "one bit")}


@pytest.mark.usefixtures("small_mnist")
@pytest.mark.parametrize(("content", "says"), BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("packed", [False, True])
def test_mnist_corrupt_says_which_expected_hash_and_remedy(tmp_path, content, says, packed):
    files = dict(PLAIN)
    del files[IMAGES]
    name = f"{IMAGES}.gz" if packed else IMAGES
    files[name] = gzip.compress(content) if packed else content
    write(tmp_path, files)
    for action in (datasets.load, datasets.verify):
        with pytest.raises(DataError) as caught:
            action("mnist", tmp_path)
        message = str(caught.value)
        another = says in OF_ANOTHER_SET or (packed and content[:8] == header(11))
        judged = "is not mnist's published file" if another else "is corrupt"
        assert message.startswith(f"{tmp_path / name} {judged}: ")
        assert says in message
        assert f"published SHA-256 {sha(CONTENT)}" in message
        fetch = f"`sgbench data fetch mnist --data-dir {tmp_path}`"
        assert f"remove it and run {fetch}" in message
        assert ("--dataset-file" in message) == another
        assert "\n" not in message


@pytest.mark.usefixtures("small_mnist")
@pytest.mark.parametrize(
    "content",
    [b"no gzip", PACKED[IMAGES][:-20], PACKED[IMAGES][:50] + b"!!!!" + PACKED[IMAGES][54:]],
    ids=["not gzip", "cut", "damaged"],
)
def test_mnist_broken_gzip_is_corrupt(tmp_path, content):
    write(tmp_path, {**packed_names(), f"{IMAGES}.gz": content})
    with pytest.raises(DataError, match=f"{IMAGES}.gz is corrupt: "):
        datasets.load("mnist", tmp_path)


@pytest.mark.usefixtures("small_mnist")
def test_mnist_promises_are_refused_before_memory_is_taken(tmp_path):
    bomb = gzip.compress(header(2**31, 28, 28) + bytes(30_000_000))
    endless = gzip.compress(CONTENT + bytes(30_000_000))
    for content in (bomb, endless):
        write(tmp_path, {**packed_names(), f"{IMAGES}.gz": content})
        tracemalloc.start()
        with pytest.raises(DataError):
            datasets.load("mnist", tmp_path)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 3_000_000


@pytest.mark.usefixtures("small_mnist")
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(at=st.integers(0, len(CONTENT) - 1), flip=st.integers(1, 255), packed=st.booleans())
def test_mnist_any_changed_byte_is_noticed(tmp_path, at, flip, packed):
    original = PACKED[IMAGES] if packed else CONTENT
    changed = bytearray(original)
    changed[at % len(changed)] ^= flip
    path = tmp_path / (f"{IMAGES}.gz" if packed else IMAGES)
    path.write_bytes(changed)
    try:
        array = mnist._read(IMAGES, path)
    except DataError:
        return
    assert packed  # gzip's own header has bytes that say nothing of the content
    assert np.array_equal(array, ARRAYS[IMAGES])


def test_mnist_unread_folder_still_has_an_identity(tmp_path):
    assert datasets.data_hash("mnist", tmp_path / "none") == datasets.canonical_hash("mnist")


@needs_data
def test_real_mnist():
    data = datasets.load("mnist", REAL)
    assert data.train_images.shape == (60_000, 1, 28, 28)
    assert data.test_images.shape == (10_000, 1, 28, 28)
    assert data.train_labels[:8].tolist() == [5, 0, 4, 1, 9, 2, 1, 3]
    assert data.test_labels[:8].tolist() == [7, 2, 1, 0, 4, 1, 4, 9]
    assert round(float(data.train_images.mean() / 255), 4) == 0.1307
    assert datasets.status("mnist", REAL).canonical
    assert all(row.found == row.expected for row in datasets.verify("mnist", REAL))
