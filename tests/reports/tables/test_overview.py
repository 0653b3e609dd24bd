"""The tables of all exhibits together."""

from sgbench.reports.analysis.overview import CLAIMS, MEDIANS, OURS, PLACES, Made, Ran, Tally
from sgbench.reports.analysis.wording import NONE
from sgbench.reports.tables.overview import (
    NUMBERS,
    elsewhere_table,
    made_table,
    others_table,
    paper_table,
)


def tally(exhibit="table1", scale="paper", **more):
    rules = {"DNI": Ran(run=4, wanted=9, seeds=(1, 2), datasets=("MNIST",))}
    values = {"run": 4, "in_part": 0, "wanted": 1288, "rules": rules, "planned": 3} | more
    title = f"{exhibit.title()}: words"
    return Tally(exhibit=exhibit, title=title, short=exhibit.title(), scale=scale, **values)


def lines(row):
    return [one.lines[0] for one in row[1]]


def test_a_row_is_an_exhibit_at_the_papers_protocol_and_the_last_is_all():
    one = tally(verdicts={PLACES: {"reproduced": 1, "not run": 47}}, left=7200.0)
    other = tally("deep", verdicts={OURS: {"not run": 2}}, left=3600.0)
    table = paper_table([one, other, tally(scale="quick", verdicts={})])
    assert table.stubs == ("exhibit",)
    heads = ("cells run", "seeds", "the rest takes", NUMBERS, OURS)
    assert table.columns == tuple((head,) for head in heads)
    first, second, last = table.rows
    assert first[0] == ("Table1",)
    counted = "places: 1 of 48 reproduced, 47 not run"
    assert lines(first) == ["4 of 1,288", "1 to 2 of 3", "2 h", counted, NONE]
    assert lines(second) == ["4 of 1,288", "1 to 2 of 3", "1 h", NONE, "all 2 not run"]
    assert last[0] == ("all",)
    assert lines(last) == ["8 of 2,576", NONE, "3 h", counted, "all 2 not run"]
    assert first[1][0].key == "table1-paper"


def test_what_no_speed_tells_is_unknown_and_so_is_the_sum():
    table = paper_table([tally(verdicts={}, left=9.0), tally("deep", verdicts={})])
    assert [lines(row)[-1] for row in table.rows] == ["9 s", "unknown", "unknown"]
    alone = paper_table([tally(verdicts={}, left=0.0)])
    assert [lines(row)[-1] for row in alone.rows] == ["nothing is left"]
    assert paper_table([tally(scale="quick", verdicts={})]) is None


def test_other_schedules_have_a_table_of_their_own():
    custom = tally(scale="custom", verdicts={}, planned=0)
    quick = tally(scale="quick", verdicts={CLAIMS: {"undecided": 2}, OURS: {"same way round": 1}})
    table = elsewhere_table([tally(verdicts={}), quick, custom])
    assert [stub for stub, _ in table.rows] == [("Table1", "quick"), ("Table1", "custom")]
    assert table.columns[2:] == ((CLAIMS,), (OURS,))
    assert lines(table.rows[0])[2:] == ["all 2 undecided", "1 same way round"]
    assert lines(table.rows[1])[1] == NONE
    assert elsewhere_table([tally(verdicts={})]) is None


def test_the_papers_numbers_share_a_column_with_a_line_for_each_kind():
    some = {PLACES: {"not run": 3}, MEDIANS: {"inconclusive": 2}, CLAIMS: {"not run": 4}}
    table = paper_table([tally(verdicts=some), tally("deep", verdicts={PLACES: {"not run": 5}})])
    assert table.columns[3:] == ((NUMBERS,), (CLAIMS,))
    shown = [entries[3].lines for _, entries in table.rows]
    assert shown[0] == ("places: all 3 not run", "medians: 0 of 2 reproduced, 2 inconclusive")
    assert shown[1] == ("places: all 5 not run",)
    assert shown[2][0] == "places: all 8 not run"


def test_what_made_the_records():
    made = Made(
        machine_class="m", device="A processor", threads=1, matmul="mkl", torch="2", python="3.11",
        numpy="2", platform="Linux", sgbench="0.1.0", revision="0123456789abcdef",
        records={"a": 1800.0, "b": 3600.0}, first="2026-01-01", last="2026-01-02",
    )  # fmt: skip
    ((stub, entries),) = made_table([made]).rows
    assert stub == ("A processor",)
    shown = [e.lines[0] for e in entries]
    assert "0123456789ab" in shown
    assert shown[-4:] == ["2", "2026-01-01", "2026-01-02", "1 h 30 min"]


def test_other_papers_have_a_table_of_their_own_and_do_not_count_as_the_paper():
    own = tally(verdicts={PLACES: {"not run": 3}}, left=60.0)
    other = tally("dfa", verdicts={PLACES: {"not run": 15}}, paper="Someone 2016", left=3600.0)
    quick = tally("dfa", "quick", verdicts={}, paper="Someone 2016")
    found = paper_table([own, other, quick])
    assert [stub for stub, _ in found.rows] == [("Table1",)]
    found = others_table([own, other, quick])
    assert [stub for stub, _ in found.rows] == [("Someone 2016", "Dfa")]
    assert lines(found.rows[0])[2:] == ["1 h", "places: all 15 not run"]
    assert [stub for stub, _ in elsewhere_table([own, other, quick]).rows] == [("Dfa", "quick")]
    assert others_table([own]) is None
    assert others_table([other]) is None  # alone, it is the paper that is counted
    assert [stub for stub, _ in paper_table([other]).rows] == [("Dfa",)]
