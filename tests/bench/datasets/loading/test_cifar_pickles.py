"""CIFAR-10's Python version: what is read, and that nothing in a file can run."""

import os
import pickle

import numpy as np
import pytest
from sgbench.bench.datasets.loading import cifar_pickles

ROWS = 3
PIXELS = np.random.default_rng(1).integers(0, 256, (ROWS, 3072), np.uint8)
LABELS = [3, 0, 9]
BATCH = {
    b"batch_label": b"training batch 1 of 5",
    b"labels": LABELS,
    b"data": PIXELS,
    b"filenames": [b"a.png", b"b.png", b"a.png"],
}


def of_python_2(batch):
    """Pickle as Python 2 did, whose strings are bytes: so are the published files."""
    raw, names = batch[b"data"].tobytes(), batch[b"filenames"]

    def text(value):
        return b"U" + bytes([len(value)]) + value

    array = (
        b"cnumpy.core.multiarray\n_reconstruct\nq\x02cnumpy\nndarray\nq\x03K\x00\x85" + text(b"b")
        + b"\x87Rq\x04(K\x01M" + len(batch[b"data"]).to_bytes(2, "little") + b"M\x00\x0c\x86"
        + b"cnumpy\ndtype\nq\x05" + text(b"u1") + b"K\x00K\x01\x87R(K\x03" + text(b"|") + b"NNNJ"
        + b"\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T" + len(raw).to_bytes(4, "little") + raw
        + b"tb"
    )  # fmt: skip
    labels = b"](" + b"".join(b"K" + bytes([label]) for label in batch[b"labels"]) + b"e"
    files = b"](" + b"".join(text(name) + b"r\x00\x01\x00\x00" for name in names) + b"e"
    return (
        b"\x80\x02}q\x01(" + text(b"batch_label") + text(batch[b"batch_label"])
        + text(b"data") + array + text(b"labels") + labels + text(b"filenames") + files + b"u."
    )  # fmt: skip


def read(tmp_path, content, rows=ROWS):
    path = tmp_path / "data_batch_1"
    path.write_bytes(content)
    return cifar_pickles.records(path, rows)


def test_the_pickle_of_python_2_is_one():
    found = pickle.loads(of_python_2(BATCH), encoding="bytes")
    assert np.array_equal(found.pop(b"data"), PIXELS)
    assert found == {name: value for name, value in BATCH.items() if name != b"data"}


@pytest.mark.parametrize("protocol", ["Python 2", 2, 3, 4])
@pytest.mark.parametrize("keys", [bytes, bytes.decode])
def test_batches_of_every_python_are_read(tmp_path, protocol, keys):
    batch = {keys(name): value for name, value in BATCH.items()}
    content = of_python_2(BATCH) if protocol == "Python 2" else pickle.dumps(batch, protocol)
    found = np.frombuffer(read(tmp_path, content), np.uint8).reshape(ROWS, 3073)
    assert found[:, 0].tolist() == LABELS
    assert np.array_equal(found[:, 1:], PIXELS)


class Calls:
    """Unpickled, it calls a function."""

    def __init__(self, function, *arguments):
        self.called = (function, arguments)

    def __reduce__(self):
        return self.called


DEEP = b")q\x00" + b"h\x00h\x00\x86q\x00" * 60
"""A tuple of two of a tuple of two ..., which takes 2 ** 60 steps to walk or to hash."""


@pytest.mark.parametrize(
    ("batch", "words"),
    [
        (BATCH | {b"more": Calls(os.mkdir, "ran")}, "it asks for posix.mkdir"),
        (BATCH | {b"more": Calls(eval, "1")}, r"it asks for \w+.eval"),
        (BATCH | {b"more": Calls(getattr, "a", "b")}, r"it asks for \w+.getattr"),
        (BATCH | {b"more": np.float64(3)}, "it asks for numpy"),
        ([BATCH], "it is no dictionary"),
        ({}, "it has no array of data"),
        (BATCH | {b"data": PIXELS.astype(np.int16)}, "its data is not 3 x 3,072 bytes"),
        (BATCH | {b"data": PIXELS[:2]}, "its data is not 3 x 3,072 bytes"),
        (BATCH | {b"data": np.asfortranarray(PIXELS)}, "its data is not 3 x 3,072 bytes"),
        (BATCH | {b"labels": [1, 2]}, "it has no list of 3 labels"),
        (BATCH | {b"labels": [1, 2, 10]}, "a label is not 0 to 9"),
        (BATCH | {b"labels": [1, 2, True]}, "a label is not 0 to 9"),
        ({b"fine_labels": LABELS, b"data": PIXELS}, "it has no list of 3 labels"),  # CIFAR-100's
        (BATCH | {b"more": list(range(20_000))}, "more than 10,024 instructions"),
    ],
)
def test_what_is_no_batch_is_refused_and_nothing_runs(tmp_path, monkeypatch, batch, words):
    monkeypatch.chdir(tmp_path)
    content = pickle.dumps(batch, 2)
    with pytest.raises(ValueError, match=words):
        read(tmp_path, content)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x80\x02}" + DEEP + b"K\x01s.", "a key is no text"),
        (b"\x80\x02}U\x04data](" + DEEP + b"es.", "it has no array of data"),
        (b"\x80\x04" + DEEP + DEEP + b"\x93.", "it asks for "),
        (b"\x80\x02}q\x00.", "it has no array of data"),
        (b"\x80\x02K\x01(.", "it is incomplete"),
        (b"\x80\x02(i os\nmkdir\n.", "it has the instruction INST"),
        (b"\x80\x02U\x02ab)R.", "it calls what is no name"),
    ],
)
def test_what_no_batch_needs_is_refused_at_once(tmp_path, content, words):
    with pytest.raises(ValueError, match=words):
        read(tmp_path, content)


def test_names_in_a_file_are_told_without_what_a_terminal_would_act_on(tmp_path):
    with pytest.raises(ValueError, match=r"it asks for os\. \[2J") as caught:
        read(tmp_path, b"\x80\x04\x8c\x02os\x8c\x06\x00\x1b[2J\r\x93.")
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("cut", [0, 1, 2, 50, 1000, -1])
def test_a_file_that_is_cut_off_is_refused(tmp_path, cut):
    with pytest.raises(ValueError, match="no pickle of a batch"):
        read(tmp_path, of_python_2(BATCH)[:cut])


def test_a_file_that_is_too_long_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(cifar_pickles, "LONGEST", 10)
    with pytest.raises(ValueError, match="more than the 9,226 bytes"):
        read(tmp_path, pickle.dumps(BATCH))
