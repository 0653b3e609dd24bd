"""Exhibits' files as they are read: what is refused, and how it is said."""

import itertools
import json
from importlib import resources

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.population import EXHIBIT
from sgbench.bench.errors import UsageError
from sgbench.reproductions.exhibits.exhibit import expand, load
from sgbench.reproductions.exhibits.parser import parse
from small_files.exhibit import ABOVE, OWN, SMALL

TABLE1 = load("table1")
TABLE2 = load("table2")


def test_the_small_exhibit_is_well_formed():
    cells = expand(parse("small", SMALL), "demo")
    assert [(c.depth, c.seed, c.hidden_units) for c in cells] == [
        *((3, 0, 4), (3, 1, 4), (4, 0, 4), (4, 1, 4)),
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('title = "A small exhibit"', "title = ", "small.toml: not TOML"),
        ('title = "A small exhibit"', "title = 3", "small.toml: title must be a string, not 3"),
        ('title = "A small exhibit"', "", "small.toml: title is missing"),
        ('source = "nowhere"', 'sauce = "nowhere"', "small.toml: source is missing"),
        (
            'source = "nowhere"',
            'source = "n"\nclaim = []',
            "claim is unknown; did you mean",
        ),
        ("batch_size = 8", "batch = 8", r"protocol\.batch: unknown field 'batch'; did you"),
        (
            "batch_size = 8",
            "batch_size = 0",
            r"protocol\.batch_size: batch_size=0 must",
        ),
        ("batch_size = 8", "seed = 8", r"protocol\.seed is not set in a file"),
        ("learning_rate = 3e-4", "learning_rate = nan", r"protocol\.learning_rate: .* finite"),
        ("drops = []", "drops = 3", r"protocol\.drops: drops=3 must be a list"),
        ("iterations = 10", "", r"small\.toml: scales\.demo: a cell lacks iterations"),
        ("hidden_units = 4", "filters = 4", r"scales\.demo: hidden_units is needed"),
        ('when = { network = "fcn" }', "when = 3", r"overrides\[0\]\.when must be a table, not 3"),
        ('when = { network = "fcn" }', "", r"overrides\[0\]\.when is missing"),
        ('{ network = "fcn" }', '{ network = "x" }', r"overrides\[0\]\.when\.network: unknown net"),
        ('{ network = "fcn" }', "{ filters = 3 }", r"scales\.demo\.axes and the grid lack filters"),
        ("depth = [3, 4]", "", r"scales\.demo: depth is needed for rule=backprop, network=fcn"),
        ("depth = [3, 4]", "depth = 3", r"grid\[0\]\.depth must be a list, not 3"),
        ("depth = [3, 4]", "depth = []", r"grid\[0\]\.depth must have values, each once"),
        ("depth = [3, 4]", "depth = [3, 3]", r"grid\[0\]\.depth must have values, each once"),
        ("depth = [3, 4]", "depth = [0]", r"grid\[0\]\.depth: depth=0 must be between"),
        (
            "depth = [3, 4]",
            "depth = [3]\nsg_layers = [0]",
            r"sg_layers does not apply",
        ),
        ('rule = ["backprop"]', 'rule = ["bakprop"]', r"grid\[0\]\.rule: .*did you mean 'backprop"),
        ("[[grid]]", "[[gird]]", "grid must have a grid and scales"),
        ("[scales.demo]", "[scale.demo]", "scales is missing"),
        ("seeds = 2", "seeds = 0", r"scales\.demo\.seeds must be at least 1"),
        ("seeds = 2", "seeds = true", r"scales\.demo\.seeds must be an integer, not True"),
        ("seeds = 2", "seeds = 2.5", r"scales\.demo\.seeds must be an integer, not 2.5"),
        ("seeds = 2", "seeds = 2\nseed = 1", r"scales\.demo\.seed is unknown; did you mean 'seeds"),
    ],
)
def test_a_malformed_file_is_told_with_file_and_key(old, new, message):
    assert SMALL.count(old) == 1
    with pytest.raises(UsageError, match=message) as caught:
        expand(parse("small", SMALL.replace(old, new)), "demo")
    assert str(caught.value).startswith("small.toml: ")
    assert "\n" not in str(caught.value)


NUMBERS = """
[[numbers]]
dataset = "mnist"
network = "fcn"
grade = "T"
columns = ["depth", "dni"]
rows = [[3, 1.9], [4, 2]]
"""
FIXED = """
[[fixed]]
dataset = "mnist"
network = "fcn"
grade = "P"
sg_layers = { dni = 2 }
"""
MARGINS = """
[margins.mnist]
points = 0.3
rules = { dni = 1 }
"""
CLAIM = """
[[claims]]
name = "a"
text = "b"
source = "c"
kind = "grows"
each = ["dataset"]
left = { rule = "dni" }
over = "depth"
margin = { mnist = 1 }
"""
FIGURE = """
[[figures]]
name = "a"
kind = "sweep"
title = "b"
source = "c"
x = "d"
y = "e"
panels = "f"
lines = "g"
"""
LAYOUT = """
[layout]
rows = ["depth"]
columns = ["rule"]
[labels]
dataset = { digits = "scans" }
"""


@pytest.mark.parametrize(
    ("text", "old", "new", "message"),
    [
        (OWN, 'rule = ["backprop", "no_bprop"]', "", r"scales\.quick\.axes and the grid lack rule"),
        (OWN, "[5]", "[]", r"scales\.quick\.grid\[0\]\.depth must have values, each once"),
        (OWN, "network", "netwrk", r"scales\.quick\.grid\[0\]\.netwrk: unknown field 'netwrk'"),
        (OWN, "[[scales.quick.grid]]", "[[scales.quick.gird]]", r"scales\.quick\.gird is unknown"),
        (ABOVE, "right =", "rigth =", r"claims\[0\]\.right is missing"),
        (ABOVE, "2.5", "'2.5'", r"claims\[0\]\.factor must be a number"),
        (ABOVE, '["copy", "ptb"]', '["copi"]', r"claims\[0\]\.datasets: unknown dataset 'copi'"),
        (ABOVE, '"above"', '"abov"', r"claims\[0\]\.kind is unknown: 'abov'; did you mean 'above'"),
        (NUMBERS, "2]", "'x']", r"numbers\[0\]\.rows\[1\]\[1\] must be a number, not 'x'"),
        (NUMBERS, "1.9]", "1.9, 2.2]", r"numbers\[0\]\.rows\[0\] must be a list of 2 numbers"),
        (NUMBERS, "[4,", "[3,", r"numbers\[0\]\.rows give .* twice"),
        (NUMBERS, "[4,", "[4.5,", r"numbers\[0\]\.rows: depth=4.5 must be an integer"),
        (
            NUMBERS,
            '"depth", "dni"',
            '"dni", "depth"',
            r"columns must be depth or T, then the rules",
        ),
        (NUMBERS, '"depth", "dni"', "", r"columns must be depth or T, then the rules"),
        (NUMBERS, '"dni"', '"dmi"', r"columns: unknown rule 'dmi'"),
        (NUMBERS, '"T"', '"X"', r"numbers\[0\]\.grade is unknown: 'X'; choose from: T, F, A, P"),
        (NUMBERS, '"mnist"', '"mnits"', r"numbers\[0\]\.dataset: .*did you mean 'mnist'"),
        (FIXED, "dni = 2", "dni = 20", r"fixed\[0\]\.sg_layers: sg_layers=20 must be between"),
        (FIXED, "dni = 2", "dmi = 2", r"fixed\[0\]\.sg_layers\.dmi: unknown rule"),
        (FIXED, FIXED, FIXED + FIXED, r"fixed\[1\]\.sg_layers is given twice for mnist, fcn, dni"),
        (MARGINS, "0.3", "0", r"margins\.mnist\.points and rules must be between 0 and 100"),
        (MARGINS, "0.3", "'0.3'", r"margins\.mnist\.points must be a number"),
        (MARGINS, "mnist", "mnits", r"margins\.mnits: unknown dataset"),
        (CLAIM, '"grows"', '"grow"', r"claims\[0\]\.kind is unknown: 'grow'; did you mean 'grows'"),
        (CLAIM, '"grows"', '"below"', r"claims\[0\]\.right is missing"),
        (CLAIM, '"depth"', '"dept"', r"claims\[0\]\.over: unknown field 'dept'"),
        (CLAIM, '["dataset"]', '["data"]', r"claims\[0\]\.each: unknown field 'data'"),
        (CLAIM, '["dataset"]', "[]", r"claims\[0\]\.margin is by dataset"),
        (CLAIM, "mnist", "mnits", r"claims\[0\]\.margin\.mnits: unknown dataset"),
        (CLAIM, 'rule = "dni"', 'rule = "dmi"', r"claims\[0\]\.left\.rule: unknown rule"),
        (CLAIM, "over =", "over_ =", r"claims\[0\]\.over is missing"),
        (FIGURE, '"sweep"', '"sweeps"', r"figures\[0\]\.kind is unknown"),
        (FIGURE, "panels", "panel", r"figures\[0\]\.panels is missing"),
        (FIGURE, "x =", 'references = ["dmi"]\nx =', r"figures\[0\]\.references: unknown rule"),
        (FIGURE, '"sweep"', '"curves"\nreferences = ["dni"]', r"references are of a sweep alone"),
        (LAYOUT, '"depth"', '"deep"', r"layout\.rows: unknown field 'deep'"),
        (LAYOUT, "columns", "column", r"layout\.columns is missing"),
        (LAYOUT, "dataset = {", "datset = {", r"labels\.datset: unknown .* did you mean 'dataset'"),
        (LAYOUT, '"scans"', "3", r"labels\.dataset\.digits must be a string, not 3"),
        (LAYOUT, "dataset = {", "rule = {", r"labels\.rule is not needed: .*RULE\.label"),
    ],
)
def test_malformed_numbers_margins_claims_and_layout(text, old, new, message):
    parse("small", SMALL + text)  # well formed as it is: the change alone is at fault
    assert old in text
    with pytest.raises(UsageError, match=message) as caught:
        parse("small", SMALL + text.replace(old, new, 1))
    assert str(caught.value).startswith("small.toml: ")
    assert "\n" not in str(caught.value)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_exhibit_is_an_exhibit_or_a_usage_error(data):
    """Whatever line is lost or doubled, the reader answers with one line or with an exhibit."""
    text = (
        resources.files("sgbench.reproductions.exhibits").joinpath("table1.toml").read_text("utf-8")
    )
    lines = text.splitlines()
    at = data.draw(st.integers(0, len(lines) - 1))
    lines[at : at + 1] = data.draw(st.sampled_from([[], [lines[at]] * 2, ["x = 1"], ["[x]"]]))
    try:
        exhibit = parse("table1", "\n".join(lines))
        cells = expand(exhibit, "demo", seeds=1) if "demo" in exhibit.scales else []
        message = None
    except UsageError as error:
        cells, message = [], str(error)
    assert json.dumps([cell.to_dict() for cell in cells])
    assert message is None or (message.startswith("table1.toml: ") and "\n" not in message)


def test_labels_and_layout():
    assert TABLE1.label("rule", "cdni") == "cDNI"
    assert TABLE1.label("dataset", "cifar10") == "CIFAR-10"
    assert TABLE1.label("depth", 3) == "3"
    assert TABLE1.layout.rows == ("network", "depth")
    assert TABLE1.layout.columns == ("dataset", "rule")
    assert TABLE2.layout.rows == ("dataset",)
    assert TABLE2.layout.columns == ("rule", "T")
    for exhibit, field in itertools.product((TABLE1, TABLE2), ("dataset", "network")):
        used = {value for scale in exhibit.scales.values() for value in scale.values(field)}
        assert set(exhibit.labels[field]) == used


MINUS = "\N{MINUS SIGN}"


def test_a_level_of_other_data_is_not_tested():
    kinds = [test.claim.kind for test in parse("p_update", EXHIBIT).claim_tests("demo")]
    assert kinds == ["below"] * 4


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("level = ", "margin = ", r"claims\[1\]\.level is missing"),
        ('each = ["dataset"]', "each = []", r"claims\[1\]\.level is by dataset"),
        (
            'lines = "iteration"',
            'lines = "rule"',
            r"figures\[0\]\.lines of a population must be iteration",
        ),
    ],
)
def test_malformed_levels_and_populations(old, new, message):
    assert old in EXHIBIT
    with pytest.raises(UsageError, match=message):
        parse("p_update", EXHIBIT.replace(old, new, 1))


MINIMAL = """
title = "t"
source = "s"
[protocol]
[[grid]]
dataset = ["counting"]
network = ["two_lstms"]
rule = ["dni"]
[scales.demo]
description = "d"
seeds = 1
[[numbers]]
dataset = "counting"
network = "two_lstms"
result = "{}"
grade = "F"
columns = ["T", "dni"]
rows = [[4, 1]]
"""


def test_a_result_that_is_none_is_refused():
    parse("x", MINIMAL.format("error_b"))
    with pytest.raises(UsageError, match=r"x.toml: numbers\[0\].result is unknown: 'error_c'"):
        parse("x", MINIMAL.format("error_c"))
