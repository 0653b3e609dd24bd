"""examples/fashion.toml, on four small files in the place of Fashion-MNIST's."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from sgbench.cli import main
from small_files.folders import packed, sha, write
from small_files.own import idx_files

EXAMPLE = Path(__file__).parents[2] / "examples" / "fashion.toml"
SETTINGS = ("dataset=fashion", "hidden_units=8", "iterations=3", "batch_size=2")


@pytest.fixture
def fashion(tmp_path):
    """The example, where a user has put it beside the files."""
    write(tmp_path / "FashionMNIST" / "raw", packed(idx_files()))
    return shutil.copy(EXAMPLE, tmp_path)


def sgbench(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


def test_its_files_are_verified(fashion):
    done = sgbench("data", "verify", "fashion", "--dataset-file", fashion)
    assert done.exit_code == 0, done.output
    assert [line.split()[2] for line in done.stdout.splitlines()] == [
        sha(content) for content in idx_files().values()
    ]


def test_a_network_trains_on_it(fashion, tmp_path):
    store, where = tmp_path / "store", "network=fcn,depth=3,rule=backprop"
    given = [word for setting in SETTINGS for word in ("--set", setting)]
    options = ("--dataset-file", fashion, "--store", store, "--seeds", 1)
    done = sgbench("run", "table1", "--where", where, *given, *options, "--jobs", 1, "--json")
    assert done.exit_code == 0, done.output
    record = json.loads(done.stdout)
    assert (record["dataset"], record["status"], record["data_canonical"]) == (
        "fashion",
        "ok",
        True,
    )


def test_without_its_files_the_folder_is_named(tmp_path):
    alone = shutil.copy(EXAMPLE, tmp_path)
    refused = sgbench("data", "list", "--dataset-file", alone)
    assert refused.exit_code == 2
    for word in ("--dataset-file", "fashion.toml", "folder", "FashionMNIST/raw", "SGBENCH_DATA"):
        assert word in refused.stderr
