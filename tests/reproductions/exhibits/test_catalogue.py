"""Where exhibits come from: the package, installed packages, files of the user's own."""

import importlib.metadata
import sys

import pytest
from sgbench.bench.errors import UsageError
from sgbench.reproductions.exhibits import catalogue
from sgbench.reproductions.exhibits.exhibit import expand, load, names
from small_files.exhibit import SMALL


@pytest.fixture
def file(tmp_path):
    def write(name="mine.toml", text=SMALL):
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return write


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Install packages that bring exhibits: (entry's name, package, content or None)."""

    def install(*external):
        entries = []
        for name, package, text in external:
            (tmp_path / package).mkdir(exist_ok=True)
            (tmp_path / package / "__init__.py").touch()
            if text is not None:
                (tmp_path / package / f"{name}.toml").write_text(text)
            entries.append(
                importlib.metadata.EntryPoint(name=name, value=package, group=catalogue.GROUP)
            )
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.setattr(
            importlib.metadata, "entry_points", lambda group: entries if group else []
        )

    yield install
    for name in [name for name in sys.modules if name.startswith("some_package")]:
        del sys.modules[name]


def test_a_path_stands_where_a_name_stands(file):
    found = load(file())
    assert found.name == "mine"
    assert {cell.depth for cell in expand(found, "demo")} == {3, 4}
    assert "mine" not in names()


def test_a_path_is_what_has_a_slash_or_ends_in_toml(file, monkeypatch, tmp_path):
    file()
    monkeypatch.chdir(tmp_path)
    assert load("mine.toml").name == load("./mine.toml").name == "mine"
    (tmp_path / "other").write_text(SMALL)
    assert load("./other").name == "other"
    with pytest.raises(UsageError, match="unknown exhibit 'mine'"):
        load("mine")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("table1.toml", "sgbench's own"),
        ("tune.toml", "sgbench's own"),
        ("2nd try.toml", "the file's name is the exhibit's"),
    ],
)
def test_a_name_that_cannot_be_is_refused(file, name, words):
    with pytest.raises(UsageError) as caught:
        load(file(name))
    assert name in str(caught.value)
    assert words in str(caught.value)


def test_what_is_wrong_in_a_file_is_told_with_its_path(file):
    path = file(text=SMALL.replace("batch_size", "batch"))
    with pytest.raises(UsageError, match=r"protocol\.batch") as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize("name", ["./none.toml", "/", "~nobody/x.toml"])
def test_a_file_that_cannot_be_read_is_told_with_what_can(name):
    with pytest.raises(UsageError) as caught:
        load(name)
    assert name in str(caught.value)
    assert "table1" in str(caught.value)


def test_a_file_without_end_is_refused(tmp_path):
    path = tmp_path / "long.toml"
    path.write_text("#" * 10_000_000)
    with pytest.raises(UsageError, match="the most are"):
        load(str(path))


def test_an_installed_package_brings_exhibits_by_name(installed):
    installed(("small", "some_package", SMALL))
    assert "small" in names()
    assert load("small").name == "small"
    with pytest.raises(UsageError, match="did you mean 'small'"):
        load("smal")


@pytest.mark.parametrize(
    ("external", "words"),
    [
        ([("table1", "some_package", SMALL)], "the name is sgbench's own"),
        ([("a", "some_package", SMALL), ("a", "some_package2", SMALL)], "is some_package's"),
    ],
)
def test_a_taken_name_of_an_installed_package_is_refused(installed, external, words):
    installed(*external)
    with pytest.raises(UsageError, match=words) as caught:
        names()
    assert "uninstall" in str(caught.value)


def test_an_installed_package_that_is_broken_is_an_error(installed, tmp_path):
    installed(("small", "some_package", None))
    with pytest.raises(UsageError, match=r"no file small\.toml"):
        load("small")
    (tmp_path / "some_package" / "__init__.py").write_text("1 / 0")
    sys.modules.pop("some_package")
    with pytest.raises(UsageError, match="does not import: ZeroDivisionError"):
        load("small")


def test_a_file_cannot_take_the_name_of_an_installed_exhibit(installed, file):
    installed(("mine", "some_package", SMALL))
    with pytest.raises(UsageError, match=r"the installed some_package has an exhibit mine"):
        load(file())
