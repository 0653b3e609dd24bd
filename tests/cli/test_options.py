"""Options that several verbs share: defaults, environment variables, and what their help says."""

import json

import click
import pytest
from click.testing import CliRunner
from sgbench.commands import _options


@pytest.fixture
def given():
    """Run a command with some options of the package; return what it was given."""

    def call(options, *arguments, env=None):
        found = []

        @click.command()
        @options
        def command(**values):
            found.append(values)

        done = CliRunner().invoke(command, arguments, env={"SGBENCH_STORE": None, **(env or {})})
        return found[0] if found else done.output

    return call


def test_several_options_are_in_the_order_of_the_help(given):
    one, other = (click.option(name) for name in ("--one", "--other"))
    text = given(_options.all_of(one, other), "--help")
    assert 0 < text.index("--one") < text.index("--other")
    assert given(_options.all_of(one, other), "--other", "2") == {"one": None, "other": "2"}


def test_an_option_comes_before_the_environment_and_that_before_the_default(given):
    env = {"SGBENCH_STORE": "of the environment"}
    assert given(_options.store_option) == {"store": ".sgbench"}
    assert given(_options.store_option, env=env) == {"store": "of the environment"}
    assert given(_options.store_option, "--store", "given", env=env) == {"store": "given"}


@pytest.mark.parametrize(
    ("options", "default", "words"),
    [
        ({}, "demo", ("[default: demo]", "demo, quick, tenth or paper.")),
        ({"default": None, "shown": "all"}, None, ("[default: all]",)),
        ({"custom": True}, "demo", ("custom: the stored cells",)),
    ],
)
def test_scales(given, options, default, words):
    option = _options.scale_option(**options)
    assert given(option) == {"scale": default}
    assert given(option, "--scale", "mine") == {"scale": "mine"}  # own exhibits name their own
    text = " ".join(given(option, "--help").split())
    for word in words:
        assert word in text
    assert ("custom" in text) == options.get("custom", False)


@pytest.mark.parametrize("required", [True, False])
def test_an_exhibit_is_needed_where_it_is(given, required):
    argument = _options.exhibit_argument(required=required)
    assert given(argument, "table1") == {"exhibit": "table1"}
    none = given(argument)
    assert none == {"exhibit": None} or "EXHIBIT" in none
    assert (none == {"exhibit": None}) == (not required)


@pytest.mark.parametrize(("arguments", "seconds"), [((), 60.0), (("--time-limit", "2m"), 120.0)])
def test_a_time_limit_may_have_a_default(given, arguments, seconds):
    assert given(_options.time_limit_option(default="1m"), *arguments) == {"time_limit": seconds}
    if not arguments:
        assert given(_options.time_limit_option()) == {"time_limit": None}


def test_which_cells(given):
    assert given(_options.selection_options) == {
        "scale": "demo", "where": (), "set": (), "seeds": None, "shard": None,
    }  # fmt: skip
    words = "--where depth=3 --where rule=dni --set T=1 --seeds 2 --shard 1/3 --scale quick"
    assert given(_options.selection_options, *words.split()) == {
        "scale": "quick",
        "where": ("depth=3", "rule=dni"),
        "set": ("T=1",),
        "seeds": 2,
        "shard": (1, 3),
    }


def test_the_options_are_those_of_a_run(sgbench, store, make):
    where = ("--store", store.path, "--where", "rule=dni,depth=4", "--where", "network=fcn,seed=0")
    found = json.loads(sgbench("status", "table1", *where, "--json").stdout)
    assert (found["cells"], found["scale"]) == (3, "demo")
    assert found["seconds"] is None
    ranged = ("--where", "depth>3,depth<=5,network=fcn", "--where", "sg_layers>=0,seed<2")
    found = json.loads(sgbench("status", "table1", *ranged, "--json").stdout)
    some = [c for c in make.cells if c.network == "fcn" and c.depth in (4, 5) and c.seed < 2]
    assert found["cells"] == len([c for c in some if c.sg_layers is not None]) == 24
    found = json.loads(sgbench("status", "table1", "--set", "iterations=5", "--json").stdout)
    assert found["scale"] == "custom"


def test_the_usual_store_need_not_exist_yet(sgbench, tmp_path):
    assert "store      .sgbench\n" in sgbench("status", "table1").stdout
    assert "store      a\n" in sgbench("status", "table1", SGBENCH_STORE="a").stdout
    assert list(tmp_path.iterdir()) == []
