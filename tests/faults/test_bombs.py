"""Files that promise or unfold to far more than they are: refused before memory is taken."""

import gzip
import io
import resource
import struct
import subprocess
import sys
import zlib

import pytest
from faults.harness import Tally, check_words, frugal, patient
from sgbench.bench.datasets import mnist, ptb
from sgbench.bench.datasets.loading import shards
from sgbench.bench.errors import DataError

pytestmark = pytest.mark.slow
pa = shards._pyarrow()
GIB = 2**30


def packed_zeros(size):
    """The gzip stream of `size` zeros."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=1) as stream:
        for _ in range(size // 2**24):
            stream.write(bytes(2**24))
    return buffer.getvalue()


@pytest.fixture(scope="module")
def zeros():
    return packed_zeros(GIB // 2)


def refused(read, *arguments):
    with patient(), frugal(2**28), pytest.raises(DataError) as caught:
        read(*arguments)
    check_words(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("count", [2**31, 2**32 - 1, 60_001])
@pytest.mark.parametrize("pack", [False, True])
def test_an_idx_header_that_promises_too_much(tmp_path, count, pack):
    name = "train-images-idx3-ubyte"
    path = tmp_path / (f"{name}.gz" if pack else name)
    data = struct.pack(">BBBBIII", 0, 0, 8, 3, count, 28, 28) + bytes(100)
    path.write_bytes(gzip.compress(data) if pack else data)
    with Tally("IDX headers that promise up to 2³² images") as tally:
        assert f"{count} x 28 x 28" in refused(mnist._read, name, path)
        tally()


def test_a_gzip_that_unfolds_to_half_a_gibibyte(tmp_path, zeros):
    with Tally("gzip files that unfold to 512 MiB") as tally:
        for read, name in ((mnist._read, "train-images-idx3-ubyte"), (ptb._read, "ptb.train.txt")):
            path = tmp_path / f"{name}.gz"
            path.write_bytes(zeros)
            refused(read, name, path)
            tally()
        right = struct.pack(">BBBBIII", 0, 0, 8, 3, 60_000, 28, 28)
        path = tmp_path / "train-images-idx3-ubyte.gz"
        path.write_bytes(gzip.compress(right) + zeros)  # two members: the header is as it should be
        assert "more follow" in refused(mnist._read, "train-images-idx3-ubyte", path)
        tally()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, rows=b"", *extra):
    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = [chunk(b"IHDR", size), *extra, chunk(b"IDAT", zlib.compress(rows, 9))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(body) + chunk(b"IEND", b"")


ZEROS = zlib.compress(bytes(2**28), 9)
JPEG_HUGE = (
    b"\xff\xd8\xff\xc0\x00\x11\x08\xff\xff\xff\xff\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01\xff\xd9"
)
IMAGES = {
    "a PNG of 60,000 x 60,000": png(60_000, 60_000),
    "a PNG of 11,000 x 11,000": png(11_000, 11_000),  # of a size that Pillow only warns of
    "a PNG of 32 x 32 with 256 MiB of rows": png(32, 32, bytes(2**28)),
    "a PNG with 256 MiB of text": png(32, 32, b"", chunk(b"zTXt", b"a\0\0" + ZEROS)),
    "a PNG with a profile of 256 MiB": png(32, 32, b"", chunk(b"iCCP", b"a\0\0" + ZEROS)),
    "a JPEG of 65,535 x 65,535": JPEG_HUGE,
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("image", IMAGES.values(), ids=list(IMAGES))
def test_an_image_that_is_larger_than_it_should_be(tmp_path, image):
    with Tally("PNG and JPEG images that unfold") as tally, patient(), frugal(2**28):
        try:
            shards._pixels(image, tmp_path / "train-0.parquet", 3)
        except DataError as error:
            check_words(error)
        tally()


def shard(path, image, times, codec="zstd"):
    """Write a shard that has one image so often, by a dictionary that has it once."""
    images = pa.DictionaryArray.from_arrays(pa.array([0] * times, pa.int32()), pa.array([image]))
    table = pa.table({"img": images, "label": [1] * times})
    pa.parquet.write_table(
        table, path, compression=codec, store_schema=False, dictionary_pagesize_limit=2**30
    )


@pytest.mark.parametrize("codec", ["zstd", "gzip", "snappy"])
def test_a_shard_that_unfolds(tmp_path, codec):
    """A value of 32 MiB; and one of 16 MiB that a dictionary says 500 times."""
    with Tally("Parquet shards that unfold to 32 MiB and to 8 GiB") as tally:
        for size, times in ((2**25, 1), (2**24, 500)):
            path = tmp_path / f"train-{times}.parquet"
            shard(path, bytes(size), times, codec)
            assert path.stat().st_size < 2**22
            refused(shards.from_parquet, [path], times)
            tally()


LYING = """
import sys
from pathlib import Path
from sgbench.bench.datasets.loading import shards
from sgbench.bench.errors import DataError
shards._unfolds = lambda *_: None  # as if the footer had lied
try:
    shards.from_parquet([Path(sys.argv[1])], 1000)
except DataError as error:
    print(error)
"""


def test_a_shard_whose_footer_lies(tmp_path):
    """What its pages take is then known only when they do: that much is all it gets."""
    path = tmp_path / "train-lies.parquet"
    shard(path, bytes(2**24), 1000)
    with Tally("Parquet shards whose footer lies, 16 GiB") as tally:
        command = [sys.executable, "-c", LYING, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
        assert "cannot be read" in done.stdout
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
        assert peak < shards.MOST_MEMORY + GIB
        tally()
