"""The data that comes in sequences: the levels of the copying tasks, the texts, other texts."""

import functools
import gzip
import hashlib
import http.server
import itertools
import os
import re
import threading
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sgbench.bench import datasets
from sgbench.bench.datasets import (
    Data,
    Episodes,
    Text,
    _copying,
    _text,
    copy,
    descriptions,
    ptb,
    repeat_copy,
)
from sgbench.bench.errors import DataError, UsageError

REAL = os.environ.get("SGBENCH_DATA")
needs_data = pytest.mark.skipif(not REAL, reason="SGBENCH_DATA does not name a folder of data")


@pytest.fixture(autouse=True)
def surroundings(monkeypatch):
    """Keep the user's data folder and proxies out of the tests."""
    monkeypatch.delenv("SGBENCH_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "*")


def sha(content):
    return hashlib.sha256(content).hexdigest()


def test_family_says_what_load_gives():
    families = {name: datasets.family(name) for name in datasets.names()}
    assert families == {
        "cifar10": "images",
        "copy": "episodes",
        "counting": "counting",
        "counting_digits": "counting",
        "descriptions": "text",
        "digits": "images",
        "mnist": "images",
        "ptb": "text",
        "repeat_copy": "episodes",
    }
    assert isinstance(datasets.load("digits"), Data)
    assert isinstance(datasets.load("copy"), Episodes)
    assert isinstance(datasets.load("descriptions"), Text)
    with pytest.raises(UsageError, match="did you mean 'repeat_copy'"):
        datasets.family("repeat-copy")


# The copying tasks

TASKS = {name: datasets.load(name) for name in ("copy", "repeat_copy")}
ANY_LEVEL = st.sampled_from([(task, level) for task in TASKS.values() for level in task.levels])


def episode(level, drawn):
    """Return the inputs and targets (None where nothing counts) as the fields are described."""
    inputs = [
        drawn[source] if source >= 0 else constant
        for source, constant in zip(level.source, level.constant, strict=True)
    ]
    return inputs, [drawn[wanted] if wanted >= 0 else None for wanted in level.wanted]


def test_copy_reads_stops_and_reproduces():
    task = TASKS["copy"]
    blank, stop = 2, 3
    assert (task.symbols, task.classes) == (4, 2)
    assert episode(task.levels[2], [1, 0, 1]) == (
        [1, 0, 1, stop, blank, blank, blank],
        [None, None, None, None, 1, 0, 1],
    )


def test_repeat_copy_reads_how_often_stops_and_reproduces_as_often():
    task = TASKS["repeat_copy"]
    blank, stop, three = 2, 3, 6
    assert (task.symbols, task.classes) == (20, 2)
    assert episode(task.levels[2], [0, 1]) == (
        [0, 1, three, stop, *[blank] * 6],
        [None, None, None, None, 0, 1, 0, 1, 0, 1],
    )


def test_copy_raises_n_by_one():
    levels = TASKS["copy"].levels
    assert [level.copied for level in levels] == list(range(1, 101))
    assert [level.length for level in levels] == list(range(4, 104))
    assert {level.repeats for level in levels} == {1}


def test_repeat_copy_raises_n_and_r_alternately():
    levels = TASKS["repeat_copy"].levels
    paper = [5, 7, 9, 12, 15, 19, 23, 28, 33, 39, 45, 52, 59, 67]
    assert [level.length for level in levels][:14] == paper
    pairs = [(level.copied, level.repeats) for level in levels]
    assert pairs[:5] == [(1, 2), (2, 2), (2, 3), (3, 3), (3, 4)]
    assert pairs[-2:] == [(15, 16), (16, 16)]
    steps = [(n - m, r - q) for (m, q), (n, r) in itertools.pairwise(pairs)]
    assert steps == [(1, 0), (0, 1)] * 14 + [(1, 0)]


@given(ANY_LEVEL, st.data())
def test_every_level_is_a_whole_episode(task_level, data):
    task, level = task_level
    n, r = level.copied, level.repeats
    announced = 1 if task is TASKS["copy"] else 2
    steps = n + announced + n * r
    assert level.length == n * r + 3
    assert len(level.source) == len(level.constant) == len(level.wanted) == steps
    assert [p for p in range(steps) if level.source[p] >= 0] == list(range(n))
    assert [p for p in range(steps) if level.wanted[p] >= 0] == list(range(steps - n * r, steps))
    drawn = data.draw(st.lists(st.integers(0, task.classes - 1), min_size=n, max_size=n))
    inputs, targets = episode(level, drawn)
    assert inputs[:n] == drawn
    assert targets[-n * r :] == drawn * r
    assert all(0 <= code < task.symbols for code in (*inputs, *level.constant))
    assert inputs.count(_copying.STOP) == 1
    assert inputs[n + announced - 1] == _copying.STOP
    assert inputs[n + announced :] == [_copying.BLANK] * (n * r)
    if announced == 2:
        assert inputs[n] == _copying.number(r)
        assert len({code for level in task.levels for code in level.constant}) == 2 + 15


@pytest.mark.parametrize("name", TASKS)
def test_rung_finds_the_level_of_a_length(name):
    task = TASKS[name]
    assert [task.rung(level.length) for level in task.levels] == [*range(len(task.levels))]


def test_rung_names_the_nearest_lengths_where_there_is_none():
    with pytest.raises(UsageError, match="T_task 24: they go from 5 to 259, the nearest 23 and 28"):
        TASKS["repeat_copy"].rung(24)
    with pytest.raises(UsageError, match="the nearest 102 and 103"):
        TASKS["copy"].rung(10**6)
    with pytest.raises(UsageError, match="the nearest 4 and 5"):
        TASKS["copy"].rung(-3)


def test_another_alphabet_moves_the_codes(monkeypatch):
    for name, value in (("ALPHABET", 5), ("BLANK", 5), ("STOP", 6)):
        monkeypatch.setattr(_copying, name, value)
    for module, symbols in ((copy, 7), (repeat_copy, 23)):
        task = module.load(None)
        assert (task.symbols, task.classes) == (symbols, 5)
        codes = {code for level in task.levels for code in level.constant}
        assert (min(codes), max(codes)) == (5, symbols - 1)


@pytest.mark.parametrize("name", TASKS)
def test_generated_data_is_canonical_and_needs_nothing(tmp_path, name):
    folder = tmp_path / "none"
    assert datasets.load(name, folder) == TASKS[name]
    assert datasets.data_hash(name, folder) == datasets.canonical_hash(name)
    assert datasets.canonical_hash(name) == sha(name.encode())[:16]
    status = datasets.status(name, folder)
    assert (status.state, status.folder, status.canonical) == ("generated", None, True)
    assert datasets.verify(name, folder) == []
    datasets.fetch(name, folder)
    assert not folder.exists()


# Characters as codes

SYMBOLS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=300)


def decode(codes, alphabet):
    return "".join(alphabet[code] for code in codes)


@given(SYMBOLS)
def test_codes_are_ranks_by_code_point(text):
    alphabet = _text.symbols(text)
    assert list(alphabet) == sorted(set(text))
    codes = _text.encode(text, alphabet)
    assert codes.dtype == np.uint8
    assert codes.flags.writeable  # torch warns of arrays that are not
    assert decode(codes, alphabet) == text


@given(SYMBOLS)
def test_split_keeps_every_character_in_order(text):
    data = _text.split(text)
    parts = [data.train, data.valid, data.test]
    assert "".join(decode(part, data.alphabet) for part in parts) == text
    assert len(data.train) == int(len(text) * 0.9 + 1e-9)
    assert abs(len(data.valid) - len(data.test)) <= 1
    assert data.alphabet == _text.symbols(text)


# ptb, with three small files in place of the published ones

CONTENTS = {
    "ptb.train.txt": b" the <unk> of N \\/ \n no. N 's \n",
    "ptb.valid.txt": b" a-b c \n",
    "ptb.test.txt": b" N $ \n & <unk> * \n # \n",
}
TRAIN = "ptb.train.txt"


@pytest.fixture
def small_ptb(monkeypatch):
    files = {name: ptb.TextFile(len(text), sha(text)) for name, text in CONTENTS.items()}
    monkeypatch.setattr(ptb, "FILES", files)


def write(folder, contents):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return folder


def packed(contents):
    return {f"{name}.gz": gzip.compress(content, mtime=0) for name, content in contents.items()}


@pytest.mark.usefixtures("small_ptb")
@pytest.mark.parametrize("place", ["", "ptb"])
@pytest.mark.parametrize("form", [dict, packed])
def test_ptb_loads_from_each_place(tmp_path, place, form):
    write(tmp_path / place, form(CONTENTS))
    data = datasets.load("ptb", tmp_path)
    assert decode(data.train, data.alphabet) == "the <unk> of N \\/\nno. N 's\n"
    assert decode(data.valid, data.alphabet) == "a-b c\n"
    assert decode(data.test, data.alphabet) == "N $\n& <unk> *\n#\n"
    assert datasets.status("ptb", tmp_path).state == "ready"
    assert datasets.status("ptb", tmp_path).folder == tmp_path / place
    rows = datasets.verify("ptb", tmp_path)
    assert [row.found for row in rows] == list(map(sha, CONTENTS.values()))


def test_ptb_alphabet_is_in_the_order_of_code_points():
    assert list(ptb.ALPHABET) == sorted(set(ptb.ALPHABET))
    assert len(ptb.ALPHABET) == 50


@pytest.mark.usefixtures("small_ptb")
def test_ptb_missing_says_what_where_and_the_remedy(tmp_path):
    write(tmp_path, {TRAIN: CONTENTS[TRAIN]})
    for action in (datasets.load, datasets.verify):
        with pytest.raises(DataError) as caught:
            action("ptb", tmp_path)
        message = str(caught.value)
        assert "ptb.valid.txt" in message
        assert f"{TRAIN} not found" not in message
        assert str(tmp_path / "ptb") in message
        assert "`sgbench data fetch ptb`" in message
        assert "\n" not in message
    status = datasets.status("ptb", tmp_path)
    assert (status.state, status.source) == ("missing", "missing ptb.valid.txt, ptb.test.txt")
    assert datasets.data_hash("ptb", tmp_path) == datasets.canonical_hash("ptb")


BROKEN = {
    "empty": (b"", "it is empty"),
    "cut": (CONTENTS[TRAIN][:-1], "it should have 31 bytes and has only 30"),
    "goes on": (CONTENTS[TRAIN] + b"\n", "it should have 31 bytes and has more"),
    "line ends": (CONTENTS[TRAIN].replace(b"\n", b"\r\n"), "byte 0x0d at 19 is none of the 50"),
    "not ASCII": (CONTENTS[TRAIN].replace(b"o", b"\xf8"), "byte 0xf8 at 11 is none of the 50"),
    "upper case": (CONTENTS[TRAIN].upper(), "byte 0x54 at 1 is none of the 50"),
    "other words": (CONTENTS[TRAIN].replace(b"of", b"if"), "its content has SHA-256"),
}


@pytest.mark.usefixtures("small_ptb")
@pytest.mark.parametrize(("content", "says"), BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("form", [dict, packed])
def test_ptb_corrupt_says_which_expected_hash_and_remedy(tmp_path, content, says, form):
    write(tmp_path, form({**CONTENTS, TRAIN: content}))
    (name,) = form({TRAIN: content})
    for action in (datasets.load, datasets.verify):
        with pytest.raises(DataError) as caught:
            action("ptb", tmp_path)
        message = str(caught.value)
        assert message.startswith(f"{tmp_path / name} is corrupt: {says}")
        assert f"published SHA-256 {sha(CONTENTS[TRAIN])}" in message
        assert "remove it and run `sgbench data fetch ptb`" in message
        assert "\n" not in message


@pytest.mark.usefixtures("small_ptb")
def test_ptb_broken_gzip_is_corrupt(tmp_path):
    whole = packed(CONTENTS)
    for content in (b"no gzip", whole[f"{TRAIN}.gz"][:-9]):
        write(tmp_path, {**whole, f"{TRAIN}.gz": content})
        with pytest.raises(DataError, match=f"{TRAIN}.gz is corrupt: it cannot be read"):
            datasets.load("ptb", tmp_path)


@pytest.mark.usefixtures("small_ptb")
def test_ptb_reads_no_more_than_the_published_size(tmp_path):
    write(tmp_path, {**packed(CONTENTS), f"{TRAIN}.gz": gzip.compress(b"a" * 30_000_000)})
    tracemalloc.start()
    with pytest.raises(DataError, match="has more"):
        datasets.load("ptb", tmp_path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3_000_000


@pytest.fixture
def server(tmp_path):
    folder = write(tmp_path / "served", CONTENTS)
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


@pytest.mark.usefixtures("small_ptb")
def test_fetch_ptb(tmp_path, server, monkeypatch):
    monkeypatch.setattr(ptb, "MIRRORS", (f"{server.url}none/", server.url))
    target = tmp_path / "data"
    datasets.fetch("ptb", target)
    assert decode(datasets.load("ptb", target).valid, ptb.ALPHABET) == "a-b c\n"
    assert server.asked == [f"{place}{name}" for name in CONTENTS for place in ("none/", "")]
    datasets.fetch("ptb", target)  # all there: nothing is asked for
    assert len(server.asked) == 6
    (target / "ptb" / TRAIN).write_bytes(b"damaged")
    datasets.fetch("ptb", target)
    assert (target / "ptb" / TRAIN).read_bytes() == CONTENTS[TRAIN]


@pytest.mark.usefixtures("small_ptb")
def test_fetch_ptb_keeps_no_other_file_than_the_published(tmp_path, server, monkeypatch):
    monkeypatch.setattr(ptb, "MIRRORS", (server.url,))
    (server.folder / TRAIN).write_bytes(b"another text")
    with pytest.raises(DataError, match="wrong file: expected SHA-256"):
        datasets.fetch("ptb", tmp_path / "data")
    assert list((tmp_path / "data" / "ptb").iterdir()) == []


@pytest.mark.usefixtures("small_ptb")
def test_fetch_ptb_leaves_files_of_others_alone(tmp_path, server, monkeypatch):
    monkeypatch.setattr(ptb, "MIRRORS", (server.url,))
    write(tmp_path, packed(CONTENTS))
    datasets.fetch("ptb", tmp_path)
    assert server.asked == []
    write(tmp_path, {f"{TRAIN}.gz": gzip.compress(b"damaged")})
    with pytest.raises(DataError, match="remove it and run"):
        datasets.fetch("ptb", tmp_path)


def test_published_texts_have_these_identities():
    assert datasets.canonical_hash("ptb") == "5dcfaaaae20feefb"
    assert datasets.canonical_hash("descriptions") == "efcc63d1a838d213"


@needs_data
def test_real_ptb_has_the_customary_counts():
    if datasets.status("ptb", REAL).state == "missing":
        pytest.skip(f"no ptb in {REAL}")
    data = datasets.load("ptb", REAL)
    assert list(map(len, (data.train, data.valid, data.test))) == [5_017_482, 393_042, 442_423]
    assert len(data.alphabet) == 50
    assert np.unique(data.train).size == 50
    assert np.unique(data.test).size == 48
    assert decode(data.train[:24], data.alphabet) == "aer banknote berlitz cal"
    text = decode(data.test, data.alphabet)
    assert text.startswith("no it was n't black monday\nbut while the new york stock exchange")
    assert not {" \n", "\n ", "\n\n"} & {text[at : at + 2] for at in range(len(text))}
    assert text.count("<unk>") == 4794
    assert [row.problem for row in datasets.verify("ptb", REAL)] == [None] * 3


# descriptions


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


# Other texts

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
