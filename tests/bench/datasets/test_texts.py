"""Texts as codes: how they are coded and split, scikit-learn's descriptions, other corpora."""

import os
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sgbench.bench import datasets
from sgbench.bench.datasets import descriptions
from sgbench.bench.datasets.loading import text as text_module
from sgbench.bench.errors import DataError, UsageError
from small_files.folders import decode, sha, write

SYMBOLS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=300)


@given(SYMBOLS)
def test_codes_are_ranks_by_code_point(text):
    alphabet = text_module.symbols(text)
    assert list(alphabet) == sorted(set(text))
    codes = text_module.encode(text, alphabet)
    assert codes.dtype == np.uint8
    assert codes.flags.writeable  # torch warns of arrays that are not
    assert decode(codes, alphabet) == text


@given(SYMBOLS)
def test_split_keeps_every_character_in_order(text):
    data = text_module.split(text)
    parts = [data.train, data.valid, data.test]
    assert "".join(decode(part, data.alphabet) for part in parts) == text
    assert len(data.train) == int(len(text) * 0.9 + 1e-9)
    assert abs(len(data.valid) - len(data.test)) <= 1
    assert data.alphabet == text_module.symbols(text)


@pytest.fixture
def bundled(tmp_path, monkeypatch):
    """Return a folder that stands for scikit-learn's descriptions."""
    folder = tmp_path / "descr"
    folder.mkdir()
    monkeypatch.setattr(descriptions, "installed", lambda *_: [tmp_path / "none", folder])
    return folder


def test_descriptions_are_scikit_learns():
    data = datasets.load("descriptions")
    text = "".join(decode(part, data.alphabet) for part in (data.train, data.valid, data.test))
    assert text.startswith(".. _breast_cancer_dataset:\n")
    assert ".. _iris_dataset:\n" in text
    assert [len(data.train), len(data.valid), len(data.test)] == [38_748, 2_153, 2_153]
    assert len(data.alphabet) == 92
    assert datasets.data_hash("descriptions") == sha(text.encode())[:16]
    status = datasets.status("descriptions")
    assert (status.state, status.canonical) == ("bundled", True)
    (row,) = datasets.verify("descriptions")
    assert row.expected == row.found == descriptions.SHA256
    datasets.fetch("descriptions")


def test_descriptions_of_another_version_are_other_data(bundled):
    write(bundled, {"b.rst": "b — c\n".encode() * 100, "a.rst": b"a\r\n", "a.txt": b"no"})
    content = b"a\r\n" + "b — c\n".encode() * 100
    assert datasets.data_hash("descriptions") == sha(content)[:16]
    data = datasets.load("descriptions")
    assert data.alphabet == "\n\r abc—"
    assert decode(data.train[:9], data.alphabet) == "a\r\nb — c\n"
    status = datasets.status("descriptions")
    assert (status.state, status.canonical) == ("bundled", False)
    (row,) = datasets.verify("descriptions")
    assert (row.expected, row.found, row.problem) == (None, sha(content), None)


@pytest.mark.parametrize(
    ("contents", "says"),
    [
        ({}, "are not there"),
        ({"a.rst": b""}, "are not there"),
        ({"a.rst": b"\xff\xfe"}, "are no text to train on"),
        ({"a.rst": "".join(map(chr, range(1, 300))).encode()}, "299 different symbols, 256 are"),
    ],
)
def test_descriptions_that_cannot_be_used(bundled, contents, says):
    write(bundled, contents)
    for action in (datasets.load, datasets.verify):
        with pytest.raises(DataError, match=says) as caught:
            action("descriptions")
        assert str(caught.value).startswith("descriptions: scikit-learn's datasets/descr/*.rst ")
        assert str(caught.value).endswith("; reinstall scikit-learn")


def test_descriptions_without_scikit_learn_still_have_an_identity(monkeypatch):
    monkeypatch.setattr(descriptions, "installed", lambda *_: [])
    assert datasets.data_hash("descriptions") == datasets.canonical_hash("descriptions")
    assert datasets.status("descriptions").state == "missing"
    with pytest.raises(DataError, match="are not there; reinstall scikit-learn"):
        datasets.load("descriptions")


POEM = "Ödes Land, öder Strand\r\n\tund der Wind — er pfeift.\n" * 30


@pytest.mark.parametrize("name", ["ptb", "descriptions"])
def test_a_corpus_takes_the_place_of_a_text(tmp_path, name):
    path = tmp_path / "poem.txt"
    path.write_bytes(POEM.encode())
    data = datasets.load(name, tmp_path, corpus=str(path))
    parts = [decode(part, data.alphabet) for part in (data.train, data.valid, data.test)]
    assert "".join(parts) == POEM
    assert [len(part) for part in parts] == [1377, 76, 77]
    found = datasets.data_hash(name, tmp_path, corpus=str(path))
    assert found == datasets.corpus_hash(path) == sha(POEM.encode())[:16]
    assert found != datasets.canonical_hash(name)
    path.write_bytes(POEM.upper().encode())
    assert datasets.corpus_hash(path) == sha(POEM.upper().encode())[:16]


def test_a_corpus_is_for_texts_alone(tmp_path):
    for action in (datasets.load, datasets.data_hash):
        for name in ("mnist", "copy"):
            with pytest.raises(UsageError, match=f"{name} is no text.*descriptions or ptb"):
                action(name, corpus=tmp_path / "poem.txt")


def test_a_corpus_may_have_as_many_symbols_as_a_byte(tmp_path):
    path = tmp_path / "symbols.txt"
    text = "".join(map(chr, range(256))) * 4
    path.write_bytes(text.encode())
    data = datasets.load_corpus(path)
    assert len(data.alphabet) == 256
    assert decode(data.train, data.alphabet) == text[: 1024 * 9 // 10]


BAD_CORPORA = {
    "empty": (b"", "is empty; name a text of 1,000"),
    "short": (b"a" * 999, "has 999 characters; name a text of 1,000"),
    "short in characters": ("ö".encode() * 999, "has 999 characters"),
    "not UTF-8": (b"a" * 1000 + b"\xff", "is not UTF-8 (byte 0xff at 1,000); convert it"),
    "cut UTF-8": (b"a" * 1000 + "ö".encode()[:1], "is not UTF-8 (byte 0xc3 at 1,000)"),
    "symbols": ("".join(map(chr, range(257))).encode() * 4, "has 257 different symbols, 256 are"),
}


@pytest.mark.parametrize(("content", "says"), BAD_CORPORA.values(), ids=BAD_CORPORA)
def test_a_corpus_that_cannot_be_used(tmp_path, content, says):
    path = tmp_path / "poem.txt"
    path.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        datasets.load("ptb", corpus=path)
    assert str(caught.value).startswith(f"corpus: {path} {says}")
    assert "\n" not in str(caught.value)
    datasets.corpus_hash(path)


def test_a_corpus_that_is_no_file(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_bytes(b"")
    for path, says in (
        (tmp_path / "none.txt", "is not there"),
        (tmp_path, "is a folder"),
        (tmp_path / "pipe", "no plain file"),
        (tmp_path / "file" / "below", "cannot be read|is not there"),
    ):
        for action in (datasets.load_corpus, datasets.corpus_hash):
            with pytest.raises(UsageError, match=f"corpus: {path} .*name a UTF-8") as caught:
                action(path)
            assert re.search(says, str(caught.value))

    def refuse(_):
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "file"
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(UsageError, match=r"cannot be read \(Permission denied\)"):
        datasets.load_corpus(path)
