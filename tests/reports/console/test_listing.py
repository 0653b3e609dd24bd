"""Lists of exhibits, records and data sets, as text and as JSON values."""

import dataclasses
import re
from pathlib import Path

import pytest
from reference.reports import cells_of
from sgbench.bench.datasets import Status
from sgbench.reports.console.listing import (
    data_table,
    exhibit_values,
    exhibits_text,
    record_values,
    records_text,
)
from sgbench.reproductions.exhibits.exhibit import expand, load

CELLS = expand(load("table1"), "demo")
STATES = {"digits": "bundled", "mnist": "missing", "cifar10": "ready"}


def plain(text):
    return re.sub("\x1b.*?m", "", text)


def data(name="mnist", **changes):
    right = Status(
        name=name, state="ready", source="here", folder=Path("/data"), data_hash="0" * 16,
        canonical=True,
    )  # fmt: skip
    return dataclasses.replace(right, **changes)


class TestExhibits:
    def counted(self, table1):
        return [(table1, {"demo": 144, "quick": 1, "tenth": 96, "paper": 1200})]

    def test_a_scale_a_line_with_its_cells_and_the_state_of_its_data(self, table1):
        lines = plain(exhibits_text(self.counted(table1), STATES, 100)).splitlines()
        assert lines[0] == f"table1  {table1.title}"
        found = [line.split("   ")[-1] for line in lines if re.match(r"  \w", line)]
        both = "mnist (missing), cifar10 (ready)"
        assert found == ["digits (bundled)", both, both, both]
        cells = [line.split()[1:3] for line in lines if re.match(r"  \w", line)]
        assert cells == [["144", "cells"], ["1", "cell"], ["96", "cells"], ["1,200", "cells"]]

    @pytest.mark.parametrize("width", [60, 100])
    def test_descriptions_are_wrapped_to_the_terminal(self, table1, width):
        text = plain(exhibits_text(self.counted(table1), STATES, width))
        indented = [line for line in text.splitlines() if line.startswith(" " * 25)]
        assert indented
        assert max(map(len, indented)) <= width
        words = " ".join(" ".join(indented).split())
        for scale in table1.scales.values():
            assert " ".join(scale.description.split()) in words

    def test_values_of_each_scale(self, table1):
        demo, quick, *_ = exhibit_values(self.counted(table1), STATES)
        assert (demo["exhibit"], demo["scale"], demo["cells"]) == ("table1", "demo", 144)
        assert demo["seeds"] == table1.scale("demo").seeds
        assert quick["data"] == {"mnist": "missing", "cifar10": "ready"}


class TestRecords:
    def test_none(self):
        assert records_text([]) == "no records\n"

    def test_a_line_a_record_in_the_order_given(self, make):
        records = [make.record(cell) for cell in CELLS[:3]]
        head, _, *rows = records_text(records[::-1]).splitlines()
        assert head.split() == ["id", "finished", "(UTC)", "exhibit", "scale", "cell", "result"]
        assert [row.split()[0] for row in rows] == [record.id[:8] for record in records[::-1]]
        assert all(" 2026-01-01 00:00 " in row for row in rows)

    def test_cells_are_told_apart_within_an_exhibit_s_scale_alone(self, make):
        cell = CELLS[0]
        changed = cell.replace(learning_rate=cell.learning_rate / 2)
        alike = [make.record(cell), make.record(changed)]
        apart = [alike[0], make.record(changed, scale="custom")]
        assert records_text(alike).count("learning_rate=") == 2
        assert "learning_rate=" not in records_text(apart)

    def test_a_failure_stays_on_one_line_without_control_characters(self, make):
        failed = make.record(CELLS[0], status="failed", reason="one\ntwo\x1b[31m")
        _, _, row = records_text([dataclasses.replace(failed, exhibit="a\nb")]).splitlines()
        assert "failed: one two" in row
        assert "\x1b" not in row

    def test_values_have_the_results_of_the_cells_kind(self, make, table2):
        values = record_values(make.record(CELLS[0], 2.5))
        assert values["test_error"] == 2.5
        assert "test_bits" not in values
        assert (values["status"], values["error"]) == ("ok", None)
        (cell,) = cells_of(table2, "demo", seeds=1, dataset="descriptions", T=4, rule="dni")
        text = record_values(make.record(cell, 2.0))
        assert text["test_bits"] == 2.0
        assert "test_error" not in text
        failed = record_values(make.record(CELLS[0], status="failed", reason="it\nbroke"))
        assert failed["error"] == "it\nbroke"  # as it was: JSON needs no one line


class TestData:
    def test_none(self):
        assert data_table([], 80) == "\n"

    def test_names_and_states_stand_under_each_other(self):
        found = [data("digits", state="bundled", folder=None), data("cifar10")]
        lines = plain(data_table(found, 80)).splitlines()
        assert lines == [
            "digits   bundled  here",
            "cifar10  ready    here",
            "                  in /data",
        ]

    @pytest.mark.parametrize(
        ("state", "words"), [("missing", "fetch puts it into"), ("ready", "in")]
    )
    def test_where_the_files_are_or_would_be(self, state, words):
        assert f"{words} /data" in plain(data_table([data(state=state)], 80))

    def test_data_that_is_not_the_published_one_shows_its_hash(self):
        assert f"not the original (hash {'0' * 16})" in data_table([data(canonical=False)], 100)
        assert "not the original" not in data_table([data()], 100)
