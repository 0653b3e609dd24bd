"""Own images that three lines of TOML describe."""

import subprocess
import sys

import pytest
from sgbench.bench import datasets, registry
from sgbench.bench.datasets.loading import described
from sgbench.bench.errors import DataError, UsageError
from small_files.cifar10 import BINARY
from small_files.cifar10 import shards as write_shards
from small_files.folders import packed, write
from small_files.own import CLASSES, description, idx_files

LABELS = b"\0\0\x08\x01\0\0\0\x03" + bytes([1, 1, 2])


def read(folder, text):
    path = folder / "small.toml"
    path.write_text(text, encoding="utf-8")
    return described.read("small", str(path), text)


def test_the_declaration_is_read_from_the_files(tmp_path):
    write(tmp_path / "pictures", idx_files())
    found = read(tmp_path, description()).DATASET
    assert (found.name, found.label, found.kind) == ("small", "Small pictures", "images")
    assert (found.shape, found.classes, found.examples) == ((1, 5, 4), CLASSES, (6, 3))
    assert found.pixel_max == 255


@pytest.mark.parametrize("form", described.FORMATS)
def test_every_format(tmp_path, form):
    folder = tmp_path / "pictures"
    {
        "idx": lambda: write(folder, idx_files()),
        "cifar-binary": lambda: write(folder, BINARY),
        "parquet": lambda: write_shards(folder),
    }[form]()
    found = read(tmp_path, description(form=form))
    data, declared = found.load(tmp_path), found.DATASET
    assert data.train_images.shape == (declared.examples[0], *declared.shape)
    assert data.test_images.shape == (declared.examples[1], *declared.shape)
    assert data.classes == declared.classes
    assert len(bytes.fromhex(found.data_hash(tmp_path))) == 8
    rows = found.check(tmp_path)
    assert [row.problem for row in rows] == [None] * len(rows)
    assert {row.path.parent for row in rows} == {folder}


def test_the_hash_is_that_of_the_content(tmp_path):
    write(tmp_path / "pictures", idx_files())
    write(tmp_path / "packed", packed(idx_files()))
    plain = read(tmp_path, description()).data_hash(tmp_path)
    assert read(tmp_path, description("packed")).data_hash(tmp_path) == plain
    write(tmp_path / "other", {**idx_files(), "t10k-labels-idx1-ubyte": LABELS})
    assert read(tmp_path, description("other")).data_hash(tmp_path) != plain


def test_where_the_folder_is_looked_for(tmp_path, monkeypatch):
    data = tmp_path / "data"
    write(data / "pictures", idx_files())
    monkeypatch.setenv("SGBENCH_DATA", str(data))
    beside = tmp_path / "beside"
    beside.mkdir()
    assert read(beside, description()).check(beside)[0].path.parent == data / "pictures"
    write(beside / "pictures", idx_files())
    assert read(beside, description()).check(beside)[0].path.parent == beside / "pictures"
    absolute = read(beside, description(data / "pictures"))
    assert absolute.check(beside)[0].path.parent == data / "pictures"


BAD = {
    "no TOML": ("name = 1 2", "line 1"),
    "nested": ("name = " + "[" * 100_000, "no TOML"),
    "no name": ('format = "idx"\nfolder = "pictures"\n', "lacks name"),
    "empty": ("", "lacks name, format, folder"),
    "unknown": (description() + 'classes = "10"\n', "'classes'"),
    "another format": (description(form="indx"), "did you mean 'idx'"),
    "a number": (description().replace('"idx"', "3"), "format = 3"),
    "nothing in it": (description(folder=" "), "folder = ' '"),
    "no folder": (description(folder="picture"), "folder = 'picture' is not there"),
    "no files": (description(folder="."), "folder = '.'"),
    "other files": (description(form="parquet"), "train-"),
}


@pytest.mark.parametrize(("text", "says"), BAD.values(), ids=list(BAD))
def test_what_cannot_be_is_one_line_with_file_key_and_remedy(tmp_path, text, says):
    write(tmp_path / "pictures", idx_files())
    with pytest.raises(UsageError, match=says) as caught:
        read(tmp_path, text)
    message = str(caught.value)
    assert message.startswith(str(tmp_path / "small.toml"))
    assert "\n" not in message
    assert caught.value.exit_code == 2


def test_one_class_is_none(tmp_path):
    zeros = {
        f"{part}-labels-idx1-ubyte": bytes([0, 0, 8, 1, 0, 0, 0, count]) + bytes(count)
        for part, count in (("train", 6), ("t10k", 3))
    }
    write(tmp_path / "pictures", {**idx_files(), **zeros})
    with pytest.raises(UsageError, match="1 classes"):
        read(tmp_path, description())


def test_files_that_went_since_are_missed(tmp_path):
    write(tmp_path / "pictures", idx_files())
    found = read(tmp_path, description())
    for path in (tmp_path / "pictures").iterdir():
        path.unlink()
    for do in (found.load, found.data_hash):
        with pytest.raises(DataError, match=r"small\.toml"):
            do(tmp_path)
    assert found.check(tmp_path)[0].problem


def test_it_is_a_data_set_as_others(tmp_path):
    write(tmp_path / "pictures", idx_files())
    path = tmp_path / "small.toml"
    path.write_text(description(), encoding="utf-8")
    assert registry.DATASETS.add_file(path, "--dataset-file") == "small"
    try:
        assert datasets.image_shape("small") == (1, 5, 4)
        assert datasets.load("small").train_images.shape == (6, 1, 5, 4)
        status = datasets.status("small")
        assert (status.state, status.canonical) == ("ready", True)
        assert len(datasets.verify("small")) == 4
    finally:
        registry.DATASETS.remove("small")


def test_a_description_is_read_without_torch(tmp_path):
    write(tmp_path / "pictures", idx_files())
    (tmp_path / "small.toml").write_text(description(), encoding="utf-8")
    code = (
        "import sys; from sgbench.bench import datasets, registry;"
        f"registry.DATASETS.add_file({str(tmp_path / 'small.toml')!r}, 'x');"
        "datasets.data_hash('small'); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
