"""The tables of an exhibit's file about results: numbers, spreads, medians."""

import math

import pytest
from sgbench.bench.errors import UsageError
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


def test_the_baseline_is_a_rule():
    assert parse("small", 'baseline = "backprop"\n' + SMALL).baseline == "backprop"
    with pytest.raises(UsageError, match="baseline"):
        parse("small", 'baseline = "nothing"\n' + SMALL)
