"""The tables of an exhibit's file about results: numbers, spreads, medians."""

import math

import pytest
from sgbench.bench.errors import UsageError
from sgbench.reproductions.exhibits.exhibit import load
from sgbench.reproductions.exhibits.parser import parse
from small_files.exhibit import SMALL

EXTRA = """
[[numbers]]
dataset = "digits"
network = "fcn"
grade = "O"
{how}
columns = ["depth", "backprop"]
rows = [[3, 2.0]]
"""


@pytest.mark.parametrize(
    ("how", "rounding", "reading"),
    [("", 0.05, 0.0), ("decimals = 3", 0.0005, 0.0), ("reading = 0.2", 0.0, 0.2)],
)
def test_how_exactly_a_number_is_known(how, rounding, reading):
    (number,) = parse("small", SMALL + EXTRA.format(how=how)).numbers.values()
    assert (number.rounding, number.reading) == (pytest.approx(rounding), reading)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (EXTRA.format(how="decimals = -1"), "decimals"),
        (EXTRA.format(how="reading = 0"), "reading"),
        ('[[spreads]]\ndataset = "digits"\nnetwork = "fcn"\nsource = "x"\n'
         "deviation = { backprop = 0 }\n", "deviation"),
        ('[readings]\n"a" = 1\n', "readings"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(text, key):
    with pytest.raises(UsageError, match=key):
        parse("small", SMALL + text)


MEDIANS = """
[[medians]]
dataset = "digits"
network = "fcn"
grade = "F"
edges = [0, 0.25, 1]
rows = [[1.0, nan, 2.0]]
"""


def test_a_median_that_is_nan_is_cut_off_or_unknown():
    unknown = parse("small", SMALL + MEDIANS)
    assert [(m.value, m.networks) for m in unknown.medians] == [(2.0, 1)]
    assert unknown.cut_off == ()
    how = 'grade = "F"\ncut = 6\nreading = 0.1\nnetworks = 80'
    known = parse("small", SMALL + MEDIANS.replace('grade = "F"', how))
    (median,), (cut,) = known.medians, known.cut_off
    assert (median.networks, median.reading, median.censored) == (60, 0.1, False)
    assert (cut.value, cut.networks, cut.censored, cut.up_to) == (6.0, 20, True, 0.25)
    assert not math.isnan(cut.value)


def test_a_spread_is_of_a_dataset_a_network_a_rule_and_a_result():
    text = """
    [[spreads]]
    dataset = "digits"
    network = "fcn"
    source = "a guess"
    deviation = { backprop = 0.5 }
    """
    exhibit = parse("small", SMALL + text)
    ((key, spread),) = exhibit.spreads.items()
    assert key == ("digits", "fcn", "backprop", None)
    assert (spread.deviation, spread.source) == (0.5, "a guess")
    with pytest.raises(UsageError, match="twice"):
        parse("small", SMALL + 2 * text)


def test_places_have_neighbours_along_a_size():
    assert parse("small", SMALL).neighbours is None
    assert parse("small", 'neighbours = "depth"\n' + SMALL).neighbours == "depth"
    with pytest.raises(UsageError, match=r"small\.toml: neighbours is unknown: 'dept'"):
        parse("small", 'neighbours = "dept"\n' + SMALL)


def test_an_exhibit_is_known_by_its_titles_beginning_or_as_it_says():
    assert parse("small", SMALL).short_title == parse("small", SMALL).title.partition(":")[0]
    assert parse("small", 'short = "Figure 3"\n' + SMALL).short_title == "Figure 3"
    names = {name: load(name).short_title for name in ("table1", "deep", "p_update")}
    assert names == {"table1": "Table 1", "deep": "21 layers", "p_update": "Figures 5 and 6"}


def test_the_baseline_is_a_rule():
    assert parse("small", 'baseline = "backprop"\n' + SMALL).baseline == "backprop"
    with pytest.raises(UsageError, match="baseline"):
        parse("small", 'baseline = "nothing"\n' + SMALL)


BEFORE = """
[[intermediate]]
dataset = "digits"
network = "fcn"
grade = "F"
reading = 0.2
columns = ["depth", "iteration", "backprop"]
rows = [[3, 5, 2.0], [4, 5, nan]]
"""


def test_a_number_before_the_end_has_its_time_and_its_error_of_reading():
    (one,) = parse("small", SMALL + BEFORE).intermediate  # the other is not known
    assert one.where == {"dataset": "digits", "network": "fcn", "depth": 3, "rule": "backprop"}
    assert (one.unit, one.at, one.side, one.result) == ("iteration", 5, "at", None)
    assert (one.number.value, one.number.grade, one.number.reading) == (2.0, "F", 0.2)
    under = BEFORE.replace("reading = 0.2", 'reading = 0.2\nside = "below"')
    assert parse("small", SMALL + under).intermediate[0].side == "below"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("reading = 0.2", "", "reading is missing"),
        ("reading = 0.2", "reading = 0", "reading must be between"),
        ("reading = 0.2", 'reading = 0.2\nside = "under"', "side is unknown: 'under'"),
        ('"iteration"', '"seconds"', "columns must be depth or T, iteration or data_steps, then"),
        ('"backprop"]', "]", "columns must be depth or T"),
        ("[3, 5, 2.0]", "[3, 2.0]", "must be a list of 3 numbers"),
        ("[3, 5, 2.0]", "[3, 5.5, 2.0]", "5.5, which is no number of updates"),
        ("[3, 5, 2.0]", "[3, 0, 2.0]", "0, which is no number of updates"),
        ("[4, 5, nan]", "[3, 5, 2.5]", "give backprop at 3, 5 twice"),
        ('grade = "F"', 'grade = "X"', "grade is unknown"),
        ("reading = 0.2", "reading = 0.2\nmargin = 1", "margin is unknown"),
    ],
)
def test_a_number_before_the_end_that_cannot_be_is_refused_in_a_line(old, new, problem):
    with pytest.raises(UsageError) as raised:
        parse("small", SMALL + BEFORE.replace(old, new))
    assert problem in str(raised.value)
    assert "small.toml: intermediate[0]" in str(raised.value)
    assert "\n" not in str(raised.value)


SPREAD = """
[[numbers]]
dataset = "digits"
network = "fcn"
grade = "A"
decimals = 2
columns = ["depth", "backprop"]
rows = [[3, 1.5], [4, 1.25]]
deviations = [[3, 0.04], [4, 0.1]]
"""


def test_a_paper_s_spread_over_runs_is_read_beside_its_numbers():
    numbers = parse("mine", SMALL + SPREAD).numbers
    found = [(n.value, n.deviation, n.runs, n.rounding, n.grade) for n in numbers.values()]
    assert found == [(1.5, 0.04, None, 0.005, "A"), (1.25, 0.1, None, 0.005, "A")]
    numbers = parse("mine", SMALL + SPREAD + "runs = 10").numbers
    assert {n.runs for n in numbers.values()} == {10}
    plain = parse("mine", SMALL + SPREAD.partition("deviations")[0]).numbers
    assert {(n.deviation, n.runs) for n in plain.values()} == {(None, None)}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[4, 0.1]]", "[5, 0.1]]", r"deviations must have a row for each of `rows`, which begins"),
        (", [4, 0.1]]", "]", r"deviations must have a row for each of `rows`"),
        ("0.04", "0", r"deviations must be between 0 and 100"),
        ("[3, 0.04]", "[3, 0.04, 1]", r"deviations\[0\] must be a list of 2 numbers"),
        ("[[3, 0.04]", "runs = 1\ndeviations = [[3, 0.04]", ""),
    ],
)
def test_a_spread_that_does_not_fit_is_refused(old, new, words):
    text = SPREAD.replace(old, new) if words else SPREAD + "runs = 1"
    with pytest.raises(UsageError, match=words or r"runs must be at least 2"):
        parse("mine", SMALL + text)


def test_lengths_on_a_ladder_have_no_spread_in_percent():
    text = SPREAD.replace('"digits"', '"copy"').replace('"fcn"', '"lstm"')
    text = text.replace("depth", "T").replace("backprop", "bptt").replace("decimals = 2", "")
    with pytest.raises(UsageError, match="deviations are of no use on copy"):
        parse("mine", SMALL + text)
