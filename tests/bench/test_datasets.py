"""The datasets: what loads, what its hash is, what is refused, what a download does."""

import functools
import gzip
import hashlib
import http.server
import io
import os
import subprocess
import sys
import tarfile
import threading
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sgbench.bench import datasets
from sgbench.bench.datasets import _cache, _fetch, _files, cifar10, digits, mnist
from sgbench.bench.errors import DataError, UsageError

REAL = os.environ.get("SGBENCH_DATA")
needs_data = pytest.mark.skipif(not REAL, reason="SGBENCH_DATA does not name a folder of data")


def sha(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Keep the user's cache folder, data folder and proxies out of the tests."""
    folder = tmp_path / "cache"
    monkeypatch.setattr(_files, "cache_folder", lambda: folder)
    monkeypatch.setattr(_cache, "cache_folder", lambda: folder)
    monkeypatch.delenv("SGBENCH_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "*")
    cifar10._shards_hash.cache_clear()
    return folder


# The registry and the data folder


def test_names_and_versions():
    assert datasets.names() == (
        "cifar10",
        "copy",
        "counting",
        "counting_digits",
        "descriptions",
        "digits",
        "mnist",
        "ptb",
        "repeat_copy",
    )
    for name in datasets.names():
        assert datasets.version(name) >= 1
        assert datasets.data_hash(name) == datasets.canonical_hash(name)
        assert len(bytes.fromhex(datasets.canonical_hash(name))) == 8


def test_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'mnist'"):
        datasets.load("minst")


def test_identity_imports_nothing_heavy(tmp_path):
    code = (
        "import sys; from sgbench.bench import datasets as d;"
        f"[(d.version(n), d.data_hash(n, {str(tmp_path)!r}), d.data_hash(n), d.status(n))"
        " for n in d.names()];"
        "heavy = {'torch', 'pandas', 'sklearn', 'scipy', 'pyarrow', 'PIL', 'pooch', 'numpy'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_data_folder_is_argument_then_variable_then_cache(tmp_path, cache, monkeypatch):
    assert datasets.resolve(None) == cache
    monkeypatch.setenv("SGBENCH_DATA", str(tmp_path / "variable"))
    assert datasets.resolve(None) == tmp_path / "variable"
    assert datasets.resolve("~/given") == Path.home() / "given"
    monkeypatch.setenv("SGBENCH_DATA", "")
    assert datasets.resolve(None) == cache


@pytest.mark.parametrize(
    ("folder", "says"), [("x" * 300, "cannot be searched"), ("~no one/x", "no such home")]
)
def test_a_data_folder_that_cannot_be_is_one_clear_line(folder, says):
    with pytest.raises(UsageError, match=says) as caught:
        datasets.status("mnist", folder)
    assert "--data-dir" in str(caught.value)


# digits


def test_digits_are_scikit_learns_scans_split_once():
    sklearn = pytest.importorskip("sklearn.datasets")
    bunch = sklearn.load_digits()
    data = datasets.load("digits")
    assert data.train_images.shape == (1437, 1, 8, 8)
    assert data.test_images.shape == (360, 1, 8, 8)
    assert (data.train_images.dtype, data.train_labels.dtype) == (np.uint8, np.int64)
    assert (data.classes, data.pixel_max) == (10, 16)
    assert max(data.train_images.max(), data.test_images.max()) == 16
    images = np.concatenate([data.train_images, data.test_images]).reshape(-1, 64)
    labels = np.concatenate([data.train_labels, data.test_labels])

    def as_set(pixels, targets):
        return sorted(bytes([*row, label]) for row, label in zip(pixels, targets, strict=True))

    assert as_set(images, labels) == as_set(bunch.data.astype(np.uint8), bunch.target)


def test_digits_split_is_stratified_and_fixed():
    data = datasets.load("digits")
    share = np.bincount(data.test_labels) / np.bincount(
        np.concatenate([data.train_labels, data.test_labels])
    )
    assert np.abs(share - 0.2).max() < 0.01
    held_out = np.bincount(data.train_labels[-len(data.train_labels) // 6 :], minlength=10)
    assert held_out.min() >= 10  # the last sixth is no run of one class
    assert sha(data.train_labels.tobytes())[:16] == "60f53a0bfe1e5f0b"
    assert sha(data.test_images.tobytes())[:16] == "29ffe7b9d710f5b6"


def test_digits_without_the_file_come_from_the_public_function(monkeypatch):
    expected = datasets.load("digits")
    monkeypatch.setattr(digits, "_path", lambda: None)
    assert np.array_equal(datasets.load("digits").train_images, expected.train_images)


def test_digits_that_changed_are_refused(monkeypatch):
    pixels, labels = digits._bundled()
    pixels[3, 5] += 1
    monkeypatch.setattr(digits, "_bundled", lambda: (pixels, labels))
    with pytest.raises(DataError, match=f"expected {digits.SHA256}; reinstall scikit-learn"):
        datasets.load("digits")
    with pytest.raises(DataError, match="reinstall scikit-learn"):
        datasets.verify("digits")


def test_digits_need_no_fetching():
    datasets.fetch("digits")
    assert datasets.status("digits").state == "bundled"
    assert datasets.verify("digits")[0].found == digits.SHA256


# mnist, with four small files in place of the published ones


def idx(array):
    header = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    return header + array.tobytes()


def make_arrays():
    rng = np.random.default_rng(0)
    shapes = [(12, 28, 28), (12,), (6, 28, 28), (6,)]
    arrays = [
        rng.integers(0, 256 if len(shape) == 3 else 10, shape, dtype=np.uint8) for shape in shapes
    ]
    return dict(zip(mnist.FILES, arrays, strict=True))


ARRAYS = make_arrays()
PLAIN = {name: idx(array) for name, array in ARRAYS.items()}
PACKED = {name: gzip.compress(content, mtime=0) for name, content in PLAIN.items()}
IMAGES = "train-images-idx3-ubyte"


@pytest.fixture
def small_mnist(monkeypatch):
    files = {
        name: mnist.IdxFile(array.shape, sha(PLAIN[name]), sha(PACKED[name]))
        for name, array in ARRAYS.items()
    }
    monkeypatch.setattr(mnist, "FILES", files)


def write(folder, contents):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return folder


def packed_names():
    return {f"{name}.gz": content for name, content in PACKED.items()}


@pytest.mark.usefixtures("small_mnist")
@pytest.mark.parametrize("place", ["", "MNIST/raw", "mnist"])
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
def test_mnist_missing_says_what_where_and_the_remedy(tmp_path):
    write(tmp_path, {name: PLAIN[name] for name in list(PLAIN)[:3]})
    with pytest.raises(DataError) as caught:
        datasets.load("mnist", tmp_path)
    message = str(caught.value)
    assert "t10k-labels-idx1-ubyte not found" in message
    assert IMAGES not in message
    assert f"{tmp_path / 'MNIST' / 'raw'}" in message
    assert "`sgbench data fetch mnist`" in message
    assert "--data-dir" in message
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
    "one bit": (CONTENT[:-1] + bytes([CONTENT[-1] ^ 1]), "its content has SHA-256"),
}


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
        assert message.startswith(f"{tmp_path / name} is corrupt: ")
        assert says in message
        assert f"published SHA-256 {sha(CONTENT)}" in message
        assert "remove it and run `sgbench data fetch mnist`" in message
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


# cifar10, with six files of four images in place of the published ones

ROWS = 4


def make_batches():
    rng = np.random.default_rng(1)
    batches = []
    for _ in cifar10.NAMES:
        records = rng.integers(0, 256, (ROWS, 3073), dtype=np.uint8)
        records[:, 0] %= 10
        batches.append(records)
    return dict(zip(cifar10.NAMES, batches, strict=True))


BATCHES = make_batches()
BINARY = {name: records.tobytes() for name, records in BATCHES.items()}


def tar_of(contents, folder="cifar-10-batches-bin/"):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in contents.items():
            member = tarfile.TarInfo(folder + name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


ARCHIVE = tar_of({"readme.html": b"<html>", **BINARY})


@pytest.fixture
def small_cifar10(monkeypatch):
    hashes = {name: sha(content) for name, content in BINARY.items()}
    monkeypatch.setattr(cifar10, "FILES", hashes)
    monkeypatch.setattr(cifar10, "ROWS", ROWS)
    monkeypatch.setattr(cifar10, "ARCHIVE_SHA256", sha(ARCHIVE))
    monkeypatch.setattr(cifar10, "CANONICAL", _files.digest(hashes.values()))


def encode(record, kind="PNG"):
    from PIL import Image

    stream = io.BytesIO()
    pixels = np.ascontiguousarray(record[1:].reshape(3, 32, 32).transpose(1, 2, 0))
    Image.fromarray(pixels).save(stream, kind)
    return stream.getvalue()


def shard(path, records, *, kind="PNG", column="img", labels=None, images=None):
    import pyarrow as pa
    from pyarrow import parquet

    images = images or [{"bytes": encode(record, kind), "path": None} for record in records]
    labels = labels or [int(record[0]) for record in records]
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.table({column: images, "label": labels}), path)


def shards(folder, order=(1, 2, 3, 4, 5), **options):
    train = np.concatenate([BATCHES[f"data_batch_{i}.bin"] for i in order])
    shard(folder / "train-00000-of-00002.parquet", train[:11], **options)
    shard(folder / "train-00001-of-00002.parquet", train[11:], **options)
    shard(folder / "test-00000-of-00001.parquet", BATCHES["test_batch.bin"], **options)
    return folder


def assert_published(data):
    train = np.concatenate(list(BATCHES.values())[:5])
    test = BATCHES["test_batch.bin"]
    assert np.array_equal(data.train_labels, train[:, 0])
    assert np.array_equal(data.train_images, train[:, 1:].reshape(-1, 3, 32, 32))
    assert np.array_equal(data.test_labels, test[:, 0])
    assert np.array_equal(data.test_images, test[:, 1:].reshape(-1, 3, 32, 32))
    assert data.train_images.flags.writeable
    assert data.train_labels.dtype == np.int64
    assert (data.classes, data.pixel_max) == (10, 255)


@pytest.mark.usefixtures("small_cifar10")
@pytest.mark.parametrize("place", ["", "cifar-10-batches-bin", "cifar10/cifar-10-batches-bin"])
def test_cifar10_binary_version(tmp_path, place):
    write(tmp_path / place, BINARY)
    assert_published(datasets.load("cifar10", tmp_path))
    assert datasets.status("cifar10", tmp_path).canonical
    rows = datasets.verify("cifar10", tmp_path)
    assert (
        [row.found for row in rows]
        == [row.expected for row in rows]
        == list(map(sha, BINARY.values()))
    )


@pytest.mark.usefixtures("small_cifar10")
@pytest.mark.parametrize("cached", [True, False])
def test_cifar10_archive(tmp_path, cache, cached):
    if not cached:
        cache.write_bytes(b"a file, so that no folder can be made of it")
    write(tmp_path / "data", {"cifar-10-binary.tar.gz": ARCHIVE})
    for _ in range(2):
        assert_published(datasets.load("cifar10", tmp_path / "data"))
    assert datasets.verify("cifar10", tmp_path / "data")[0].found == sha(ARCHIVE)
    assert datasets.data_hash("cifar10", tmp_path / "data") == cifar10.CANONICAL


@pytest.mark.usefixtures("small_cifar10")
@pytest.mark.parametrize("column", ["img", "image"])
@pytest.mark.parametrize("order", [(1, 2, 3, 4, 5), (4, 3, 2, 5, 1)])
def test_cifar10_lossless_shards_are_canonical(tmp_path, column, order):
    shards(tmp_path / "cifar10-png", order=order, column=column)
    assert datasets.data_hash("cifar10", tmp_path) == cifar10.CANONICAL
    assert_published(datasets.load("cifar10", tmp_path))
    status = datasets.status("cifar10", tmp_path)
    assert (status.state, status.canonical) == ("ready", True)


@pytest.mark.usefixtures("small_cifar10")
def test_cifar10_recompressed_shards_have_their_own_hash(tmp_path):
    shards(tmp_path, kind="JPEG")
    found = datasets.data_hash("cifar10", tmp_path)
    data = datasets.load("cifar10", tmp_path)
    assert found != cifar10.CANONICAL
    assert not datasets.status("cifar10", tmp_path).canonical
    train = np.concatenate(list(BATCHES.values())[:5])
    assert np.array_equal(data.train_labels, train[:, 0])
    assert not np.array_equal(data.train_images.reshape(20, -1), train[:, 1:])
    rows = datasets.verify("cifar10", tmp_path)
    assert [(row.expected, row.problem) for row in rows] == [(None, None)] * 3


@pytest.mark.usefixtures("small_cifar10")
def test_cifar10_plain_binary_column(tmp_path):
    train = np.concatenate(list(BATCHES.values())[:5])
    shard(tmp_path / "train-0.parquet", train, images=[encode(record) for record in train])
    test = BATCHES["test_batch.bin"]
    shard(tmp_path / "test-0.parquet", test, images=[encode(record) for record in test])
    assert_published(datasets.load("cifar10", tmp_path))


@pytest.mark.usefixtures("small_cifar10")
def test_cifar10_is_decoded_once_and_the_cache_is_checked(tmp_path, cache, monkeypatch):
    shards(tmp_path / "data", kind="JPEG")
    found = datasets.data_hash("cifar10", tmp_path / "data")
    images = datasets.load("cifar10", tmp_path / "data").train_images
    (entry,) = (cache / "converted").iterdir()
    assert sorted(path.name for path in entry.iterdir()) == sorted([*cifar10.NAMES, "SHA256SUMS"])

    decode = cifar10.from_parquet
    monkeypatch.setattr(cifar10, "from_parquet", lambda *_: pytest.fail("decoded again"))
    cifar10._shards_hash.cache_clear()
    assert datasets.data_hash("cifar10", tmp_path / "data") == found
    assert np.array_equal(datasets.load("cifar10", tmp_path / "data").train_images, images)

    monkeypatch.setattr(cifar10, "from_parquet", decode)
    for damage in (b"\0" * ROWS * 3073, b""):  # a wrong and a cut-off cache are made again
        (entry / "data_batch_2.bin").write_bytes(damage)
        assert np.array_equal(datasets.load("cifar10", tmp_path / "data").train_images, images)
        assert (entry / "data_batch_2.bin").stat().st_size == ROWS * 3073
    (entry / "SHA256SUMS").write_bytes(b"\xff\xfe not a list")
    assert np.array_equal(datasets.load("cifar10", tmp_path / "data").train_images, images)


@pytest.mark.usefixtures("small_cifar10")
def test_cifar10_works_without_a_writable_cache(tmp_path, cache):
    cache.write_bytes(b"a file")
    shards(tmp_path / "data")
    assert datasets.data_hash("cifar10", tmp_path / "data") == cifar10.CANONICAL
    assert_published(datasets.load("cifar10", tmp_path / "data"))


@pytest.mark.usefixtures("small_cifar10")
def test_cifar10_prefers_the_published_files(tmp_path):
    shards(tmp_path / "cifar10-jpeg", kind="JPEG")
    write(tmp_path / "cifar-10-batches-bin", BINARY)
    assert_published(datasets.load("cifar10", tmp_path))
    assert datasets.data_hash("cifar10", tmp_path) == cifar10.CANONICAL


@pytest.mark.usefixtures("small_cifar10")
def test_cifar10_missing_says_what_where_and_the_remedy(tmp_path):
    assert datasets.status("cifar10", tmp_path).state == "missing"
    assert datasets.data_hash("cifar10", tmp_path) == cifar10.CANONICAL
    for action in (datasets.load, datasets.verify):
        with pytest.raises(DataError, match="fetch cifar10`, or point --data-dir") as caught:
            action("cifar10", tmp_path)
        assert str(tmp_path) in str(caught.value)
    write(tmp_path, {name: BINARY[name] for name in cifar10.NAMES[:5]})
    with pytest.raises(DataError, match=r"cifar10: test_batch.bin not found"):
        datasets.load("cifar10", tmp_path)


@pytest.mark.usefixtures("small_cifar10")
@pytest.mark.parametrize(
    ("content", "says"),
    [
        (BINARY["data_batch_3.bin"][:-1], "12,291 bytes, not 12,292"),
        (BINARY["data_batch_4.bin"], f"has SHA-256 {sha(BINARY['data_batch_4.bin'])}"),
    ],
)
def test_cifar10_corrupt_binary_file(tmp_path, content, says):
    write(tmp_path, {**BINARY, "data_batch_3.bin": content})
    for action in (datasets.load, datasets.verify, datasets.fetch):
        with pytest.raises(DataError) as caught:
            action("cifar10", tmp_path)
        assert str(caught.value).startswith(f"{tmp_path / 'data_batch_3.bin'} is corrupt: ")
        assert says in str(caught.value)
        assert sha(BINARY["data_batch_3.bin"]) in str(caught.value)


@pytest.mark.usefixtures("small_cifar10")
@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"no archive", "cannot be unpacked"),
        (ARCHIVE[:3000], "cannot be unpacked"),
        (tar_of({**BINARY, "test_batch.bin": b"short"}), "it has no test_batch.bin of 4 images"),
    ],
)
def test_cifar10_archive_that_cannot_be_used(tmp_path, monkeypatch, content, says):
    write(tmp_path, {"cifar-10-binary.tar.gz": content})
    with pytest.raises(DataError, match=f"has SHA-256 {sha(content)}.*{sha(ARCHIVE)}"):
        datasets.load("cifar10", tmp_path)
    monkeypatch.setattr(cifar10, "ARCHIVE_SHA256", sha(content))
    with pytest.raises(DataError, match=says):
        datasets.load("cifar10", tmp_path)


def with_test_shard(folder, **options):
    """Write good shards but for the one of the test set."""
    shards(folder)
    shard(folder / "test-00000-of-00001.parquet", BATCHES["test_batch.bin"], **options)


def other_size():
    from PIL import Image

    stream = io.BytesIO()
    Image.new("RGB", (31, 32)).save(stream, "PNG")
    return stream.getvalue()


BAD_SHARDS = {
    "label above": ({"labels": [0, 1, 10, 2]}, "row 2 has label 10, not 0 to 9"),
    "label below": ({"labels": [0, -1, 1, 2]}, "row 1 has label -1"),
    "label null": ({"labels": [0, None, 1, 2]}, "row 1 has label None"),
    "label text": ({"labels": ["0", "1", "2", "3"]}, "row 0 has label 0, not"),
    "columns": ({"column": "picture"}, "it has columns picture, label, not img and label"),
    "image size": ({"images": [other_size()] * 4}, "row 0 is 31 x 32, not 32 x 32"),
    "no image": ({"images": [b"nothing"] * 4}, "the image in row 0 cannot be decoded"),
    "cut image": ({"images": [other_size()[:40]] * 4}, "row 0"),
    "null image": ({"images": [{"bytes": None, "path": "x"}] * 4}, "image in row 0 cannot be"),
    "struct without bytes": ({"images": [{"path": "x"}] * 4}, "cannot be read"),
}


@pytest.mark.usefixtures("small_cifar10")
@pytest.mark.parametrize(("options", "says"), BAD_SHARDS.values(), ids=BAD_SHARDS)
def test_cifar10_bad_shards(tmp_path, options, says):
    with_test_shard(tmp_path, **options)
    for action in (datasets.load, datasets.data_hash, datasets.verify):
        with pytest.raises(DataError) as caught:
            action("cifar10", tmp_path)
        assert str(caught.value).startswith(f"{tmp_path / 'test-00000-of-00001.parquet'} is corr")
        assert says in str(caught.value)
    assert datasets.status("cifar10", tmp_path).state == "corrupt"


@pytest.mark.usefixtures("small_cifar10")
def test_cifar10_shard_that_is_missing_or_broken(tmp_path):
    shards(tmp_path)
    path = tmp_path / "train-00001-of-00002.parquet"
    content = path.read_bytes()
    path.unlink()
    with pytest.raises(DataError, match="hold 11 images in all, expected 20"):
        datasets.load("cifar10", tmp_path)
    for broken in (
        content[:-8],
        content[: len(content) // 2],
        b"",
        b"PAR1" + b"\0" * 100 + b"PAR1",
    ):
        path.write_bytes(broken)
        with pytest.raises(DataError, match=f"{path.name} is corrupt"):
            datasets.load("cifar10", tmp_path)
    path.write_bytes(content[:4] + b"\xff" * (len(content) // 2) + content[4 + len(content) // 2 :])
    with pytest.raises(DataError, match=f"{path.name} is corrupt"):
        datasets.load("cifar10", tmp_path)


# Downloads, from a server on this machine


@pytest.fixture
def server(tmp_path):
    folder = tmp_path / "served"
    folder.mkdir()
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path.lstrip("/"))
            super().do_GET()

        def log_message(self, *_):
            pass

    serve = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        running.folder, running.asked = folder, asked
        running.url = f"http://127.0.0.1:{running.server_address[1]}/"
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def refused_url():
    """Return a URL of a port that nobody listens on."""
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as closed:
        port = closed.server_address[1]
    return f"http://127.0.0.1:{port}/"


@pytest.mark.usefixtures("small_mnist")
def test_fetch_mnist(tmp_path, server, refused_url, monkeypatch, capsys):
    monkeypatch.setattr(mnist, "MIRRORS", (refused_url, server.url))
    write(server.folder, packed_names())
    target = tmp_path / "data"
    datasets.fetch("mnist", target)
    assert np.array_equal(
        datasets.load("mnist", target).test_labels, ARRAYS["t10k-labels-idx1-ubyte"]
    )
    assert sorted(path.name for path in (target / "mnist").iterdir()) == sorted(packed_names())
    out, err = capsys.readouterr()
    assert out == ""
    assert f"fetching {server.url}{IMAGES}.gz" in err

    asked = len(server.asked)
    datasets.fetch("mnist", target)  # all there: nothing is asked for
    assert len(server.asked) == asked == 4

    (target / "mnist" / f"{IMAGES}.gz").write_bytes(b"damaged")
    datasets.fetch("mnist", target)
    assert server.asked[asked:] == [f"{IMAGES}.gz"]
    datasets.load("mnist", target)


@pytest.mark.usefixtures("small_mnist")
def test_fetch_uses_what_is_there(tmp_path, server, monkeypatch):
    monkeypatch.setattr(mnist, "MIRRORS", (server.url,))
    write(tmp_path / "MNIST" / "raw", PLAIN)
    datasets.fetch("mnist", tmp_path)
    assert server.asked == []
    write(tmp_path / "MNIST" / "raw", {IMAGES: CONTENT[:-1]})
    with pytest.raises(DataError, match="remove it and run"):
        datasets.fetch("mnist", tmp_path)  # a file that fetch did not put there is not replaced


@pytest.mark.usefixtures("small_mnist")
def test_fetch_without_network_is_one_clear_line(tmp_path, refused_url, monkeypatch):
    monkeypatch.setattr(mnist, "MIRRORS", (refused_url, "http://no-such-host.invalid/"))
    with pytest.raises(DataError) as caught:
        datasets.fetch("mnist", tmp_path)
    message = str(caught.value)
    assert f"cannot fetch mnist's {IMAGES}.gz ({refused_url}{IMAGES}.gz: no connection" in message
    assert "no-such-host.invalid" in message
    assert f"download it by hand into {tmp_path / 'mnist'}" in message
    assert sha(PACKED[IMAGES]) in message
    assert "--data-dir" in message
    assert "\n" not in message
    assert len(message) < 800
    assert list((tmp_path / "mnist").iterdir()) == []


@pytest.mark.usefixtures("small_mnist")
def test_fetch_of_the_wrong_file_keeps_nothing(tmp_path, server, monkeypatch):
    monkeypatch.setattr(mnist, "MIRRORS", (server.url,))
    write(server.folder, {**packed_names(), f"{IMAGES}.gz": b"a page that asks for a login"})
    with pytest.raises(DataError, match="wrong file: expected SHA-256") as caught:
        datasets.fetch("mnist", tmp_path)
    assert sha(PACKED[IMAGES]) in str(caught.value)
    assert sha(b"a page that asks for a login") in str(caught.value)
    assert list((tmp_path / "mnist").iterdir()) == []
    (server.folder / f"{IMAGES}.gz").unlink()
    with pytest.raises(DataError, match="404"):
        datasets.fetch("mnist", tmp_path)


@pytest.mark.usefixtures("small_mnist")
def test_fetch_into_a_folder_that_cannot_be(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DataError, match=r"cannot make the folder .*--data-dir"):
        datasets.fetch("mnist", tmp_path / "file")


@pytest.mark.usefixtures("small_cifar10")
def test_fetch_cifar10(tmp_path, server, monkeypatch, capsys):
    monkeypatch.setattr(cifar10, "URLS", (f"{server.url}cifar-10-binary.tar.gz",))
    write(server.folder, {"cifar-10-binary.tar.gz": ARCHIVE})
    target = tmp_path / "data"
    datasets.fetch("cifar10", target)
    assert_published(datasets.load("cifar10", target))
    unpacked = target / "cifar10" / "cifar-10-batches-bin"
    assert [path for path in target.rglob("*") if path.is_file()] == [*unpacked.iterdir()]
    datasets.fetch("cifar10", target)
    assert server.asked == ["cifar-10-binary.tar.gz"]
    assert "is there and verified" in capsys.readouterr().err


@pytest.mark.usefixtures("small_cifar10")
def test_fetch_cifar10_uses_an_archive_that_is_there(tmp_path, server, monkeypatch):
    monkeypatch.setattr(cifar10, "URLS", (f"{server.url}cifar-10-binary.tar.gz",))
    write(tmp_path, {"cifar-10-binary.tar.gz": ARCHIVE})
    datasets.fetch("cifar10", tmp_path)
    assert server.asked == []
    assert (tmp_path / "cifar-10-binary.tar.gz").is_file()
    assert datasets.status("cifar10", tmp_path).source == "binary (6 files)"
    (tmp_path / "cifar10" / "cifar-10-batches-bin" / "test_batch.bin").unlink()
    monkeypatch.setattr(cifar10, "write_files", raise_full)
    with pytest.raises(DataError, match=r"cannot unpack .*No space left"):
        datasets.fetch("cifar10", tmp_path)


def raise_full(*_):
    raise OSError(28, "No space left on device")


def test_files_appear_whole_or_not_at_all(tmp_path, monkeypatch):
    write(tmp_path, {"a": b"old"})
    monkeypatch.setattr(_cache.os, "replace", raise_full)
    with pytest.raises(OSError, match="No space"):
        _cache.write_files(tmp_path, ["a"], [b"new"])
    assert [path.read_bytes() for path in tmp_path.iterdir() if path.is_file()] == [b"old"]


def test_progress_bar_counts_what_pooch_tells_it():
    with _fetch._Bar("file") as bar:
        assert bar.total == 0
        bar.total = 100
        bar.update(60)
        bar.update(60)
        bar.reset()
        bar.update(100)
        bar.close()
        assert bar.total == 100
        assert bar._progress.tasks[0].completed == 100


# The real files


def test_published_hashes_are_those_of_the_identities():
    assert datasets.canonical_hash("mnist") == "ca679089cd9dd461"
    assert datasets.canonical_hash("cifar10") == "a132c267d536ecae"
    assert datasets.canonical_hash("digits") == "205a6f21ad3a9e38"


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


@needs_data
@pytest.mark.slow
def test_real_cifar10():
    if datasets.status("cifar10", REAL).state == "missing":
        pytest.skip("SGBENCH_DATA has no CIFAR-10")
    data = datasets.load("cifar10", REAL)
    assert data.train_images.shape == (50_000, 3, 32, 32)
    assert data.test_images.shape == (10_000, 3, 32, 32)
    assert np.bincount(data.train_labels).tolist() == [5000] * 10
    assert np.bincount(data.test_labels).tolist() == [1000] * 10
    assert 0.46 < data.train_images.mean() / 255 < 0.49  # published mean 0.4734
    assert datasets.verify("cifar10", REAL)
