"""`sgbench report` of exhibits: tables, files, and exit codes."""

import importlib.metadata
import json

import pytest
from reference.timings import timing_of
from sgbench.commands.report import FORMATS, STYLES
from sgbench.reports.figures.drawing.style import SHEETS
from sgbench.reports.pages import exhibit as exhibit_pages
from sgbench.reports.pages import report as reports
from sgbench.reproductions.exhibits import exhibit as exhibits
from sgbench.results.store import published
from sgbench.results.timings import Timings


@pytest.fixture
def one_figure(put, make):
    """A store of the exhibit that has a single figure, which is drawn in this process."""
    cells = exhibits.expand(exhibits.load("sg_scale"), "demo")
    return put(*(make.record(cell, exhibit="sg_scale") for cell in cells))[0]


@pytest.fixture
def undrawn(monkeypatch):
    """Have figures drawn in no time: what their files hold tells them apart, no more."""

    def rendered(drawings, formats, workers=1, sheet="screen"):
        svg = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
        return [
            {form: svg if form == "svg" else f"{drawing.name} {sheet}".encode() for form in formats}
            for drawing in drawings
        ]

    monkeypatch.setattr(exhibit_pages, "rendered", rendered)


def test_every_format_is_offered():
    assert set(FORMATS) == set(reports.FORMATS)


def test_every_style_is_offered():
    assert set(STYLES) == set(SHEETS)


def test_a_papers_figures_are_checked_as_what_they_are(sgbench, refused, one_figure, tmp_path):
    given = ("report", "sg_scale", "--store", one_figure, "--format", "svg", "--style", "paper")
    assert sgbench(*given).exit_code == 0
    (drawn,) = (tmp_path / "report").glob("*.svg")
    assert 'width="234pt"' in drawn.read_text()  # 3.25 inches
    assert sgbench(*given, "--check").exit_code == 0
    refused(*given[:-1], "screen", "--check", code=1)


def test_tables_are_printed_and_files_written(sgbench, put, make, tmp_path):
    store, _ = put(*map(make.record, make.cells))
    given = ("--store", store, "--format", "md,csv")
    done = sgbench("report", "table1", *given)
    assert done.exit_code == 0
    assert f"cells: {len(make.cells)} of {len(make.cells)} run" in done.stdout
    written = sorted(path.name for path in (tmp_path / "report").iterdir())
    assert "table1-demo.md" in written
    assert done.stderr.splitlines() == [f"wrote report/{name}" for name in written]
    checked = sgbench("report", "table1", *given, "--check")
    assert checked.exit_code == 0
    assert checked.stdout == f"{len(written)} files in report are up to date\n"


def test_check_finds_stale_files_and_writes_nothing(sgbench, refused, put, make, tmp_path):
    store, _ = put(make.record(make.cells[0]))
    given = ("report", "table1", "--store", store, "--format", "md", "--out", "there")
    line = refused(*given, "--check", code=1)
    assert "table1-demo.md" in line
    assert "without --check" in line
    assert not (tmp_path / "there").exists()
    assert sgbench(*given).exit_code == 0
    put(make.record(make.cells[1]))
    refused(*given, "--check", code=1)


@pytest.mark.usefixtures("undrawn")
def test_check_tells_of_figures_that_another_matplotlib_drew(sgbench, refused, put, make, tmp_path):
    store, _ = put(*map(make.record, make.cells))
    given = ("report", "table1", "--store", store, "--format", "md,csv,png")
    assert sgbench(*given).exit_code == 0
    drawn = sorted((tmp_path / "report").glob("*.png"))
    assert drawn
    for path in drawn:
        path.write_bytes(path.read_bytes() + b"drawn otherwise")
    line = refused(*given, "--check", code=1)
    assert all(path.name in line for path in drawn)
    assert f"drawn by another version than {importlib.metadata.version('matplotlib')}" in line
    drawn[0].unlink()
    assert "another version" not in refused(*given, "--check", code=1)
    drawn[0].touch()
    (tmp_path / "report" / "table1-demo.csv").write_text("old")
    assert "another version" not in refused(*given, "--check", code=1)


def test_strict_names_the_claims_that_are_not_reproduced(sgbench, put, make):
    store, _ = put(*map(make.record, make.cells))  # one error for all: no claim holds
    done = sgbench("report", "table1", "--store", store, "--format", "csv", "--strict")
    assert done.exit_code == 1
    assert done.stdout
    assert "sgbench: not all is reproduced: " in done.stderr.splitlines()[-1]


def test_published_records_are_reported(sgbench, monkeypatch, tmp_path, make):
    published.publish([make.record(make.cells[0])], tmp_path / "published")
    monkeypatch.setattr(published, "PUBLISHED", tmp_path / "published")
    done = sgbench("report", "table1", "--published", "--format", "csv")
    assert f"cells: 1 of {len(make.cells)} run" in done.stdout


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("name", ["beyond", pytest.param("all", marks=pytest.mark.slow)])
def test_curves_against_bytes_go_by_the_timings_of_the_store(sgbench, put, make, tmp_path, name):
    cells = exhibits.expand(exhibits.load("beyond"), "demo")
    cell = next(c for c in cells if c.rule == "dfa" and c.seed == 0)
    store, _ = put(make.record(cell, exhibit="beyond"))
    given = ("report", name, "--store", store, "--format", "png")
    curve = tmp_path / "report" / "beyond-demo-bytes-digits-fcn-equal-passes.png"
    assert sgbench(*given).exit_code == 0
    assert not curve.exists()
    Timings(store).put(timing_of(cell))
    assert sgbench(*given).exit_code == 0
    assert curve.exists()


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
def test_everything_is_one_page(sgbench, put, make, tmp_path):
    store, _ = put(*(make.record(cell) for cell in make.cells if cell.depth == 3))
    done = sgbench("report", "all", "--store", store)
    assert done.exit_code == 0, done.output
    *lines, last = done.stderr.splitlines()
    assert last == "wrote report/all.html"
    assert "reporting table1, scale demo" in lines
    assert "table1" in done.stdout
    page = (tmp_path / "report" / "all.html").read_text()
    assert page.startswith("<!doctype html>")
    assert "sgbench run table2 --scale paper" in page
    checked = sgbench("report", "all", "--store", store, "--check")
    assert checked.stdout == "1 files in report are up to date\n"


def test_json_of_everything_at_one_scale(sgbench, put, make, tmp_path):
    store, _ = put(make.record(make.cells[0]))
    given = ("report", "all", "--store", store, "--scale", "demo", "--format", "json", "--strict")
    done = sgbench(*given)
    assert done.exit_code == 1
    assert "table1-demo: " in done.stderr.splitlines()[-1]
    found = json.loads((tmp_path / "report" / "all.json").read_text())
    assert {one["scale"] for one in found["verdicts"]} == {"demo"}


def test_verdicts_are_of_exhibits(refused):
    told = refused("report", "throughput", "--format", "md,json")
    assert "--format json" in told
    assert "csv" in told


def shown(done):
    """The first table of a report, and the rest."""
    assert done.exit_code == 0, done.output
    return done.stdout


def test_only_some_cells_are_shown(sgbench, refused, put, make, tmp_path):
    store, _ = put(*map(make.record, make.cells))
    given = ("report", "table1", "--store", store, "--format", "csv")
    some = shown(sgbench(*given, "--where", "rule=dni,network=fcn"))
    assert "DNI" in some
    assert "cDNI" not in some.replace("cDNI -", "")
    assert "CNN" not in some
    told = refused(*given, "--where", "depth=9")
    assert "--where depth=9" in told
    names = {path.name for path in (tmp_path / "report").iterdir()}
    assert "table1-demo-part.csv" in names
    assert "table1-demo.csv" not in names  # that of the whole exhibit is not replaced


def test_only_what_was_run_is_shown(sgbench, put, make):
    store, _ = put(*(make.record(cell) for cell in make.cells if cell.depth == 3))
    given = ("report", "table1", "--store", store, "--format", "csv")
    assert "not run" in shown(sgbench(*given))
    some = shown(sgbench(*given, "--ran"))
    assert "not run" not in some
    rows = [line.split() for line in some.splitlines() if line.startswith(("FCN ", "CNN "))]
    assert {depth for _, depth, *_ in rows} == {"3"}


@pytest.fixture
def changed(put, make):
    """A store with cells as the exhibit has them, some with fewer iterations, and a trial."""
    plain = [cell for cell in make.cells if (cell.network, cell.rule) == ("fcn", "backprop")]
    fewer = [make.replace(cell, iterations=20) for cell in plain if cell.depth == 3]
    trial = make.replace(plain[0], iterations=20, split="validation")
    records = [make.record(cell) for cell in plain]
    records += [make.record(cell, scale="custom") for cell in (*fewer, trial)]
    return put(*records)[0]


def test_cells_that_set_changed_are_counted_and_shown(sgbench, changed):
    given = ("report", "table1", "--store", changed, "--format", "csv")
    whole = shown(sgbench(*given))
    assert "3 cells" in whole
    assert "sgbench report table1 --scale custom" in whole
    some = shown(sgbench(*given, "--scale", "custom"))
    assert "Custom." in some
    assert "12.50" in some
    assert "depth 4" not in some


def test_changed_cells_of_the_validation_split_are_asked_for(sgbench, refused, changed):
    given = ("report", "table1", "--store", changed, "--scale", "custom", "--format", "csv")
    assert "cells: 3 run" in shown(sgbench(*given))
    assert "cells: 1 run" in shown(sgbench(*given, "--where", "split=validation"))
    told = refused(*given, "--where", "rule=dni")
    assert "--where rule=dni" in told


def test_without_changed_cells_custom_is_refused(refused, put, make):
    store, _ = put(make.record(make.cells[0]))
    told = refused("report", "table1", "--scale", "custom", "--store", store)
    assert "--scale custom" in told
    assert "--set" in told


@pytest.mark.parametrize("option", [("--ran",), ("--where", "rule=dni")])
@pytest.mark.parametrize("what", ["all", "throughput", "tune"])
def test_what_is_no_exhibit_has_no_cells_to_select(refused, option, what):
    told = refused("report", what, *option)
    assert option[0] in told
    assert "exhibit" in told


@pytest.mark.parametrize(
    ("line", "argument", "remedy"),
    [
        ("table3", "'table3'", "'table2'"),
        ("table1 --scale papre", "'papre'", "'paper'"),
        ("table1 --format mdd", "--format", "'md'"),
        ("table1 --published --store x", "--store", "--published"),
        ("table1 --study x", "--study", "report tune"),
        ("all --study x", "--study", "report tune"),
        ("all --published --scale papre", "'papre'", "'paper'"),
        ("table1 --store typo", "typo", "--store"),
        ("table1", ".sgbench", "sgbench run"),
    ],
)
def test_bad_input_is_one_line(refused, line, argument, remedy):
    told = refused("report", *line.split())
    assert argument in told
    assert remedy in told


def test_a_folder_that_cannot_be_written(refused, put, make, tmp_path):
    store, _ = put(make.record(make.cells[0]))
    (tmp_path / "file").write_text("")
    given = ("report", "table1", "--store", store, "--format", "csv", "--out", "file")
    assert "--out file" in refused(*given)


def test_a_study_that_is_not_there(refused, put, make):
    store, _ = put(make.record(make.cells[0]))
    assert "sgbench tune" in refused("report", "tune", "--store", store)
    told = refused("report", "tune", "--study", "nowhere", "--store", store)
    assert "nowhere" in told
