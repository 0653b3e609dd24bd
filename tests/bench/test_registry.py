"""The registry: files and installed packages, names that are taken, and modules that are broken."""

import dataclasses
import importlib.metadata
import sys

import pytest
from sgbench.bench import registry
from sgbench.bench.cell import Cell
from sgbench.bench.conformance.settings import settings
from sgbench.bench.errors import UsageError
from sgbench.bench.registry import RULES, add_all, external_files
from sgbench.bench.source_files import ExternalFile

RULE = """
from sgbench.bench.contract import Hyperparameter, Rule
from sgbench.bench.rules.backprop import step
RULE = Rule(name={name!r}, label="mine", sentence="s", color="#123456", families=("feedforward",),
            version=1, source="a test")
"""


@pytest.fixture(autouse=True)
def nothing_is_left():
    yield
    for source in RULES.external_files():
        RULES.remove(source.name)


@pytest.fixture
def write(tmp_path):
    def call(text=None, name="mine", folder="."):
        path = tmp_path / folder / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(RULE.format(name=name) if text is None else text)
        return str(path)

    return call


def refusal(path):
    before = RULES.names()
    with pytest.raises(UsageError) as caught:
        RULES.add_file(path, "--rule-file")
    message = str(caught.value)
    assert message.startswith("--rule-file ")
    assert "\n" not in message
    assert RULES.names() == before
    return message


def cell_of(name, **changes):
    return next(settings(RULES.declared(name))).cell(**changes)


class TestFiles:
    def test_one_is_known_by_its_stem(self, write):
        assert RULES.add_file(write(), "--rule-file") == "mine"
        assert "mine" in RULES.names()
        assert "mine" not in RULES.builtin_names()
        assert "mine" in registry.rules_of("feedforward")
        assert RULES.declared("mine").label == "mine"
        assert RULES.source_hash("mine") == external_files()[0].hash
        RULES.remove("mine")
        with pytest.raises(UsageError, match="unknown rule 'mine'"):
            RULES.declared("mine")

    def test_the_same_twice_is_one(self, write):
        RULES.add_file(write(), "--rule-file")
        RULES.add_file(write(folder="copy"), "--rule-file")
        assert len(external_files()) == 1

    def test_two_of_one_name(self, write):
        first = write()
        RULES.add_file(first, "--rule-file")
        other = write(RULE.format(name="mine") + "# other\n", folder="other")
        message = refusal_of_known(other)
        assert first in message
        assert other in message

    @pytest.mark.parametrize("name", ["dni", "backprop"])
    def test_names_of_the_package_are_taken(self, write, name):
        assert f"{name} is a rule of sgbench's own" in refusal(write(name=name))

    @pytest.mark.parametrize("name", ["My", "a-b", "2", "_a"])
    def test_names_that_are_none(self, write, name):
        assert "small letters" in refusal(write(name=name))

    def test_none_there(self, tmp_path):
        assert "nowhere.py" in refusal(str(tmp_path / "nowhere.py"))
        assert str(tmp_path) in refusal(str(tmp_path))

    def test_no_text(self, tmp_path):
        (tmp_path / "mine.py").write_bytes(b"\xff\xfe")
        assert "UTF-8" in refusal(str(tmp_path / "mine.py"))

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("a = 1\nb = (\n", "line 2: b = (: SyntaxError"),
            ("a = 1\n\nraise ValueError('no\\nway')\n", "line 3: raise ValueError"),
            ("import nothing_of_that_name\n", "ModuleNotFoundError"),
            ("import sys\nsys.exit()\n", "line 2: sys.exit(): SystemExit"),
            ("a = 1\n", "lacks RULE = Rule("),
            (RULE.format(name="mine").replace("import step", "import Rule"), "step"),
            (RULE.format(name="yours"), "RULE.name is 'yours'"),
        ],
    )
    def test_what_cannot_be_loaded(self, write, text, words):
        path = write(text)
        message = refusal(path)
        assert words in message
        assert path in message


def refusal_of_known(path):
    with pytest.raises(UsageError) as caught:
        RULES.add_file(path, "--rule-file")
    return str(caught.value)


class TestIdentity:
    def test_a_changed_file_changes_ids_and_a_file_elsewhere_does_not(self, write):
        ids = []
        for text, folder in (("", "one"), ("", "two"), ("# a comment\n", "one")):
            path = write(RULE.format(name="mine") + text, folder=folder)
            RULES.add_file(path, "--rule-file")
            ids.append(cell_of("mine").id("data"))
            RULES.remove("mine")
        assert ids[0] == ids[1] != ids[2]

    def test_the_package_s_own_have_no_source_in_theirs(self):
        assert RULES.source_hash("dni") is None
        assert cell_of("dni").source_hashes() == {"rule": None, "dataset": None}


class TestSources:
    def test_they_travel_as_plain_values(self, write):
        RULES.add_file(write(), "--rule-file")
        (source,) = external_files()
        RULES.remove("mine")
        fields = {f.name: getattr(source, f.name) for f in dataclasses.fields(source)}
        add_all((ExternalFile(**fields),))
        assert external_files() == (source,)
        add_all((source,))
        assert external_files() == (source,)

    def test_a_process_takes_up_a_changed_file(self, write):
        RULES.add_file(write(), "--rule-file")
        (source,) = external_files()
        newer = dataclasses.replace(source, text=source.text.replace('"mine"', '"newer"'))
        add_all((newer,))
        assert external_files() == (newer,)
        assert RULES.declared("mine").label == "newer"


class Installed:
    """An entry point of a package that is said to be installed."""

    def __init__(self, monkeypatch, tmp_path, text, name="mine", module="mine_package"):
        (tmp_path / f"{module}.py").write_text(text)
        monkeypatch.syspath_prepend(str(tmp_path))
        entry = importlib.metadata.EntryPoint(name, module.replace("/", "."), "sgbench.rules")
        real = importlib.metadata.entry_points

        def entry_points(**chosen):
            ours = chosen.get("group") == "sgbench.rules"
            return [*real(**chosen), *([entry] if ours else [])]

        monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)


@pytest.fixture
def install(monkeypatch, tmp_path):
    """Say that a package brings a rule; the registry reads entry points anew."""

    def fresh():
        registry._entry_points.cache_clear()
        RULES._changed()
        RULES._declared.pop("mine", None)
        for module in ("mine_package", "a_package", "a_package.mine"):
            sys.modules.pop(module, None)

    def call(text, **names):
        Installed(monkeypatch, tmp_path, text, **names)
        fresh()

    yield call
    monkeypatch.undo()
    fresh()


class TestInstalledPackages:
    def test_a_rule_of_one(self, install):
        install(RULE.format(name="mine"))
        assert "mine" in RULES.names()
        assert "mine" not in RULES.builtin_names()
        assert len(RULES.source_hash("mine")) == 16
        assert cell_of("mine").id("data") != cell_of("backprop").id("data")
        assert external_files() == ()

    def test_an_edit_of_any_file_of_its_package_is_another_rule(self, install, tmp_path):
        package = tmp_path / "a_package"
        (package / "deeper").mkdir(parents=True)
        for name in ("__init__.py", "helper.py", "deeper/more.py"):
            (package / name).write_text("")
        install(RULE.format(name="mine", number=""), module="a_package/mine")
        hashes = [RULES.source_hash("mine")]
        for name in ("mine.py", "helper.py", "deeper/more.py"):
            file = package / name
            file.write_text(file.read_text() + "# edited\n")
            del sys.modules["a_package.mine"]
            hashes.append(RULES.source_hash("mine"))
        (package / "notes.txt").write_text("no Python")
        del sys.modules["a_package.mine"]
        assert len(set(hashes)) == 4
        assert RULES.source_hash("mine") == hashes[-1]

    def test_a_broken_one_stops_its_own_cells_only(self, install):
        install("raise ValueError('broken')\n")
        with pytest.raises(UsageError) as caught:
            RULES.declared("mine")
        assert "mine" in str(caught.value)
        assert "line 1: raise ValueError('broken')" in str(caught.value)
        assert "mine" not in registry.rules_of("feedforward")
        assert cell_of("backprop")
        values = cell_of("backprop").to_dict()
        with pytest.raises(UsageError, match="broken"):
            Cell.from_dict({**values, "rule": "mine"})

    def test_one_that_lacks_its_declaration(self, install):
        install("a = 1\n")
        with pytest.raises(UsageError, match="lacks RULE"):
            RULES.declared("mine")
        assert cell_of("dni")

    def test_one_that_takes_a_name_of_the_package(self, install):
        install(RULE.format(name="dni"), name="dni")
        with pytest.raises(UsageError) as caught:
            RULES.names()
        assert "dni of mine_package" in str(caught.value)
        assert "uninstall" in str(caught.value)

    def test_a_file_cannot_take_its_name(self, install, write):
        install(RULE.format(name="mine"))
        assert "an installed package has a rule mine" in refusal(write())


def test_a_broken_module_of_the_package_stops_its_own_cells_only(monkeypatch):
    monkeypatch.setitem(sys.modules, "sgbench.bench.rules.dni_aux", None)
    monkeypatch.setattr(RULES, "_declared", {})
    with pytest.raises(UsageError) as caught:
        RULES.declared("dni_aux")
    assert "rule dni_aux does not import" in str(caught.value)
    assert "dni_aux" in RULES.names()
    assert "dni_aux" not in registry.rules_of("recurrent")
    assert cell_of("dni")


def test_unknown_names_are_answered_with_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'backprop'"):
        RULES.declared("backpropp")
    with pytest.raises(UsageError, match="did you mean 'fcn'"):
        registry.family_of("fc")


@pytest.mark.parametrize(
    ("networks", "words"),
    [
        (("fnc",), "RULE.networks has 'fnc'; did you mean 'fcn'?"),
        (("fcn", "lstm"), "RULE.networks has 'lstm'; choose from: cnn, fcn"),
    ],
)
def test_networks_of_no_family_of_the_rule(tmp_path, networks, words):
    text = RULE.format(name="mine")
    path = tmp_path / "mine.py"
    path.write_text(text.replace("version=1", f"version=1, networks={networks!r}"))
    with pytest.raises(UsageError) as caught:
        registry.RULES.add_file(str(path), "--rule-file")
    assert words in str(caught.value)
    assert "mine" not in registry.RULES.names()


def test_families_of_networks():
    assert registry.families_of_networks() == {
        "cnn": "feedforward",
        "fcn": "feedforward",
        "lstm": "recurrent",
        "two_lstms": "pair",
    }
    assert registry.family_of("cnn").name == "feedforward"
    assert registry.network_module("fcn").__name__ == "sgbench.bench.networks.fcn"
