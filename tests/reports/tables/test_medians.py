"""The table of medians by bins of p_update."""

from reference.population import BOTH, UPDATE, population
from reference.reports import rows_of
from sgbench.reports.analysis.selection.select import select
from sgbench.reports.analysis.verdicts.medians import bins
from sgbench.reports.pages.exhibit import build
from sgbench.reports.tables.medians import medians_table


def test_a_bin_has_its_own_row_and_the_rules_are_columns(population_exhibit, make):
    kept = {0.4, 0.46, 0.53, 0.6}  # of the bin, and at its lower end
    records = population(make, population_exhibit, "quick", lambda cell: cell.p_update in kept)
    selection = select(population_exhibit, "quick", records)
    table = medians_table(selection, bins(selection))
    assert table.columns == ((UPDATE, "DNI"), (BOTH, "cDNI"))  # those that the paper has
    assert table.stubs == ("dataset", "iterations", "p_update")
    found = {stub: [" ".join(one.lines) for one in entries] for stub, entries in table.rows}
    ours, _ = found["MNIST", "1,000", "0.4 to 0.6"]
    assert ours.endswith("(1) paper 2.15 not comparable")
    assert found["MNIST", "1,000", "0.8 to 1"] == ["not run", "not run"]
    assert found["MNIST", "500", "0.4 to 0.6"][1] == ""  # of which the paper has no median


def test_the_table_has_the_papers_median_beside_each_p_update(small_population, make):
    report = build(
        small_population, "quick", population(make, small_population, "quick"), ("md", "csv", "tex")
    )
    page = report.files["p_update-quick.md"].decode()
    head = next(line for line in page.splitlines() if line.startswith("| p\\_update"))
    assert (
        head.split(" | ")[1:]
        == [f"{what}<br>{rule}" for what in (UPDATE, BOTH) for rule in ("DNI", "cDNI |")]
        or head.count("<br>") == 4
    )
    row = next(line for line in page.splitlines() if line.startswith("| 0.2 |"))
    assert row.count("<br>paper 2.5<br>not comparable") == 1
    assert row.count("<br>paper 2.2<br>not comparable") == 1
    assert "Not comparable with the paper's numbers." in page
    assert f"{BOTH}: with probability 1 - p\\_update a layer does neither" in page
    assert "median of its networks in a bin" in page
    places_ = rows_of(report, "p_update-quick.csv")
    assert {(r["decoupled"], r["p_update"]) for r in places_} == {
        (kind, p) for kind in ("update", "both") for p in ("0.2", "1.0")
    }
    assert {r["paper"] for r in places_ if r["rule"] == "dni"} == {"", "2.5", "2.2"}
