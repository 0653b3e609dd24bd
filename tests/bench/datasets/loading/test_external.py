"""Own data in a module: what it may leave out, and what is refused."""

import dataclasses

import numpy as np
import pytest
from sgbench.bench import datasets, registry
from sgbench.bench.datasets import Data, Episodes, Text
from sgbench.bench.datasets.loading import external
from sgbench.bench.datasets.loading.copying import level
from sgbench.bench.declarations import Dataset
from sgbench.bench.errors import DataError, UsageError

IMAGES = Dataset(
    name="mine",
    label="mine",
    kind="images",
    version=1,
    shape=(1, 2, 3),
    classes=4,
    examples=(5, 2),
    pixel_max=9,
)
TEXT = Dataset(name="mine", label="mine", kind="text", version=1, symbols=3, characters=(20, 5, 5))
TASK = Dataset(name="mine", label="mine", kind="episodes", version=1, symbols=4, classes=2)


def drawn(most, shape, dtype=np.uint8):
    return np.random.default_rng(0).integers(0, most + 1, shape).astype(dtype)


def pictures(**changed):
    """Images as `IMAGES` declares them, but for what is changed."""
    right = Data(
        train_images=drawn(9, (5, 1, 2, 3)),
        train_labels=drawn(3, 5, np.int64),
        test_images=drawn(9, (2, 1, 2, 3)),
        test_labels=drawn(3, 2, np.int64),
        classes=4,
        pixel_max=9,
    )
    return dataclasses.replace(right, **changed)


def text(**changed):
    right = Text(train=drawn(2, 20), valid=drawn(2, 5), test=drawn(2, 5), alphabet="abc")
    return dataclasses.replace(right, **changed)


def task(**changed):
    right = Episodes(symbols=4, classes=2, levels=(level(1, 1, [3]), level(2, 1, [3])))
    return dataclasses.replace(right, **changed)


def functions(dataset, loaded):
    """The functions of a module that has `load` alone."""

    class Module:
        __file__ = "mine.py"

        @staticmethod
        def load(folder):
            return loaded

    return external.functions_of(dataset, Module)


@pytest.mark.parametrize(
    ("dataset", "loaded"), [(IMAGES, pictures()), (TEXT, text()), (TASK, task())]
)
def test_load_alone_will_do(dataset, loaded, tmp_path, capsys):
    found = functions(dataset, loaded)
    assert found.load(tmp_path) is loaded
    status = found.status(tmp_path)
    assert (status.name, status.state, status.canonical) == ("mine", "ready", True)
    assert "mine.py" in status.source
    assert status.data_hash == found.data_hash(tmp_path)
    (row,) = found.check(tmp_path)
    assert (row.found, row.problem) == (status.data_hash, None)
    found.fetch(tmp_path)
    assert "nothing to fetch" in capsys.readouterr().err


def test_the_hash_is_that_of_the_values():
    hashes = {
        external.content_hash(loaded)
        for loaded in (
            pictures(),
            pictures(train_labels=drawn(3, 5, np.int64)[::-1]),
            pictures(train_images=drawn(9, (5, 1, 2, 3)).reshape(5, 1, 3, 2)),
            pictures(pixel_max=10),
            text(),
            text(alphabet="abd"),
            task(),
            task(levels=(level(1, 1, [3]),)),
        )
    }
    assert len(hashes) == 8
    assert external.content_hash(pictures()) == external.content_hash(pictures())
    assert all(len(bytes.fromhex(found)) == 8 for found in hashes)


BAD = {
    "another kind": (IMAGES, text(), "Text"),
    "classes": (IMAGES, pictures(classes=5), "classes=5"),
    "largest pixel": (IMAGES, pictures(pixel_max=10), "pixel_max=10"),
    "a pixel": (IMAGES, pictures(test_images=drawn(9, (2, 1, 2, 3)) + 1), "test_images goes from"),
    "shape": (IMAGES, pictures(train_images=drawn(9, (5, 2, 3))), r"train_images.*\[5, 2, 3\]"),
    "float": (IMAGES, pictures(train_images=drawn(9, (5, 1, 2, 3), float)), "float64"),
    "list": (IMAGES, pictures(train_labels=[0, 1, 2, 3, 0]), "train_labels is a list"),
    "count": (IMAGES, pictures(test_labels=drawn(3, 3, np.int64)), "test_labels"),
    "a label": (IMAGES, pictures(test_labels=np.array([0, 4])), "between 0 and 3"),
    "alphabet": (TEXT, text(alphabet="ab"), "symbols=2"),
    "a code": (TEXT, text(valid=drawn(3, 5) | 3), "valid goes from"),
    "characters": (TEXT, text(train=drawn(2, 21)), "characters="),
    "symbols": (TASK, task(symbols=5), "symbols=5"),
    "no level": (TASK, task(levels=()), "levels"),
    "a drawn one": (
        TASK,
        task(levels=(dataclasses.replace(level(1, 1, [3]), wanted=(-1, -1, 1)),)),
        "wanted must lie between -1 and 0",
    ),
    "a constant": (TASK, task(levels=(level(1, 1, [4]),)), "constant must lie between 0 and 3"),
    "uneven": (
        TASK,
        task(levels=(dataclasses.replace(level(1, 1, [3]), wanted=(-1, 0)),)),
        "length",
    ),
}


@pytest.mark.parametrize(("dataset", "loaded", "says"), BAD.values(), ids=list(BAD))
def test_what_is_not_as_declared_is_refused(dataset, loaded, says, tmp_path):
    found = functions(dataset, loaded)
    with pytest.raises(DataError, match=says) as caught:
        found.load(tmp_path)
    assert str(caught.value).startswith("mine.py: ")
    assert found.status(tmp_path).state == "missing"
    assert found.check(tmp_path)[0].problem == str(caught.value)


MODULE = """
import numpy as np
from sgbench.bench.datasets import Data
from sgbench.bench.declarations import Dataset

DATASET = Dataset(
    name="{name}", label="mine", kind="images", version=1,
    shape=(1, 4, 4), classes=2, examples=(20, 10), pixel_max=1,
)


def load(folder):
    rng = np.random.default_rng(0)
    {line}
    train, test = (rng.integers(0, 2, (n, 1, 4, 4), np.uint8) for n in (20, 10))
    return Data(
        train_images=train, train_labels=train[:, 0, 0, 0].astype(np.int64),
        test_images=test, test_labels=test[:, 0, 0, 0].astype(np.int64),
        classes=2, pixel_max=1,
    )
"""


@pytest.fixture
def added(tmp_path):
    """Bring a module; it is forgotten afterwards."""
    names = []

    def bring(line="pass", name="halves"):
        path = tmp_path / f"{name}.py"
        path.write_text(MODULE.format(line=line, name=name), encoding="utf-8")
        names.append(registry.DATASETS.add_file(path, "--dataset-file"))
        return names[-1]

    yield bring
    for name in names:
        registry.DATASETS.remove(name)


def test_an_external_module_is_a_dataset_as_others(added, tmp_path):
    name = added()
    assert name in datasets.names()
    assert name in datasets.with_files()
    assert datasets.load(name, tmp_path).train_images.shape == (20, 1, 4, 4)
    assert datasets.data_hash(name) == datasets.status(name).data_hash
    assert datasets.is_canonical(name, datasets.data_hash(name))
    assert [row.problem for row in datasets.verify(name)] == [None]
    with pytest.raises(UsageError, match="corpus"):
        datasets.load(name, corpus=tmp_path / "text")


def test_an_error_in_load_says_the_line(added):
    name = added(line="raise ValueError('no such luck')")
    for do in (datasets.load, datasets.data_hash, datasets.verify):
        with pytest.raises(DataError, match="line 14: raise ValueError") as caught:
            do(name)
        assert "no such luck" in str(caught.value)
        assert "\n" not in str(caught.value)
