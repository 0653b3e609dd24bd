"""Populations over p_update: what is read from their curves, and what is to be known of them."""

import pytest
from sgbench.reports.analysis.selection.select import select
from sgbench.reports.analysis.verdicts.population import at_fraction, iterations, notes
from sgbench.reproductions.exhibits.exhibit import expand


@pytest.fixture
def cell(population_exhibit):
    return expand(population_exhibit, "quick", seeds=1)[0]


def test_a_curve_is_read_at_a_fraction_of_training(cell):
    curve = [{"iteration": 50, "error": 5.0}, {"iteration": 501, "error": 4.0}]
    assert iterations(cell, 0.5) == "500"
    assert at_fraction(cell, curve, 0.05, "error") == 5.0
    assert at_fraction(cell, curve, 0.5, "error") == 4.0  # rounded
    assert at_fraction(cell, curve, 1.0, "error") is None
    assert at_fraction(cell, [], 0.5, "error") is None


def test_decoupling_and_medians_are_explained_where_there_are_any(population_exhibit, table1):
    decoupled, medians = notes(select(population_exhibit, "quick", []))
    assert "forwards and update decoupled: with probability 1 - p_update" in decoupled
    assert "median" in medians
    assert len(notes(select(population_exhibit, "demo", []))) == 1  # the paper has no digits
    assert notes(select(table1, "demo", [])) == []
