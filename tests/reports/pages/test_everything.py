"""The report of all that is stored: which scales it has, and what is on its page."""

import json
import math
from dataclasses import replace

import pytest
from reference.speeds import FCN, timings
from sgbench.bench.errors import UsageError
from sgbench.reports.analysis.costs.remaining import Costs, in_words
from sgbench.reports.analysis.study_results import study_results
from sgbench.reports.pages import everything
from sgbench.reproductions.exhibits.exhibit import expand, load
from sgbench.reproductions.exhibits.exhibit import names as exhibit_names


@pytest.fixture
def some(table1, make):
    """Records of a few cells of Table 1, one of them changed by --set."""
    cells = [c for c in expand(table1, "demo") if c.network == "fcn" and c.depth == 3]
    changed = make.record(cells[0].replace(iterations=20), scale="custom")
    return [*map(make.record, cells), changed]


def names(report):
    return [one["scale"] for one in json.loads(report.files["all.json"])["verdicts"]]


def test_the_papers_scale_comes_first_and_others_where_they_have_records(table1, table2, some):
    report = everything.build([table2, table1], some, formats=("json", "md"))
    found = json.loads(report.files["all.json"])["verdicts"]
    order = list(dict.fromkeys((one["exhibit"], one["scale"]) for one in found))
    assert order == [
        *(("table1", scale) for scale in ("paper", "demo", "custom")), ("table2", "paper"),
    ]  # fmt: skip
    page = report.files["all.md"].decode()
    assert page.startswith("# Decoupled neural interfaces")
    assert "\n## Table 2: " in page
    assert "sgbench run table2 --scale paper" in page
    assert list(report.files) == ["all.json", "all.md"]


def test_one_scale_alone(table1, table2, some):
    told = []
    report = everything.build(
        [table1, table2], some, formats=("json",), scale="demo", tell=told.append
    )
    assert told == ["reporting table1, scale demo", "reporting table2, scale demo"]
    assert set(names(report)) == {"demo"}
    with pytest.raises(UsageError, match=r"'demmo'.*'demo'"):
        everything.build([table1], some, scale="demmo")
    with pytest.raises(UsageError, match="--format 'gif'"):
        everything.build([table1], some, formats=("gif",))


def test_timings_and_studies_are_on_the_page(table1, some, study, records):
    some = [*some, *records]
    timed = timings(depth=3, **FCN)
    studies = [study_results(study, records)]
    one = everything.build([table1], some, timed, studies, ("html",))
    page = one.files["all.html"].decode()
    assert list(one.files) == ["all.html"]
    for words in ("Throughput of what is trained", "Study made-up", "How it was made"):
        assert words in page


def test_where_all_timings_are_by_other_code_there_is_no_throughput(table1, some):
    told, old = [], [replace(t, id="f" * 16) for t in timings(depth=3, **FCN)]
    everything.build([table1], some, old, formats=("json",), tell=told.append)
    assert told
    assert "reporting throughput" not in told


@pytest.mark.slow
def test_the_order_of_records_changes_no_byte(table1, some, study, records):
    some, timed = [*some, *records], timings(depth=3, **FCN)
    studies = [study_results(study, records)]
    one = everything.build([table1], some, timed, studies, ("html",))
    assert one == everything.build([table1], some[::-1], timed[::-1], studies, ("html",))


def test_files_of_every_exhibit_lie_beside_it(table1, some):
    report = everything.build([table1], some, formats=("md", "csv", "tex", "png"), scale="demo")
    assert {"all.md", "table1-demo.csv", "table1-demo-claims.csv", "table1-demo.tex"} <= set(
        report.files
    )
    page = report.files["all.md"].decode()
    pictures = [name for name in report.files if name.endswith(".png")]
    assert pictures
    assert all(f"]({name})" in page for name in pictures)


def test_claims_that_are_not_reproduced_are_named_by_exhibit(table1, some):
    report = everything.build([table1], some, formats=("json",), scale="demo")
    assert report.unreproduced
    assert all(name.startswith("table1-demo: ") for name in report.unreproduced)


def test_the_page_answers_first_and_says_what_the_rest_takes(table1, table2, some, make):
    known = [make.record(c) for one in (table1, table2) for c in expand(one, "paper", seeds=1)]
    report = everything.build(
        [table1, table2], some, formats=("html", "md", "json"), costs=Costs(known)
    )
    exhibits = json.loads(report.files["all.json"])["exhibits"]
    left = {one["exhibit"]: one for one in exhibits if one["scale"] == "paper"}
    assert (left["table1"]["run"], left["table1"]["cells"]) == (0, 324)
    words = [in_words(left[name]["seconds_left"]) for name in ("table1", "table2")]
    every = in_words(sum(left[name]["seconds_left"] for name in ("table1", "table2")))
    page = report.files["all.html"].decode()
    answer = page.partition("Does it reproduce?")[2].partition("</section>")[0]
    for text in (answer, report.files["all.md"].decode(), report.text):
        flat = " ".join(text.split())
        assert f"in about {every}: Table" in flat
        assert all(one in flat for one in words)
        assert "What would it take to know the rest?" in flat
        assert "are to be judged" in flat
    assert answer.index("</dl>") < answer.index("<table")


@pytest.mark.slow
def test_ten_thousand_records_of_four_scales_take_less_than_6_megabytes(make):
    def made(exhibit, scale, cell):
        if cell.p_update is not None:
            return make.network(cell, scale=scale)
        return make.record(cell, scale=scale, exhibit=exhibit)

    exhibits = [load(name) for name in exhibit_names()]
    four = ("paper", "tenth", "quick", "demo")
    scales = [(one, name) for one in exhibits for name in four if name in one.scales]
    declared = sum(len(expand(one, name)) for one, name in scales)
    records = [
        made(one.name, scale, cell)
        for one, scale in scales
        for cell in expand(one, scale, seeds=math.ceil(10_000 / declared * one.scale(scale).seeds))
    ]
    assert len(records) > 10_000
    page = everything.build(exhibits, records, formats=("html",)).files["all.html"]
    assert page.count(b"<svg data-points") > 100
    assert len(page) < 6_000_000
