"""The table of M's diagnosis: means over seeds, from the bottom layer to the top."""

from dataclasses import replace

import pytest
from sgbench.reports.analysis.evidence.details import details
from sgbench.reports.analysis.evidence.runs import by_layer
from sgbench.reports.analysis.selection.select import select
from sgbench.reports.analysis.verdicts.places import places
from sgbench.reports.analysis.wording import NONE
from sgbench.reports.tables.diagnosis import diagnosis_table


def test_a_row_for_each_place_with_the_protocols_m(table1, make):
    selection = select(table1, "demo", make.grid(table1, "demo", lambda c: c.depth == 5))
    found = details(selection, places(selection))
    table = diagnosis_table(found)
    mine = {d.name: d for d in found if d.in_table and d.where["sg_layers"] is not None and d.n}
    assert [stub for (stub,), _ in table.rows] == list(mine)
    assert table.columns[:3] == tuple(("cosine", x) for x in ("bottom", "median", "top"))
    for (name,), entries in table.rows:
        cosines = by_layer(mine[name].runs, "cosines")
        shown = [float(entry.lines[0]) for entry in entries[:3]]
        assert shown == pytest.approx([cosines[0], sum(cosines[1:3]) / 2, cosines[-1]], abs=0.01)


def test_cosines_on_held_out_examples_stand_beside_where_they_were_read(table1, make):
    records = [
        replace(r, curve=[p | {"sg_held_cosine": [n / 10 for n in range(4)]} for p in r.curve])
        if r.rule == "dni"
        else r
        for r in make.grid(table1, "demo", lambda c: c.depth == 5 and c.network == "fcn")
    ]
    selection = select(table1, "demo", records)
    table = diagnosis_table(details(selection, places(selection)))
    assert table.columns[3:6] == tuple(("held-out cosine", x) for x in ("bottom", "median", "top"))
    for (name,), entries in table.rows:
        shown = [entry.lines[0] for entry in entries[3:6]]
        assert shown == (["0.00", "0.15", "0.30"] if " DNI" in name else [NONE] * 3)


def test_one_layer_is_not_bottom_and_top(table2, make):
    keep = {"copy"}
    selection = select(table2, "demo", make.grid(table2, "demo", lambda c: c.dataset in keep))
    table = diagnosis_table(details(selection, places(selection)))
    assert table.columns == (("cosine", "hidden layer"), ("loss of M", "hidden layer"))


def test_results_of_one_cell_share_a_row(two_networks, make):
    selection = select(two_networks, "demo", make.grid(two_networks, "demo"))
    found = details(selection, places(selection))
    assert len(diagnosis_table(found).rows) == 1


def test_without_m_there_is_none(table1, make):
    records = make.grid(table1, "demo", lambda c: c.rule == "backprop")
    selection = select(table1, "demo", records)
    assert diagnosis_table(details(selection, places(selection))) is None
