"""The table of times to an error."""

from reference.speeds import of_backprop_and_dni
from reference.timings import timing_of
from sgbench.reports.analysis.costs.cost_to_accuracy import reached
from sgbench.reports.tables.cost_to_accuracy import cost_table


def test_the_two_targets_stand_beside_one_another():
    other, records = of_backprop_and_dni()
    table = cost_table(reached(records, [timing_of(other, step=0.03)]))
    assert table.stubs == ("cells", "seeds")
    assert [level for level, _ in table.columns] == ["first target"] * 6 + ["second target"] * 6
    texts = {stub[0].split()[3]: [e.lines[0] for e in entries] for stub, entries in table.rows}
    assert texts["dni"] == ["4 %", "200", "6", "6", "200", "40", "2.4 %", *"-----"]
    assert texts["backprop"] == ["4 %", "400", "4", *"---", "2.4 %", "400", "4", *"---"]
