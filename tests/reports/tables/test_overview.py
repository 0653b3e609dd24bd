"""The tables of all exhibits together."""

from sgbench.reports.analysis.overview import Made, Tally
from sgbench.reports.tables.overview import made_table, overview_table

TALLY = Tally(
    exhibit="table1", title="Table 1", scale="paper", run=4, in_part=0, wanted=1288,
    verdicts={"places": {"reproduced": 1, "not run": 47}},
)  # fmt: skip


def test_a_row_is_an_exhibit_at_a_scale():
    other = Tally(
        exhibit="deep", title="Deep", scale="quick", run=27, in_part=0, wanted=27,
        verdicts={"claims": {"inconclusive": 2}},
    )  # fmt: skip
    table = overview_table([TALLY, other])
    assert table.columns == (("cells run",), ("places",), ("claims",))
    (_, first), (stub, second) = table.rows
    assert stub == ("deep", "quick")
    assert [e.lines[0] for e in first] == [
        "4 of 1,288",
        "1 of 48 reproduced, 47 not run",
        "\N{EN DASH}",
    ]
    assert second[2].lines == ("0 of 2 reproduced, 2 inconclusive",)
    assert first[0].key == "table1-paper"


def test_what_made_the_records():
    made = Made(
        machine_class="m", device="A processor", threads=1, matmul="mkl", torch="2", python="3.11",
        numpy="2", platform="Linux", sgbench="0.1.0", revision="0123456789abcdef",
        records=frozenset({"a", "b"}), first="2026-01-01", last="2026-01-02", seconds=5400.0,
    )  # fmt: skip
    ((stub, entries),) = made_table([made]).rows
    assert stub == ("A processor",)
    shown = [e.lines[0] for e in entries]
    assert "0123456789ab" in shown
    assert shown[-4:] == ["2", "2026-01-01", "2026-01-02", "1 h 30 min"]
