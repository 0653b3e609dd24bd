"""The throughput report as a whole: its files, its machine, its bytes."""

import csv
import dataclasses
import io

import pytest
from reference.speeds import FCN, cells, of_backprop_and_dni, timings
from reference.timings import timing_of
from sgbench.bench.errors import UsageError
from sgbench.reports.pages import throughput
from sgbench.reports.pages.report import check, write


def rows(found):
    return list(csv.DictReader(io.StringIO(found.decode())))


@pytest.fixture(scope="module")
def built():
    _, records = of_backprop_and_dni()
    some = [*timings(), *timings("table2", dataset="copy")]
    cell = cells(rule="cdni", depth=3, **FCN)[0]
    some += [timing_of(cell, step=0.04 * n, replicas=n) for n in (2, 8)]
    return throughput.build(some, records, None, ("md", "csv", "tex", "png"))


def test_the_report_has_tables_and_figures(built):
    assert set(built.files) == {
        "throughput.csv",
        "throughput.md",
        "throughput.tex",
        "throughput-error.csv",
        "throughput-cost-copy-lstm.png",
        "throughput-cost-mnist-fcn.png",
        "throughput-limit-copy-lstm.png",
        "throughput-limit-mnist-fcn.png",
        "throughput-replicas-mnist-fcn.png",
        "throughput-seconds-mnist-fcn.png",
    }
    page = built.files["throughput.md"].decode()
    assert "## Speed" in page
    assert "## Cost to accuracy" in page
    for name in built.files:
        assert not name.endswith("png") or f"({name})" in page
    lines = rows(built.files["throughput.csv"])
    assert len(lines) == len(timings()) + len(timings("table2", dataset="copy")) + 2
    assert {line["unsteady"] for line in lines} == {"False"}
    assert len(rows(built.files["throughput-error.csv"])) == 4


def test_the_same_timings_give_the_same_bytes(tmp_path):
    some = timings(depth=3, **FCN)
    one = throughput.build(some, [], None, ("md", "csv", "png"))
    other = throughput.build(reversed(some), [], None, ("md", "csv", "png"))
    assert one == other
    write(one, tmp_path)
    assert check(other, tmp_path) == []


def test_only_the_machine_with_most_is_reported_and_only_the_scale():
    some = timings(depth=3, **FCN)
    few = [dataclasses.replace(t, machine_class="another", session="two") for t in some[:2]]
    found = throughput.build([*few, *some], [], None, ("csv",))
    assert len(rows(found.files["throughput.csv"])) == len(some)
    assert "2 timings of other machine classes are left out" in found.text
    with pytest.raises(UsageError, match="no timings of scale paper"):
        throughput.build(some, [], "paper")
    with pytest.raises(UsageError, match="sgbench time"):
        throughput.build([], [])
    with pytest.raises(UsageError, match="--format"):
        throughput.build(some, [], None, ("gif",))


def test_the_latest_timing_of_a_program_counts():
    (cell,) = cells(rule="backprop", depth=3, **FCN)
    old = timing_of(cell, step=0.01, exhibit="deep")
    new = timing_of(cell, step=0.02, measured="2027-01-01T00:00:00+00:00")
    for some in ([old, new], [new, old]):
        (line,) = rows(throughput.build(some, [], None, ("csv",)).files["throughput.csv"])
        assert float(line["step_seconds"]) == 0.02


def test_a_changed_protocol_is_no_time_to_an_error():
    _, records = of_backprop_and_dni()
    changed = [
        dataclasses.replace(r, scale="custom", learning_rate=0.1, key=f"{r.key}!") for r in records
    ]
    some, formats = timings(depth=3, **FCN), ("csv", "svg")
    expected = throughput.build(some, records, None, formats)
    assert "throughput-error.csv" in expected.files
    assert throughput.build(some, [*changed, *records], None, formats) == expected


def test_timings_by_other_versions_of_the_code_are_left_out():
    some = timings(depth=3, **FCN)
    (base,) = (t for t in some if t.trained.rule == "backprop")
    old = timing_of(base.trained, step=0.05, id="f" * 16, measured="2027-01-01T00:00:00+00:00")
    found = throughput.build([*some, old], [], None, ("csv",))
    assert "1 timings by other versions of the code are left out" in found.text
    kept = throughput.build(some, [], None, ("csv",))
    assert found.files["throughput.csv"] == kept.files["throughput.csv"]
    with pytest.raises(UsageError, match="by this version of the code: `sgbench time"):
        throughput.build([old], [])
