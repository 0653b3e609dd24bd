"""Penn Treebank: what loads, what its hash is, what is refused."""

import gzip
import os
import tracemalloc

import numpy as np
import pytest
from sgbench.bench import datasets
from sgbench.bench.datasets import ptb
from sgbench.bench.errors import DataError
from small_files.folders import decode, packed, sha, write
from small_files.ptb import CONTENTS, TRAIN

REAL = os.environ.get("SGBENCH_DATA")
needs_data = pytest.mark.skipif(not REAL, reason="SGBENCH_DATA does not name a folder of data")


@pytest.mark.usefixtures("small_ptb")
@pytest.mark.parametrize(
    "place",
    [
        *("", "ptb", "simple-examples/data", "data", "ptb/simple-examples/data", "ptb/data"),
        *(
            "PTB",
            "penn",
            "Penn-Treebank",
            "penn_treebank/data",
            "PennTreebank/simple-examples/data",
        ),
    ],
)
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


@pytest.mark.parametrize("there", ["", "ptb", "PTB", "penn/data"])
def test_ptb_is_fetched_into_a_folder_of_its_own(tmp_path, there):
    (tmp_path / there).mkdir(parents=True, exist_ok=True)
    assert datasets.status("ptb", tmp_path).folder == tmp_path / "ptb"


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
        assert f"`sgbench data fetch ptb --data-dir {tmp_path}`" in message
        assert message.count("not found") == 1
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
        judged = "is not ptb's published file" if content else "is corrupt"
        assert message.startswith(f"{tmp_path / name} {judged}: {says}")
        assert f"published SHA-256 {sha(CONTENTS[TRAIN])}" in message
        assert f"remove it and run `sgbench data fetch ptb --data-dir {tmp_path}`" in message
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
