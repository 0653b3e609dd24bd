"""What places and claims are held against, before there is any record."""

import pytest
from sgbench.reports.analysis.verdicts.judging import (
    is_exact,
    is_judged,
    least_p,
    paper_numbers,
    target,
)
from sgbench.reproductions.exhibits.evidence import Number
from sgbench.reproductions.exhibits.exhibit import expand


def named(exhibit):
    return {test.claim.name: test for test in exhibit.claim_tests("paper")}


def cell_of(exhibit, scale="paper", **fields):
    cells = expand(exhibit, scale, seeds=1)
    return next(c for c in cells if all(c.value(n) == v for n, v in fields.items()))


def test_a_percentage_is_held_against_a_rounded_number_and_a_length_against_a_rung(table1, table2):
    error = cell_of(table1, dataset="mnist", network="fcn", depth=4, rule="backprop")
    found = target(error, Number(value=1.8, grade="T", rounding=0.05), 0.3)
    assert (found.value, found.margin, found.rounding, found.grain) == (1.8, 0.3, 0.05, 0)
    length = cell_of(table2, dataset="repeat_copy", T=5, rule="dni")
    found = target(length, Number(value=59.0, grade="T", rounding=0.5), 1.0)
    assert (found.value, found.margin, found.rounding, found.grain) == (13, 1, 0, 1)


def test_away_from_the_papers_scale_only_orders_are_judged(table1, table2):
    found = {
        name: (is_judged("paper", test), is_judged("quick", test))
        for name, test in {**named(table1), **named(table2)}.items()
    }
    orders = {
        *("cdni-beats-dni-deep", "dni-differs-from-backprop", "dni-beats-top-only"),
        *("dni-longer", "dni-fewer-bits"),
    }
    assert {name for name, (_, away) in found.items() if away} == orders
    assert all(there for there, _ in found.values())


def test_lengths_have_exact_tests_with_a_least_p(table1, table2):
    longer, fewer = named(table2)["dni-longer"], named(table2)["dni-fewer-bits"]
    assert is_exact(longer, "copy")
    assert not is_exact(fewer, "ptb")
    assert not is_exact(named(table1)["dni-grows"], "mnist")
    assert least_p(longer, "copy", 5) == pytest.approx(1 / 252)  # unpaired
    assert least_p(fewer, "ptb", 5) == 0.0


def test_the_papers_numbers_of_a_claim_are_averaged_as_it_averages(table1, table2):
    def numbers(exhibit, test):
        cells = expand(exhibit, "paper", seeds=1)
        sides = [fields for side in test.sides() for fields in side]
        return paper_numbers(
            exhibit,
            test,
            [next(c for c in cells if all(c.value(k) == v for k, v in s.items())) for s in sides],
        )

    longer = next(t for t in table2.claim_tests("paper") if t.place == {"dataset": "copy"})
    assert numbers(table2, longer) == (16.5, 8.25)  # over T = 2 to 5: 16, 14, 18, 18 and 7 to 10
    grows = named(table1)["dni-grows"]  # of CIFAR-10, the last
    assert numbers(table1, grows) == (42.5, 45.0, 46.9, 49.7)
    (test,) = (t for t in table1.claim_tests("demo") if t.claim.name == "dni-grows")
    cells = [cell_of(table1, "demo", rule="dni", network="fcn", depth=d) for d in (3, 4, 5, 6)]
    assert paper_numbers(table1, test, cells) is None  # digits are not of the paper
