"""`sgbench report` of exhibits: tables, files, and exit codes."""

import pytest
from sgbench.commands.report import FORMATS
from sgbench.reports.pages import report as reports
from sgbench.results.store import published


def test_every_format_is_offered():
    assert set(FORMATS) == set(reports.FORMATS)


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


@pytest.mark.parametrize(
    ("line", "argument", "remedy"),
    [
        ("table3", "'table3'", "'table2'"),
        ("table1 --scale papre", "'papre'", "'paper'"),
        ("table1 --format mdd", "--format", "'md'"),
        ("table1 --published --store x", "--store", "--published"),
        ("table1 --study x", "--study", "report tune"),
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
