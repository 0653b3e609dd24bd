"""The table of medians by bins of p_update."""

from reference.population import BOTH, UPDATE, population
from sgbench.reports.analysis.medians import bins
from sgbench.reports.analysis.select import select
from sgbench.reports.tables.medians import medians_table


def test_a_bin_has_its_own_row_and_the_rules_are_columns(population_exhibit, make):
    kept = {0.46, 0.53, 0.6}
    records = population(make, population_exhibit, "quick", lambda cell: cell.p_update in kept)
    selection = select(population_exhibit, "quick", records)
    table = medians_table(selection, bins(selection))
    assert table.columns == ((UPDATE, "DNI"), (BOTH, "cDNI"))  # those that the paper has
    assert table.stubs == ("dataset", "iterations", "p_update")
    found = {stub: [" ".join(one.lines) for one in entries] for stub, entries in table.rows}
    ours, _ = found["MNIST", "1,000", "0.4 to 0.6"]
    assert ours.endswith("(3) paper 2.15 not comparable")
    assert found["MNIST", "1,000", "0.8 to 1"] == ["not run", "not run"]
    assert found["MNIST", "500", "0.4 to 0.6"][1] == ""  # of which the paper has no median
