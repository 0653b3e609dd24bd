"""The text and the values of what a reproduction will do."""

import dataclasses

import pytest
from sgbench.reports.console.reproduction import outlook_text, outlook_values
from sgbench.reproductions.running.outlook import Outlook
from sgbench.reproductions.running.plan import Plan, make_plan
from sgbench.reproductions.running.request import RunRequest, wanted_cells
from sgbench.results.store.store import Store


@pytest.fixture
def seen(tmp_path):
    """Two exhibits of which one is done; three cells of the other take ten seconds each."""
    store = Store(tmp_path)
    where = ("network=fcn,depth=3,rule=backprop",)
    table1 = RunRequest(exhibit="table1", store=store, where=where)
    deep = RunRequest(exhibit="deep", store=store, where=("depth=6,rule=backprop",))
    missing = make_plan(wanted_cells(table1), [], machine=None)
    done = make_plan(wanted_cells(deep), [], machine=None)
    done = Plan(cells=tuple(dataclasses.replace(p, state="done") for p in done.cells), programs=())
    return Outlook(
        requests=(table1, deep), plans=(missing, done), order=missing.cells, owners=(0, 0, 0),
        prefixes=0, deciding=2, seconds=(10.0,) * 3, without_data={},
        undecided=((2, 4), (0, 3)), workers=1, machine="a machine",
    )  # fmt: skip


def row(text, name):
    return " ".join(next(line for line in text.splitlines() if line.startswith(name)).split())


def test_each_exhibit_has_a_line_and_so_have_all(seen):
    text = outlook_text(seen, 25.0, order=False)
    assert row(text, "table1 ") == "table1 3 0 3 about 30 s 2 of 4 2 cells"
    assert row(text, "deep ") == "deep 3 3 0 0 of 3 0 cells"
    assert row(text, "all ") == "all 6 3 3 about 30 s 2 of 7 2 cells"
    assert "first    2 cells" in text
    assert "in 25 s" in text
    assert "order" not in text.splitlines()
    assert "in 25 s" not in outlook_text(seen, None, order=False)


def test_the_order_has_a_line_a_configuration_and_where_the_time_ends(seen):
    lines = outlook_text(seen, 25.0, order=True).splitlines()
    after = lines[lines.index("order") + 1 :]
    assert any("table1: digits fcn 3 backprop, 3 seeds" in line for line in after)
    assert "not in 25 s" in after[0]
    assert not any("not in" in line for line in outlook_text(seen, 60.0, order=True).splitlines())


def test_data_that_is_not_there_is_named_with_the_remedy(seen):
    lacking = dataclasses.replace(seen, without_data={"mnist": 9})
    assert "9 cells of mnist left out: sgbench data fetch mnist" in outlook_text(
        lacking, None, order=False
    )
    request = dataclasses.replace(seen.requests[0], data_dir="my data")
    elsewhere = dataclasses.replace(lacking, requests=(request, *seen.requests[1:]))
    remedy = "sgbench data fetch mnist --data-dir 'my data'\n"
    assert remedy in outlook_text(elsewhere, None, order=False)


def test_what_takes_an_unknown_time_is_said_so(seen):
    unknown = dataclasses.replace(seen, seconds=(None,) * 3)
    text = outlook_text(unknown, 25.0, order=True)
    assert row(text, "time ") == "time unknown, one at a time"
    assert row(text, "table1 ") == "table1 3 0 3 unknown 2 of 4 0 cells"


def test_values_have_every_cell_with_its_end(seen):
    found = outlook_values(seen, 25.0)
    assert [cell["end"] for cell in found["order"]] == [10.0, 20.0, 30.0]
    assert [one["reached"] for one in found["exhibits"]] == [2, 0]
    assert found["exhibits"][0]["undecided"] == 2
    assert (found["seconds"], found["first"], found["time_limit"]) == (30.0, 2, 25.0)


def test_nothing_left_is_said(seen):
    empty = dataclasses.replace(seen, order=(), owners=(), seconds=(), deciding=0)
    assert "nothing is left to train" in outlook_text(empty, None, order=True)


def test_first_parts_of_training_have_their_line_and_their_steps(seen):
    first = dataclasses.replace(seen.order[0], until=50)
    with_part = dataclasses.replace(
        seen, order=(first, *seen.order), owners=(0, *seen.owners), prefixes=1, deciding=3,
        seconds=(2.0, 8.0, 10.0, 10.0),
    )  # fmt: skip
    text = outlook_text(with_part, None, order=True)
    assert row(text, "table1 ") == "table1 3 0 3 about 30 s 2 of 4"  # cells are counted once
    assert "first    1 first part of training, for the places before its end, done by 2 s" in text
    assert "then     2 cells that undecided places and claims need" in text
    lines = text.splitlines()
    steps = lines[lines.index("order") + 1 :]
    assert "until 50, 1 seed" in steps[0]
    assert "about 2 s, done by 2 s" in steps[0]
    assert "3 seeds" in steps[1]
    assert "about 28 s, done by 30 s" in steps[1]
    found = outlook_values(with_part, None)
    assert [step["until"] for step in found["order"]] == [50, *(p.until for p in seen.order)]
    assert (found["prefixes"], found["exhibits"][0]["to_run"]) == (1, 3)


def test_a_time_is_at_most_that_of_cells_that_may_end_by_themselves(seen):
    order = [
        dataclasses.replace(p, cell=dataclasses.replace(p.cell, patience=5)) for p in seen.order
    ]
    early = dataclasses.replace(seen, order=(seen.order[0], *order[1:]))
    text = outlook_text(early, None, order=True)
    assert row(text, "table1 ") == "table1 3 0 3 at most 30 s 2 of 4"
    assert row(text, "time ") == "time at most 30 s, one at a time"
    first, then = text.splitlines()[-2:]
    assert "about 10 s, done by 10 s" in first
    assert "at most 20 s, done by 30 s" in then
    found = outlook_values(early, None)
    assert (found["at_most"], [one["at_most"] for one in found["exhibits"]]) == (
        True,
        [True, False],
    )
    assert not outlook_values(seen, None)["at_most"]
