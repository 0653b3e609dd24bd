"""Six files of four images in place of the published ones, and shards of Parquet."""

import io
import pickle
import tarfile

import numpy as np
from sgbench.bench.datasets import cifar10

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


def pickles(folder, **changed):
    """The Python version's six files, one of them changed."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, found in BATCHES.items():
        stem = name.removesuffix(".bin")
        records = changed.get(stem, found)
        batch = {b"labels": records[:, 0].tolist(), b"data": records[:, 1:].copy()}
        (folder / stem).write_bytes(pickle.dumps(batch, 3))


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
