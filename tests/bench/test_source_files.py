"""Source files: their hashes, the modules they become, and errors with the line they came from."""

import sys

import pytest
from sgbench.bench.errors import UsageError
from sgbench.bench.source_files import ExternalFile, executed, hash_of, imported, where


def source(text, name="mine", path="/somewhere/mine.py"):
    return ExternalFile(kind="rule", name=name, path=path, text=text)


@pytest.fixture(autouse=True)
def nothing_is_left():
    yield
    for name in [name for name in sys.modules if name.startswith("sgbench_rule_mine")]:
        del sys.modules[name]


class TestHashes:
    def test_it_is_of_the_content_and_of_nothing_else(self):
        one = source("a = 1\n")
        assert one.hash == source("a = 1\n", name="other", path="/elsewhere.py").hash
        assert one.hash != source("a = 1\n# a comment\n").hash
        assert one.hash == hash_of(b"a = 1\n")

    def test_it_is_the_beginning_of_the_sha256_and_so_the_same_everywhere(self):
        assert hash_of(b"") == "e3b0c44298fc1c14"
        assert source("ä").hash == hash_of("ä".encode())


class TestExecuted:
    def test_a_module_knows_its_file_and_is_found_by_its_name(self):
        text = "from dataclasses import dataclass\n@dataclass\nclass A:\n    b: int = 1\n"
        module = executed(source(text))
        assert module.A().b == 1
        assert module.__file__ == "/somewhere/mine.py"
        assert sys.modules[module.__name__] is module

    def test_two_files_of_one_name_are_two_modules(self):
        one, other = executed(source("a = 1\n")), executed(source("a = 2\n"))
        assert (one.a, other.a) == (1, 2)
        assert one.__name__ != other.__name__

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("a = 1\nb = (\n", "line 2: b = (: SyntaxError"),
            ("a = 1\n\nraise ValueError('no\\nway')\n", "line 3: raise ValueError"),
            ("import sys\nsys.exit()\n", "line 2: sys.exit(): SystemExit"),
            ("import nothing_of_that_name\n", "line 1: import nothing_of_that_name"),
            ("a = 1\n\0", "null bytes"),
        ],
    )
    def test_a_file_that_fails_is_one_line_and_leaves_no_module(self, text, words):
        before = set(sys.modules)
        with pytest.raises(UsageError) as caught:
            executed(source(text))
        message = str(caught.value)
        assert message.startswith("/somewhere/mine.py does not import: ")
        assert words in message
        assert "\n" not in message
        assert not {name for name in set(sys.modules) - before if name.startswith("sgbench_")}

    def test_lines_of_its_errors_are_shown_later_too(self):
        module = executed(source("def divide():\n    return 1 / 0\n"))
        with pytest.raises(ZeroDivisionError) as caught:
            module.divide()
        found = where(caught.value, "/somewhere/mine.py")
        assert found == "line 2: return 1 / 0: ZeroDivisionError: division by zero"


class TestWhere:
    def test_the_last_line_of_the_file_that_is_asked_for_is_told(self):
        module = executed(source("def call(function):\n    return function()\n"))
        with pytest.raises(ValueError, match="here") as caught:
            module.call(lambda: int("here"))
        assert where(caught.value, "/somewhere/mine.py").startswith("line 2: return function(): ")
        assert 'int("here")' in where(caught.value)

    def test_an_error_of_no_file_is_told_without_a_line(self):
        assert where(KeyError("x")) == "KeyError: 'x'"
        with pytest.raises(ValueError, match="far") as caught:
            int("far")
        assert where(caught.value, "/another.py").startswith("ValueError: ")


class TestImported:
    def test_a_module_by_its_name(self):
        assert imported("json", "the module json").dumps([]) == "[]"

    @pytest.mark.parametrize(
        ("text", "words"),
        [("raise ValueError('broken')\n", "line 1: raise ValueError"), ("a b\n", "SyntaxError")],
    )
    def test_one_that_fails_says_what_it_was_for(self, tmp_path, monkeypatch, text, words):
        (tmp_path / "sgbench_rule_mine_broken.py").write_text(text)
        monkeypatch.syspath_prepend(str(tmp_path))
        with pytest.raises(UsageError) as caught:
            imported("sgbench_rule_mine_broken", "rule mine of a package")
        assert str(caught.value).startswith("rule mine of a package does not import: ")
        assert words in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_what_it_says_is_wrong_itself_is_not_said_twice(self, tmp_path, monkeypatch):
        text = (
            "from sgbench.bench.errors import UsageError\nraise UsageError('RULE lacks a name')\n"
        )
        (tmp_path / "sgbench_rule_mine_wrong.py").write_text(text)
        monkeypatch.syspath_prepend(str(tmp_path))
        with pytest.raises(UsageError, match=r"^RULE lacks a name$"):
            imported("sgbench_rule_mine_wrong", "rule mine")
