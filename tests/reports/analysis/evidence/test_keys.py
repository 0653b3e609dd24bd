"""Keys of details: unique, and fit for an address within a page."""

import re

from sgbench.reports.analysis.evidence.keys import bin_key, cell_key, claim_key, place_key
from sgbench.reports.analysis.selection.select import select
from sgbench.reports.analysis.verdicts.claims import claims
from sgbench.reports.analysis.verdicts.intermediate import intermediate
from sgbench.reports.analysis.verdicts.medians import bins
from sgbench.reports.analysis.verdicts.places import places
from sgbench.reproductions.exhibits.exhibit import load


def keys_of(exhibit, scale):
    selection = select(exhibit, scale, [])
    some = (*places(selection), *intermediate(selection))
    return [
        *(place_key(selection, one) for one in some),
        *(claim_key(selection, one) for one in claims(selection)),
        *(bin_key(selection, one) for one in bins(selection)),
    ]


def test_keys_are_unique_among_all_reports_and_plain():
    names = ("table1", "table2", "p_update", "two_networks", "deep")
    found = [key for name in names for key in keys_of(load(name), "paper")]
    found += keys_of(load("table1"), "quick")
    assert len(found) > 300
    assert len(set(found)) == len(found)
    assert all(re.fullmatch("[A-Za-z0-9_-]+", key) for key in found)


def test_a_place_at_the_end_has_its_configurations_key_and_one_before_it_another(table1):
    selection = select(table1, "paper", [])
    end = places(selection)[0]
    assert place_key(selection, end) == cell_key(selection, end.cell, end.result)
    early = intermediate(selection)[0]
    assert place_key(selection, early) != cell_key(selection, early.cell, early.result)
