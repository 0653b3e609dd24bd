"""scikit-learn's descriptions as a text."""

import pytest
from sgbench.bench import datasets
from sgbench.bench.datasets import descriptions
from sgbench.bench.errors import DataError
from small_files.folders import decode, sha, write


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
