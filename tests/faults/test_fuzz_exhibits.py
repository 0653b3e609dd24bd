"""Broken exhibits: the text of each, and the tables in it, are refused by file and key, or hold."""

import functools
import json
import math
import tomllib
from importlib import resources

import pytest
from faults.harness import Tally, check_words, frugal, fuzzed, patient
from faults.inputs import altered, broken, scalars
from hypothesis import given
from sgbench.bench.errors import UsageError
from sgbench.reproductions.exhibits import exhibit as exhibits
from sgbench.reproductions.exhibits.parser import parse
from sgbench.reproductions.exhibits.validate import validate

pytestmark = pytest.mark.slow


@functools.cache
def texts():
    folder = resources.files("sgbench.reproductions.exhibits")
    return [folder.joinpath(f"{name}.toml").read_bytes() for name in exhibits.names()]


def use(text):
    """Read an exhibit and expand it, as every verb does; a refusal is a line of a UsageError."""
    with patient():
        try:
            exhibit = parse("fuzz", text)
            validate(exhibit)
            for scale in exhibit.scales:
                exhibits.expand(exhibit, scale)
                exhibit.claim_tests(scale)
        except UsageError as error:
            check_words(error)
            return False
    return True


def test_broken_text():
    assert all(use(text) for text in texts())
    with Tally("exhibits' TOML text, fuzzed") as tally, frugal():

        @fuzzed(10_000)
        @given(broken(texts(), near=4000))
        def fuzz(data):
            use(data)
            tally()

        fuzz()


def toml(value):
    """Return a value as TOML: inline, but for the root."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[\n" + ",\n".join(map(toml, value)) + "]"
    if isinstance(value, float):
        return "nan" if math.isnan(value) else repr(value)
    return json.dumps(value)


@functools.cache
def trees():
    return [tomllib.loads(text.decode()) for text in texts()]


def document(tree):
    if not isinstance(tree, dict):
        return toml(tree)
    return "".join(f"{json.dumps(key)} = {toml(value)}\n" for key, value in tree.items())


def test_altered_tables():
    assert all(use(document(tree).encode()) for tree in trees())
    with Tally("exhibits' TOML tables, altered") as tally, frugal():

        @fuzzed(10_000)
        @given(altered(trees(), scalars))
        def fuzz(tree):
            use(document(tree).encode())
            tally()

        fuzz()


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 100_000,
        "a" + ".a" * 100_000 + " = 1",
        "a = 1" + "0" * 100_000,
        "a" + ".a" * 1100 + " = 1",
        "\ufeff",
        "a = 0x" + "f" * 100_000,
    ],
    ids=["deep", "dotted", "long", "shorter", "mark", "hexadecimal"],
)
def test_text_that_is_odd_to_read(text):
    with Tally("exhibits that are odd to read or endless to expand") as tally, frugal():
        assert not use(text.encode())
        tally()


def test_a_grid_without_end():
    """A short text whose product has more points than any memory."""
    tree = json.loads(json.dumps(trees()[-1]))
    axes = ("batch_size", "iterations", "evaluate_every", "sg_units", "hidden_units", "filters")
    for scale in tree["scales"].values():
        scale["axes"] = {**scale.get("axes", {}), **{axis: list(range(2, 200)) for axis in axes}}
    with Tally("exhibits that are odd to read or endless to expand") as tally, frugal():
        assert not use(document(tree).encode())
        tree = json.loads(json.dumps(trees()[-1]))
        tree["scales"]["demo"]["seeds"] = 10**9
        assert not use(document(tree).encode())
        tally(2)
