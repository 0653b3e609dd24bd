"""Values of options: what is read of them, what is refused with a remedy, and completions."""

import click
import pytest
from click.testing import CliRunner
from sgbench.commands import _values

PARAM = click.Option(["--x"])


def read(callback, text):
    """What a callback makes of a text."""
    return callback(click.Context(click.Command("c")), PARAM, text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("90s", 90),
        ("30m", 1800),
        ("1h30m", 5400),
        ("1.5h", 5400),
        ("2d", 172800),
        ("1d2h3m4s", 93784),
    ],
)
def test_times(text, seconds):
    assert read(_values.seconds, text) == seconds


@pytest.mark.parametrize("text", ["", "30", "0m", "m", "30m1h", "-5m", "1h 30m", "9" * 400 + "d"])
def test_what_is_no_time_is_answered_with_some(text):
    with pytest.raises(click.BadParameter, match="1h30m") as caught:
        read(_values.seconds, text)
    assert repr(text) in caught.value.message


@pytest.mark.parametrize(("text", "number"), [("auto", None), ("1", 1), ("64", 64)])
def test_numbers_of_workers(text, number):
    assert read(_values.workers, text) == number


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "many", "", "9" * 10, "²"])
def test_what_is_no_number_of_workers_is_answered_with_what_is(text):
    with pytest.raises(click.BadParameter, match="auto nor a number of at least 1"):
        read(_values.workers, text)


@pytest.mark.parametrize(
    ("text", "part"), [(None, None), ("1/1", (1, 1)), ("2/8", (2, 8)), ("8/8", (8, 8))]
)
def test_shards(text, part):
    assert read(_values.shard, text) == part


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "1/0", "a/b", "-1/3", "1/3/5", "1.5/3", ""])
def test_what_is_no_shard_is_one_line(refused, text):
    line = refused("status", "table1", "--shard", text)
    assert "--shard" in line
    assert "I/N" in line


@pytest.mark.parametrize(
    ("text", "found"), [(None, ()), ("", ()), ("a", ("a",)), (" a ,, b,", ("a", "b"))]
)
def test_items_between_commas(text, found):
    assert read(_values.items, text) == found


class TestWords:
    @pytest.fixture
    def given(self):
        """Run a command with the option; return the words it was given, or its complaint."""
        found = []

        @click.command()
        @_values.words_option("--retry", choices=("failed", "diverged"))
        def command(retry):
            found.append(retry)

        def call(*arguments):
            done = CliRunner().invoke(command, arguments)
            return found.pop() if done.exit_code == 0 else done.output

        return call

    def test_some_of_the_choices_and_none_where_it_is_not_given(self, given):
        assert given() == ()
        assert given("--retry", "diverged, failed") == ("diverged", "failed")

    def test_another_word_is_answered_with_the_nearest(self, given):
        told = given("--retry", "failed,divergd")
        for word in ("--retry", "'divergd'", "'diverged'"):
            assert word in told


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("sgbench ru", "run"),
        ("sgbench run tab", "table2"),
        ("sgbench report thr", "throughput"),
        ("sgbench run table1 --sca", "--scale"),
        ("sgbench run table1 --scale qu", "quick"),
        ("sgbench run table1 --retry failed,d", "failed,diverged"),
        ("sgbench report table1 --format md,p", "md,pdf"),
        ("sgbench export x --format par", "parquet"),
        ("sgbench run table1 --device cu", "cuda"),
        ("sgbench data fetch mn", "mnist"),
        ("sgbench list rec", "records"),
    ],
)
def test_the_shell_completes(sgbench, typed, completed):
    words = typed.split()
    done = sgbench(
        _SGBENCH_COMPLETE="bash_complete", COMP_WORDS=typed, COMP_CWORD=str(len(words) - 1)
    )
    assert completed in [line.partition(",")[2] for line in done.stdout.splitlines()]


@pytest.mark.parametrize("typed", ["sgbench run no_exhibit", "sgbench run ./mine"])
def test_where_no_name_fits_the_shell_completes_a_file(sgbench, typed):
    done = sgbench(_SGBENCH_COMPLETE="bash_complete", COMP_WORDS=typed, COMP_CWORD="2")
    assert [line.partition(",")[0] for line in done.stdout.splitlines()] == ["file"]
