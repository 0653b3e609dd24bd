"""CIFAR-10 in its three forms: what loads, what its hash is, what is refused."""

import io
import os

import numpy as np
import pytest
from sgbench.bench import datasets
from sgbench.bench.datasets import cifar10
from sgbench.bench.errors import DataError
from small_files.cifar10 import (
    ARCHIVE,
    BATCHES,
    BINARY,
    ROWS,
    assert_published,
    encode,
    pickles,
    shard,
    shards,
    tar_of,
)
from small_files.folders import sha, write

REAL = os.environ.get("SGBENCH_DATA")
needs_data = pytest.mark.skipif(not REAL, reason="SGBENCH_DATA does not name a folder of data")


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
@pytest.mark.parametrize("place", ["", "cifar-10-batches-py", "CIFAR10/cifar-10-batches-py"])
def test_cifar10_python_version(tmp_path, place):
    pickles(tmp_path / place)
    assert_published(datasets.load("cifar10", tmp_path))
    status = datasets.status("cifar10", tmp_path)
    assert (status.state, status.canonical, status.source) == ("ready", True, "Python (6 files)")
    assert [row.problem for row in datasets.verify("cifar10", tmp_path)] == [None] * 6


@pytest.mark.usefixtures("small_cifar10")
def test_a_changed_batch_of_the_python_version_shows_in_the_hash(tmp_path):
    changed = BATCHES["data_batch_2.bin"].copy()
    changed[0, 7] ^= 1
    pickles(tmp_path, data_batch_2=changed)
    assert datasets.data_hash("cifar10", tmp_path) != cifar10.DATASET.canonical
    assert not datasets.status("cifar10", tmp_path).canonical


@pytest.mark.usefixtures("small_cifar10")
def test_a_batch_of_the_python_version_that_is_none_is_refused(tmp_path):
    pickles(tmp_path)
    (tmp_path / "data_batch_5").write_bytes(b"cos\nsystem\n(U\x02idtR.")
    with pytest.raises(DataError, match=r"data_batch_5 is corrupt: .*it asks for os.system"):
        datasets.load("cifar10", tmp_path)
    assert datasets.status("cifar10", tmp_path).state == "corrupt"


@pytest.mark.usefixtures("small_cifar10")
@pytest.mark.parametrize(
    "place",
    [
        *("cifar10/plain_text", "plain_text", "cifar10/data", "CIFAR-10", "cifar_10/plain_text"),
        "uoft-cs/cifar10/plain_text",
    ],
)
def test_cifar10_shards_where_archives_have_them(tmp_path, place):
    shards(tmp_path / "cifar100" / "plain_text", kind="JPEG")  # of another set
    shards(tmp_path / place)
    assert_published(datasets.load("cifar10", tmp_path))


@pytest.mark.usefixtures("small_cifar10")
@pytest.mark.parametrize("cached", [True, False])
def test_cifar10_archive(tmp_path, cache, cached):
    if not cached:
        cache.write_bytes(b"a file, so that no folder can be made of it")
    write(tmp_path / "data", {"cifar-10-binary.tar.gz": ARCHIVE})
    for _ in range(2):
        assert_published(datasets.load("cifar10", tmp_path / "data"))
    assert datasets.verify("cifar10", tmp_path / "data")[0].found == sha(ARCHIVE)
    assert datasets.data_hash("cifar10", tmp_path / "data") == cifar10.DATASET.canonical


@pytest.mark.usefixtures("small_cifar10")
@pytest.mark.parametrize("column", ["img", "image"])
@pytest.mark.parametrize("order", [(1, 2, 3, 4, 5), (4, 3, 2, 5, 1)])
def test_cifar10_lossless_shards_are_canonical(tmp_path, column, order):
    shards(tmp_path / "cifar10-png", order=order, column=column)
    assert datasets.data_hash("cifar10", tmp_path) == cifar10.DATASET.canonical
    assert_published(datasets.load("cifar10", tmp_path))
    status = datasets.status("cifar10", tmp_path)
    assert (status.state, status.canonical) == ("ready", True)


@pytest.mark.usefixtures("small_cifar10")
def test_cifar10_recompressed_shards_have_their_own_hash(tmp_path):
    shards(tmp_path, kind="JPEG")
    found = datasets.data_hash("cifar10", tmp_path)
    data = datasets.load("cifar10", tmp_path)
    assert found != cifar10.DATASET.canonical
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
    cifar10._converted_hash.cache_clear()
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
    assert datasets.data_hash("cifar10", tmp_path / "data") == cifar10.DATASET.canonical
    assert_published(datasets.load("cifar10", tmp_path / "data"))


@pytest.mark.usefixtures("small_cifar10")
def test_cifar10_prefers_the_published_files(tmp_path):
    shards(tmp_path / "cifar10-jpeg", kind="JPEG")
    write(tmp_path / "cifar-10-batches-bin", BINARY)
    assert_published(datasets.load("cifar10", tmp_path))
    assert datasets.data_hash("cifar10", tmp_path) == cifar10.DATASET.canonical


@pytest.mark.usefixtures("small_cifar10")
def test_cifar10_missing_says_what_where_and_the_remedy(tmp_path):
    assert datasets.status("cifar10", tmp_path).state == "missing"
    assert datasets.data_hash("cifar10", tmp_path) == cifar10.DATASET.canonical
    for action in (datasets.load, datasets.verify):
        with pytest.raises(DataError, match=r"data-dir \S+`, or point --data-dir") as caught:
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
        (BINARY["data_batch_3.bin"] * 2, "24,584 bytes, not 12,292"),
        (BINARY["data_batch_4.bin"], f"has SHA-256 {sha(BINARY['data_batch_4.bin'])}"),
    ],
)
def test_cifar10_corrupt_binary_file(tmp_path, content, says):
    write(tmp_path, {**BINARY, "data_batch_3.bin": content})
    for action in (datasets.load, datasets.verify, datasets.fetch):
        with pytest.raises(DataError) as caught:
            action("cifar10", tmp_path)
        judged = "is not cifar10's published file" if len(content) % 3073 == 0 else "is corrupt"
        assert str(caught.value).startswith(f"{tmp_path / 'data_batch_3.bin'} {judged}: ")
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
    "null image": ({"images": [{"bytes": None, "path": "x"}] * 4}, "names the image in row 0, but"),
    "struct without bytes": ({"images": [{"path": "x"}] * 4}, "its img names images, but"),
}


@pytest.mark.usefixtures("small_cifar10")
@pytest.mark.parametrize(("options", "says"), BAD_SHARDS.values(), ids=BAD_SHARDS)
def test_cifar10_bad_shards(tmp_path, options, says):
    with_test_shard(tmp_path, **options)
    for action in (datasets.load, datasets.data_hash, datasets.verify):
        with pytest.raises(DataError) as caught:
            action("cifar10", tmp_path)
        sound = "cannot" not in says and says != "row 0"
        judged = "is not cifar10's published file" if sound else "is corrupt"
        path = tmp_path / "test-00000-of-00001.parquet"
        assert str(caught.value).startswith(f"{path} {judged}: ")
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
