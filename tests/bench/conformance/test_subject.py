"""What is checked: a file by what it declares, or a name; a file is known only meanwhile."""

import pytest
from sgbench.bench import registry
from sgbench.bench.conformance.subject import open_subject
from sgbench.bench.errors import UsageError

RULE = """
from sgbench.bench.contract import Rule
from sgbench.bench.rules.backprop import step
RULE = Rule(name="mine", label="mine", sentence="s", color="#123456", families=("feedforward",),
            version=1, source="a test")
"""


def write(tmp_path, text, name="mine.py"):
    path = tmp_path / name
    path.write_text(text)
    return str(path)


def refused(text):
    with pytest.raises(UsageError) as caught, open_subject(text):
        pass
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_rule(tmp_path):
    path = write(tmp_path, RULE)
    with open_subject(path) as subject:
        assert (subject.kind, subject.name, subject.path) == ("rule", "mine", path)
        assert "mine" in registry.RULES.names()
    assert "mine" not in registry.RULES.names()


def test_a_file_that_was_known_before_stays(tmp_path):
    path = write(tmp_path, RULE)
    registry.RULES.add_file(path, "--rule-file")
    with open_subject(path):
        pass
    assert "mine" in registry.RULES.names()
    registry.RULES.remove("mine")


@pytest.mark.parametrize(("name", "kind"), [("dni", "rule"), ("digits", "dataset")])
def test_a_name(name, kind):
    with open_subject(name) as subject:
        assert (subject.kind, subject.name, subject.path) == (kind, name, None)


def test_no_such_name():
    assert "did you mean 'backprop'" in refused("backprob")


def test_no_such_file(tmp_path):
    assert "nowhere.py" in refused(str(tmp_path / "nowhere.py"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1\n", "neither RULE nor DATASET"),
        ("RULE = DATASET = 1\n", "both RULE and DATASET"),
        ("RULE = 1\n", "RULE = Rule("),
        ("RULE = (\n", "line 1"),
        ("import nothing_of_that_name\nRULE = 1\n", "line 1: import nothing_of_that_name"),
        (RULE.replace('"mine", l', '"yours", l'), "RULE.name"),
    ],
)
def test_files_that_cannot_be_loaded(tmp_path, text, words):
    said = refused(write(tmp_path, text))
    assert words in said
    assert "mine.py" in said
    assert "mine" not in registry.RULES.names()


def test_an_exhibit_is_checked_by_another_verb(tmp_path):
    said = refused(write(tmp_path, "[[grid]]\nrule = ['dni']\n", "mine.toml"))
    assert "mine.toml is an exhibit" in said
    assert "--dry-run" in said


def test_a_toml_file_of_no_data_set(tmp_path):
    assert "mine.toml" in refused(write(tmp_path, "nam = 'x'\n", "mine.toml"))
    assert "mine.toml" in refused(write(tmp_path, "name =\n", "mine.toml"))
