"""The names of datasets, their versions and hashes, and the folder they are looked for in."""

import subprocess
import sys
from pathlib import Path

import pytest
from sgbench.bench import datasets
from sgbench.bench.datasets import Data, Episodes, Text
from sgbench.bench.errors import UsageError


def test_names_and_versions():
    assert datasets.names() == (
        "cifar10",
        "copy",
        "counting",
        "counting_digits",
        "descriptions",
        "digits",
        "mnist",
        "ptb",
        "repeat_copy",
    )
    for name in datasets.names():
        assert datasets.version(name) >= 1
        assert datasets.data_hash(name) == datasets.canonical_hash(name)
        assert len(bytes.fromhex(datasets.canonical_hash(name))) == 8


def test_the_kind_says_what_load_gives():
    kinds = {name: datasets.kind(name) for name in datasets.names()}
    assert kinds == {
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
        datasets.kind("repeat-copy")


def test_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'mnist'"):
        datasets.load("minst")


def test_identity_imports_nothing_heavy(tmp_path):
    code = (
        "import sys; from sgbench.bench import datasets as d;"
        f"[(d.version(n), d.data_hash(n, {str(tmp_path)!r}), d.data_hash(n), d.status(n))"
        " for n in d.names()];"
        "heavy = {'torch', 'pandas', 'sklearn', 'scipy', 'pyarrow', 'PIL', 'pooch', 'numpy'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_data_folder_is_argument_then_variable_then_cache(tmp_path, cache, monkeypatch):
    assert datasets.resolve(None) == cache
    monkeypatch.setenv("SGBENCH_DATA", str(tmp_path / "variable"))
    assert datasets.resolve(None) == tmp_path / "variable"
    assert datasets.resolve("~/given") == Path.home() / "given"
    monkeypatch.setenv("SGBENCH_DATA", "")
    assert datasets.resolve(None) == cache


@pytest.mark.parametrize(
    ("folder", "says"), [("x" * 300, "cannot be searched"), ("~no one/x", "no such home")]
)
def test_a_data_folder_that_cannot_be_is_one_clear_line(folder, says):
    with pytest.raises(UsageError, match=says) as caught:
        datasets.status("mnist", folder)
    assert "--data-dir" in str(caught.value)


def test_published_hashes_are_those_of_the_identities():
    assert datasets.canonical_hash("mnist") == "ca679089cd9dd461"
    assert datasets.canonical_hash("cifar10") == "a132c267d536ecae"
    assert datasets.canonical_hash("digits") == "205a6f21ad3a9e38"


def test_published_texts_have_these_identities():
    assert datasets.canonical_hash("ptb") == "5dcfaaaae20feefb"
    assert datasets.canonical_hash("descriptions") == "efcc63d1a838d213"


def test_the_command_that_fetches_names_the_users_folder_and_whose_files_they_are():
    assert datasets.fetching(["mnist"], None) == "sgbench data fetch mnist"
    of_both = datasets.fetching(["counting", "mnist", "ptb"], "my data")
    assert of_both == "sgbench data fetch mnist ptb --data-dir 'my data'"
