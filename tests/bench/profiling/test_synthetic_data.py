"""Data to time on has the shapes of the real data, and programs run on it."""

import dataclasses

import numpy as np
import pytest
import torch
from sgbench.bench import datasets, registry
from sgbench.bench.datasets import Data, Episodes, Text
from sgbench.bench.errors import DataError, UsageError
from sgbench.bench.families.family import family_for
from sgbench.bench.nn import products
from sgbench.bench.profiling import synthetic_data
from sgbench.reproductions.exhibits.exhibit import expand, load
from small_files.folders import write
from small_files.own import CLASSES, description, idx_files

SOURCES = {
    "mnist": ("table1", {"network": "fcn"}),
    "cifar10": ("table1", {"network": "fcn"}),
    "digits": ("table1", {"network": "fcn"}),
    "ptb": ("table2", {}),
    "descriptions": ("table2", {}),
    "copy": ("table2", {}),
    "repeat_copy": ("table2", {}),
    "counting": ("two_networks", {}),
    "counting_digits": ("two_networks", {}),
}


def cell_of(dataset):
    """The first cell on `dataset` of the exhibit that has it."""
    exhibit, wanted = SOURCES[dataset]
    for scale in ("demo", "quick", "paper"):
        for cell in expand(load(exhibit), scale, seeds=1):
            if cell.dataset == dataset and all(cell.value(k) == v for k, v in wanted.items()):
                return cell
    raise AssertionError(f"no cell on {dataset}")


def test_every_dataset_is_looked_at_here():
    assert set(SOURCES) == set(datasets.names())


@pytest.mark.parametrize("dataset", SOURCES)
def test_shapes_and_ranges_are_those_of_the_real_data(dataset):
    try:
        real = datasets.load(dataset)
    except DataError as error:
        pytest.skip(f"no real data to compare with: {error}")
    found = synthetic_data.data_for(cell_of(dataset))
    assert type(found) is type(real)
    if isinstance(real, Episodes):
        assert found == real
        return
    for field in dataclasses.fields(real):
        got, want = getattr(found, field.name), getattr(real, field.name)
        if isinstance(want, np.ndarray):
            assert (got.shape, got.dtype) == (want.shape, want.dtype), field.name
            assert got.min() >= want.min(), field.name
            assert got.max() == (want.max() if isinstance(real, Data) else len(real.alphabet) - 1)
        elif field.name == "alphabet":
            assert len(set(got)) == len(want)
        else:
            assert got == want, field.name


def test_own_data_has_the_shapes_that_it_declares(tmp_path):
    write(tmp_path / "pictures", idx_files())
    (tmp_path / "small.toml").write_text(description(), encoding="utf-8")
    registry.DATASETS.add_file(tmp_path / "small.toml", "--dataset-file")
    try:
        found = synthetic_data.data_for(cell_of("digits").replace(dataset="small"))
    finally:
        registry.DATASETS.remove("small")
    assert found.train_images.shape == (6, 1, 5, 4)
    assert found.test_images.shape == (3, 1, 5, 4)
    assert (found.classes, found.pixel_max) == (CLASSES, 255)


@pytest.mark.parametrize("dataset", SOURCES)
def test_no_file_is_looked_for(dataset, monkeypatch, tmp_path):
    monkeypatch.setenv("SGBENCH_DATA", str(tmp_path))
    found = synthetic_data.data_for(cell_of(dataset))
    assert isinstance(found, (Data, Episodes, Text))
    assert synthetic_data.data_for(cell_of(dataset)) in (found,) or isinstance(found, Episodes)


def test_a_text_of_ones_own_is_read(tmp_path):
    text = tmp_path / "mine.txt"
    text.write_text("abcab" * 1000, encoding="utf-8")
    cell = dataclasses.replace(cell_of("descriptions"), corpus=str(text))
    assert synthetic_data.data_for(cell).alphabet == "abc"
    with pytest.raises(UsageError, match="not there"):
        synthetic_data.data_for(dataclasses.replace(cell, corpus=str(tmp_path / "not there")))


@pytest.mark.parametrize(
    ("exhibit", "kind"),
    [
        ("table1", "FeedForwardProgram"),
        ("p_update", "FeedForwardProgram"),
        ("table2", "RecurrentProgram"),
        ("two_networks", "PairProgram"),
    ],
)
def test_programs_train_on_it(exhibit, kind, monkeypatch, tmp_path):
    monkeypatch.setenv("SGBENCH_DATA", str(tmp_path))
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    cells = expand(load(exhibit), "demo", seeds=2)
    alike = tuple(c for c in cells if dataclasses.replace(c, seed=cells[0].seed) == cells[0])
    try:
        program = synthetic_data.program_for(alike, "cpu", 1, products.available()[0])
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
    assert type(program).__name__ == kind
    assert len(program.cells) == 2
    weights = program.network.weights.flat.clone()
    with family_for(alike[0]).grad_mode():
        for _ in range(40):  # of a copied symbol, or under a mask, nothing may come at first
            program.step()
    assert program.iteration == 40
    assert not torch.equal(weights, program.network.weights.flat)
