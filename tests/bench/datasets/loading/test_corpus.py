"""Any text in the place of a dataset's: what is read, what is refused."""

import os
import re
from pathlib import Path

import pytest
from sgbench.bench import datasets
from sgbench.bench.errors import UsageError
from small_files.folders import decode, sha

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


@pytest.mark.parametrize("text", [POEM, POEM.replace("\r\n", "\n")], ids=["CRLF", "LF"])
def test_a_byte_order_mark_is_no_symbol_and_is_told_once(tmp_path, capsys, text):
    plain, marked = tmp_path / "plain.txt", tmp_path / "marked.txt"
    plain.write_bytes(text.encode())
    marked.write_bytes(text.encode("utf-8-sig"))
    for _ in range(2):
        assert (
            datasets.corpus_hash(marked)
            == datasets.corpus_hash(plain)
            == sha(plain.read_bytes())[:16]
        )
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"corpus: {marked} begins with a byte-order mark, which is left out"
    assert datasets.symbols("ptb", marked) == datasets.symbols("ptb", plain) == len(set(text))
    found, same = datasets.load_corpus(marked), datasets.load_corpus(plain)
    assert found.alphabet == same.alphabet
    assert decode(found.train, found.alphabet) == decode(same.train, same.alphabet)
    inside = tmp_path / "inside.txt"
    inside.write_bytes(("a" + text.encode("utf-8-sig").decode()).encode())
    assert "\ufeff" in datasets.load_corpus(inside).alphabet  # a character like any other there


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
