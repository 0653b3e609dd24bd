"""Broken data files: refused in one line, at once, before memory is taken for what they promise."""

import functools
import gzip
import hashlib
import io
import os
import pickle
import tarfile

import numpy as np
import pytest
from faults.harness import Tally, check_words, frugal, fuzzed, patient
from faults.inputs import broken
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sgbench.bench.datasets import cifar10, load_corpus, mnist, ptb
from sgbench.bench.datasets.loading import cifar_binary, cifar_pickles
from sgbench.bench.datasets.loading import shards as shards_module
from sgbench.bench.errors import DataError, UsageError

pytestmark = pytest.mark.slow
pa = shards_module._pyarrow()
ROWS = 4


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Write bytes to a file of a name and return its path."""
    folder = tmp_path_factory.mktemp("fuzz")

    def write(name, data):
        path = folder / name
        path.write_bytes(data)
        return path

    return write


def refused(read, *arguments):
    """Call; return whether it was refused, by the one line that a user may see."""
    with patient():
        try:
            read(*arguments)
        except (DataError, UsageError) as error:
            check_words(error)
            return True
    return False


@functools.cache
def idx():
    """A small IDX file, plain and packed, in the place of a published one."""
    pixels = np.random.default_rng(1).integers(0, 256, (5, 28, 28), np.uint8)
    plain = bytes([0, 0, 8, 3, 0, 0, 0, 5, 0, 0, 0, 28, 0, 0, 0, 28]) + pixels.tobytes()
    return plain, gzip.compress(plain)


def test_idx(file, monkeypatch):
    plain, packed = idx()
    published = mnist.IdxFile((5, 28, 28), hashlib.sha256(plain).hexdigest(), "")
    monkeypatch.setattr(mnist, "FILES", {"digits": published})
    assert mnist._read("digits", file("digits", plain)).shape == (5, 28, 28)
    with Tally("IDX files (MNIST), plain and gzip, fuzzed") as tally, frugal():

        @fuzzed(10_000)
        @given(broken([plain]), st.booleans(), st.booleans())
        def fuzz(data, pack, inside):
            content = gzip.compress(data, 1) if pack and inside else data
            path = file("digits.gz" if pack else "digits", content)
            assert (
                refused(mnist._read, "digits", path) or content in (plain, packed) or data == plain
            )
            tally()

        fuzz()


def test_packed_files_whose_packing_is_broken(file, monkeypatch):
    plain, packed = idx()
    published = mnist.IdxFile((5, 28, 28), hashlib.sha256(plain).hexdigest(), "")
    monkeypatch.setattr(mnist, "FILES", {"digits": published})
    with Tally("gzip streams, fuzzed") as tally, frugal():

        @fuzzed(10_000)
        @given(broken([packed]))
        def fuzz(data):  # a changed time or name of the packed file changes no content
            refused(mnist._read, "digits", file("digits.gz", data))
            tally()

        fuzz()


def test_ptb(file, monkeypatch):
    text = b" the cat sat on <unk> mat \n no it was n't N years old \n" * 40
    published = ptb.TextFile(len(text), hashlib.sha256(text).hexdigest())
    monkeypatch.setattr(ptb, "FILES", {"ptb.train.txt": published})
    assert ptb._read("ptb.train.txt", file("ptb.train.txt", text)) == text
    with Tally("Penn Treebank files, plain and gzip, fuzzed") as tally, frugal():

        @fuzzed(10_000)
        @given(broken([text]), st.booleans())
        def fuzz(data, pack):
            name, content = "ptb.train.txt", gzip.compress(data, 1) if pack else data
            path = file(f"{name}.gz" if pack else name, content)
            assert refused(ptb._read, name, path) or data == text
            tally()

        fuzz()


def test_corpus(file):
    texts = [
        ("naïve text ☃ " * 100).encode(),
        b"a" * 1000,
        "".join(map(chr, range(200, 456))).encode(),
    ]
    with Tally("texts given as a corpus, fuzzed") as tally, frugal():

        @fuzzed(10_000)
        @given(broken(texts))
        def fuzz(data):
            refused(load_corpus, file("corpus.txt", data))
            tally()

        fuzz()


def records(count):
    """`count` records of CIFAR-10's binary version."""
    found = np.random.default_rng(2).integers(0, 256, (count, cifar_binary.RECORD), np.uint8)
    found[:, 0] %= 10
    return found.tobytes()


@functools.cache
def archives():
    """Small archives like the published one: in its layout, and with odd members beside."""
    found = []
    for odd in (False, True):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
            for name in ("a.bin", "b.bin"):
                member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
                member.size = ROWS * cifar_binary.RECORD
                archive.addfile(member, io.BytesIO(records(ROWS)))
            if odd:
                for name, kind in (("../x", tarfile.SYMTYPE), ("/etc/a.bin", tarfile.LNKTYPE)):
                    member = tarfile.TarInfo(name)
                    member.type, member.linkname = kind, "/etc/passwd"
                    archive.addfile(member)
        found.append(buffer.getvalue())
    return found


def test_cifar10_archives(file):
    names = ("a.bin", "b.bin")
    for good in archives():
        assert cifar_binary.from_archive(file("c.tar.gz", good), names, ROWS) == [records(ROWS)] * 2
    inner = [gzip.decompress(good) for good in archives()]
    with Tally("CIFAR-10 archives (tar.gz), fuzzed inside and outside") as tally, frugal():

        @fuzzed(10_000)
        @given(st.booleans(), broken(archives()), broken(inner, near=512))
        def fuzz(outside, packed, unpacked):
            data = packed if outside else gzip.compress(unpacked, 1)
            refused(cifar_binary.from_archive, file("c.tar.gz", data), names, ROWS)
            tally()

        fuzz()


def test_cifar10_binary_files(file, monkeypatch):
    good = records(ROWS)
    monkeypatch.setattr(cifar10, "ROWS", ROWS)
    monkeypatch.setattr(cifar10, "FILES", {"a.bin": hashlib.sha256(good).hexdigest()})
    assert cifar10._read(file("a.bin", good)) == good
    with Tally("CIFAR-10 binary files, fuzzed") as tally, frugal():

        @fuzzed(10_000)
        @given(broken([good]))
        def fuzz(data):
            assert refused(cifar10._read, file("a.bin", data)) or data == good
            tally()

        fuzz()


@functools.cache
def encoded(kind="PNG", side=32):
    buffer = io.BytesIO()
    pixels = np.random.default_rng(3).integers(0, 256, (side, side, 3), np.uint8)
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


@functools.cache
def shards():
    """Parquet shards of a few images, by different codecs and columns."""
    found = []
    for codec in ("snappy", "zstd", "none", "gzip"):
        for kind, name, plain in (("PNG", "img", False), ("JPEG", "image", True)):
            images = [encoded(kind) if plain else {"bytes": encoded(kind), "path": None}] * ROWS
            table = pa.table({name: images, "label": list(range(ROWS))})
            buffer = io.BytesIO()
            pa.parquet.write_table(table, buffer, compression=codec)
            found.append(buffer.getvalue())
    return found


def test_cifar10_parquet(file):
    for good in shards():
        assert (
            len(shards_module.from_parquet([file("s.parquet", good)], ROWS))
            == ROWS * cifar_binary.RECORD
        )
    with Tally("CIFAR-10 Parquet shards, fuzzed") as tally, frugal():

        @fuzzed(10_000)
        @given(broken(shards(), near=900))
        def fuzz(data):
            refused(shards_module.from_parquet, [file("s.parquet", data)], ROWS)
            tally()

        fuzz()


def test_images_of_a_shard(file):
    good = [encoded(), encoded("JPEG"), encoded("PNG", 8)]
    with Tally("PNG and JPEG images of a shard, fuzzed") as tally, frugal():

        @fuzzed(10_000)
        @given(broken(good))
        def fuzz(data):
            refused(shards_module._pixels, data, file("s.parquet", b""), 7)
            tally()

        fuzz()


def test_cifar10_pickles(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(5)
    labels, names = [3, 0, 9, 1], [b"a.png", b"b.png", b"c.png", b"d.png"]
    pixels = rng.integers(0, 256, (ROWS, cifar_binary.PIXELS), np.uint8)
    batch = {b"labels": labels, b"data": pixels, b"filenames": names}
    good = [pickle.dumps(batch, protocol) for protocol in (2, 3, 4)]
    good.append(pickle.dumps(batch | {b"more": CallsMkdir()}, 2))

    def read(path):
        try:
            return cifar_pickles.records(path, ROWS)
        except ValueError as error:
            raise DataError(f"{path} is corrupt: {error}; remove it") from error

    for content in good[:3]:
        assert read(file("data_batch_1", content))
    with Tally("CIFAR-10's pickled batches, fuzzed") as tally, frugal():

        @fuzzed(10_000)
        @given(broken(good))
        def fuzz(data):
            refused(read, file("data_batch_1", data))
            tally()

        fuzz()
    assert not any(tmp_path.iterdir())


class CallsMkdir:
    """Unpickled, it makes a folder."""

    def __reduce__(self):
        return os.mkdir, ("ran",)
