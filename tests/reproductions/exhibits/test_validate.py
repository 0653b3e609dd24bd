"""Exhibits whose parts do not fit one another: told with file, key and remedy, before training."""

import dataclasses

import pytest
from sgbench.bench.errors import UsageError
from sgbench.reproductions.exhibits.exhibit import load, names
from sgbench.reproductions.exhibits.parser import parse
from sgbench.reproductions.exhibits.schema import Layout
from sgbench.reproductions.exhibits.validate import validate

WHOLE = """
title = "Whole"
source = "nowhere"

[protocol]
split = "test"
precision = "float32"
batch_size = 8
iterations = 10
learning_rate = 3e-4
drops = []
drop_factor = 1
evaluate_every = 5
hidden_units = 4
sg_units = 4

[[grid]]
dataset = ["digits"]
network = ["fcn"]
depth = [3, 4]
rule = ["backprop"]

[[grid]]
dataset = ["digits"]
network = ["fcn"]
depth = [3, 4]
rule = ["dni"]
sg_layers = [0, 1]

[scales.demo]
description = "tiny"
seeds = 2
"""
FIXED = """
[[fixed]]
dataset = "digits"
network = "fcn"
grade = "O"
sg_layers = { dni = 1 }
"""
SPREADS = """
[[spreads]]
dataset = "digits"
network = "fcn"
source = "a guess"
deviation = { dni = 0.5 }
"""
NUMBERS = """
[[numbers]]
dataset = "digits"
network = "fcn"
grade = "O"
columns = ["depth", "dni"]
rows = [[3, 1.9]]
"""
BEFORE = """
[scales.paper]
description = "whole"
seeds = 2

[[intermediate]]
dataset = "digits"
network = "fcn"
grade = "O"
reading = 0.1
columns = ["depth", "iteration", "dni"]
rows = [[3, 5, 1.9]]
"""
MARGINS = """
[margins.digits]
points = 1
rules = { dni = 2 }
"""
LAYOUT = """
[layout]
rows = ["depth"]
columns = ["rule"]
"""
LABELS = """
[labels]
dataset = { digits = "scans" }
depth = { 3 = "three" }
"""
CLAIM = """
[[claims]]
name = "a"
text = "b"
source = "c"
kind = "below"
each = ["dataset"]
where = { depth = 4 }
left = { rule = "dni" }
right = { rule = "backprop" }
"""
CURVES = """
[[figures]]
name = "a"
kind = "curves"
title = "b"
source = "c"
x = "iteration"
y = "sg_cosine"
panels = "rule"
lines = "layer"
"""
SWEEP = """
[[figures]]
name = "a"
kind = "sweep"
title = "b"
source = "c"
x = "depth"
y = "test_error"
panels = "network"
lines = "rule"
"""
GATE = """
[[gate]]
kind = "speed"
scale = "demo"
where = ["depth=3"]
set = ["iterations=2"]
"""
SPACE = """
[space]
learning_rate = "1e-5:1e-2:log"
"""


def check(text):
    validate(parse("whole", WHOLE + text))


@pytest.mark.parametrize("name", names())
def test_the_packages_own_exhibits_are_whole(name):
    validate(load(name))


def test_an_exhibit_without_layout_figures_numbers_and_claims_is_whole():
    check("")


@pytest.mark.parametrize(
    ("text", "old", "new", "words"),
    [
        (FIXED, "dni = 1", "dni = 2", ("fixed", "sg_layers=2", "the grid has 0, 1")),
        (FIXED, "dni = 1", "cdni = 1", ("fixed", "rule=cdni", "no cell is there")),
        (FIXED, "dni = 1", "backprop = 1", ("fixed", "rule=backprop")),
        (NUMBERS, "[3, 1.9]", "[5, 1.9]", ("numbers", "depth=5")),
        (NUMBERS, '"dni"', '"cdni"', ("numbers", "rule=cdni")),
        (NUMBERS, 'grade = "O"', 'grade = "O"\nresult = "error_a"', ("numbers", "leave it out")),
        (BEFORE, "[3, 5,", "[5, 5,", ("intermediate, iteration 5 of", "no cell of scale paper")),
        (
            BEFORE,
            "[3, 5,",
            "[3, 10,",
            ("intermediate, iteration 10 of", "10 updates", "[[numbers]]"),
        ),
        (BEFORE, "[3, 5,", "[3, 4,", ("is after 4 updates", "the next evaluation is after 5")),
        (BEFORE, "scales.paper", "scales.quick", ("intermediate", "no cell of scale paper")),
        (BEFORE, "reading", 'result = "error_a"\nreading', ("intermediate", "leave it out")),
        (MARGINS, "margins.digits", "margins.mnist", ("margins.mnist",)),
        (MARGINS, "dni = 2", "cdni = 2", ("margins.digits.rules.cdni",)),
        (SPREADS, "dni = 0.5", "cdni = 0.5", ("spreads", "rule=cdni")),
        (SPREADS, 'source = "a guess"', 'source = "a"\nresult = "error_a"', ("spreads", "result")),
        (FIXED + LAYOUT, FIXED, "", ("layout", "scale demo", "rule=dni", "sg_layers", "[[fixed]]")),
        (FIXED + LAYOUT, '"depth"', '"network"', ("layout", "add depth to rows or columns")),
        (LABELS, "digits =", "digit =", ("labels.dataset", "did you mean 'digits'")),
        (LABELS, "3 =", "three =", ("labels.depth", "integer")),
        (LABELS, "depth =", "T =", ("labels.T", "no cell has")),
        (FIXED + CLAIM, '"dni"', '"cdni"', ("claims[0] 'a'", "left")),
        (FIXED + CLAIM, "depth = 4", "depth = 5", ("claims[0] 'a'", "where")),
        (FIXED + CLAIM, "where = { depth = 4 }", "", ("claims[0] 'a'", "2 cells", "where")),
        (FIXED + CLAIM, FIXED, "", ("claims[0] 'a'", "0 cells", "rule=dni")),
        (FIXED + CLAIM, "each", 'result = "error_b"\neach', ("claims[0] 'a'", "leave it out")),
        (CURVES, '"iteration"', '"depth"', ("figures[0].x", "iteration, data_steps")),
        (CURVES, '"sg_cosine"', '"sg_cosin"', ("figures[0].y", "did you mean 'sg_cosine'")),
        (CURVES, '"sg_cosine"', '"bits"', ("figures[0].y", "no cell has", "error, loss")),
        (CURVES, '"sg_cosine"', '"error"', ("figures[0].lines", "sg_loss, sg_cosine")),
        (CURVES, '"rule"', '"role"', ("figures[0].panels", "did you mean 'rule'")),
        (CURVES, '"rule"', '"T"', ("figures[0].panels", "no cell has")),
        (SWEEP, '"depth"', '"T"', ("figures[0].x", "no cell has")),
        (SWEEP, '"depth"', '"rule"', ("figures[0].x", "no number")),
        (SWEEP, '"depth"', '"drops"', ("figures[0].x", "no number")),
        (SWEEP, '"test_error"', '"error"', ("figures[0].y", "did you mean")),
        (SWEEP, '"test_error"', '"test_bits"', ("figures[0].y", "test_error, validation_error")),
        (SWEEP, '"rule"', '"layer"', ("figures[0].lines", "curves")),
        (SWEEP, "x =", 'references = ["bptt"]\nx =', ("figures[0].references", "bptt")),
        (SWEEP, "x =", 'datasets = ["mnist"]\nx =', ("figures[0].datasets", "no cell has")),
        (GATE, '"demo"', '"quick"', ("gate[0].scale", "demo")),
        (GATE, "depth=3", "depth=5", ("gate[0]", "depth=5")),
        (GATE, "iterations=2", "T=2", ("gate[0]", "--set T")),
        (SPACE, "learning_rate", "sg_factor", ("space.sg_factor", "no cell has")),
    ],
)
def test_what_does_not_fit_is_told_with_file_key_and_remedy(text, old, new, words):
    check(text)  # fits as it is: the change alone is at fault
    assert old in text
    with pytest.raises(UsageError) as caught:
        check(text.replace(old, new, 1))
    message = str(caught.value)
    assert message.startswith("whole.toml: ")
    assert "\n" not in message
    assert all(word in message for word in words), message


def test_every_scale_is_expanded_not_only_the_first():
    text = '[scales.quick]\ndescription = "b"\nseeds = 1\nprotocol = { hidden_units = 1 }\n'
    check(text)
    with pytest.raises(UsageError, match=r"whole\.toml: scales\.quick: .* is needed"):
        check(text.replace("hidden_units = 1", "filters = 3") + "axes = { network = ['cnn'] }")


def test_cells_with_several_results_need_them_in_layout_and_claims():
    exhibit = load("two_networks")
    with pytest.raises(UsageError, match="layout lacks result"):
        validate(dataclasses.replace(exhibit, layout=Layout(rows=("rule",), columns=("T",))))


def test_numbers_before_the_end_are_of_what_is_evaluated_then():
    pair, recurrent = load("two_networks"), load("table2")
    (one, *_), (level, *_) = pair.intermediate, recurrent.intermediate
    between = dataclasses.replace(one, at=20_008)  # half a cycle later
    with pytest.raises(UsageError, match=r"after 1250\.5 updates, where no cell is evaluated"):
        validate(dataclasses.replace(pair, intermediate=(between,)))
    anywhere = dataclasses.replace(level, at=260_002)  # the times of levels are recorded
    validate(dataclasses.replace(recurrent, intermediate=(anywhere,)))
    text = {**level.where, "dataset": "ptb"}
    with pytest.raises(UsageError, match="is of a text, which is tested at the end alone"):
        validate(
            dataclasses.replace(recurrent, intermediate=(dataclasses.replace(level, where=text),))
        )


def test_a_field_that_the_paper_does_not_state_is_one_of_the_cells():
    exhibit = load("two_networks")
    for name in ("batchsize", "filters"):
        with pytest.raises(UsageError, match=f"unstated has {name}, a field that no cell has"):
            validate(dataclasses.replace(exhibit, unstated=(name,)))
