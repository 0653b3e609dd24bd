"""`sgbench time` and `sgbench report throughput`, as they are asked for."""

import json

import pytest
from reference.timings import timing_of
from sgbench.bench.profiling import interleaved, machine_lock, timing
from sgbench.reproductions.exhibits.exhibit import expand, load
from sgbench.results import timings
from sgbench.results.timings import Timings

SMALL = ("--scale", "demo", "--where", "network=fcn,depth=3,rule=backprop")


@pytest.fixture(autouse=True)
def quick(monkeypatch, tmp_path):
    """Short turns, a small machine, and a lock of this test's own."""
    monkeypatch.setattr(interleaved, "TURN_SECONDS", 1e-4)
    monkeypatch.setattr(interleaved, "COPIED", 2**12)
    monkeypatch.setattr(interleaved, "SIDE", 32)
    monkeypatch.setattr(timing, "MASK_STEPS", 2)
    monkeypatch.setattr(machine_lock, "FOLDER", tmp_path)


def test_an_exhibit_is_timed_and_kept_without_data(sgbench, store):
    where = ("--scale", "demo", "--where", "network=fcn,depth=3,rule=backprop,dni")
    done = sgbench("time", "table1", *where, "--rounds", 6, "--store", store.path)
    assert done.exit_code == 0, done.output
    assert done.stderr == ""
    kept = list(Timings(store.path).scan())
    assert [t.trained.sg_layers for t in kept].count(None) == 1
    assert len(kept) == 4
    assert {t.exhibit for t in kept} == {"table1"}
    assert {t.scale for t in kept} == {"demo"}
    assert {t.threads for t in kept} == {1}
    assert len({t.session for t in kept}) == 1
    for one in kept:
        assert len(one.rounds["step"]) == 6
    assert "digits fcn 3 dni M2" in done.stdout
    assert list(store.scan()) == []


def test_json_has_a_line_a_program_with_its_rounds(sgbench, store):
    done = sgbench(
        *("time", "table1", *SMALL, "--replicas", "1,2", "--rounds", 6, "--json"),
        *("--store", store.path),
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["replicas"] for line in lines] == [1, 2]
    assert [line["cost"] for line in lines] == [1.0, 1.0]
    assert all(len(line["raw"]["step"]) == 6 for line in lines)


@pytest.mark.parametrize(
    ("exhibit", "where"),
    [
        ("table2", "dataset=copy,T=2"),
        ("two_networks", "rule=dni"),
        ("p_update", "decoupled=both,rule=dni,p_update<0.2"),
        ("bp_lambda", "depth=4"),
    ],
)
def test_every_field_of_program_is_timed(sgbench, store, exhibit, where):
    done = sgbench(
        *("time", exhibit, "--scale", "demo", "--where", where, "--rounds", 6),
        *("--set", "batch_size=4", "--json", "--store", store.path),
    )
    assert done.exit_code == 0, done.output
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines
    assert all(line["scale"] == "custom" and line["flops"] >= 0 for line in lines)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nothing",), "unknown exhibit 'nothing'"),
        (("table1", "--scale", "huge"), "huge"),
        (("table1", "--where", "depth=99"), "depth"),
        (("table1", "--set", "nothing=1"), "nothing"),
        (("table1", "--rounds", "5"), "--rounds 5 must be at least 6"),
        (("table1", "--rounds", "x"), "--rounds"),
        (("table1", "--replicas", "0"), "--replicas 0 must be between 1 and"),
        (("table1", "--replicas", "1,x"), "--replicas '1,x'"),
        (("table1", "--replicas", ""), "--replicas ''"),
        (("table1", "--device", "tpu"), "--device"),
        (("table1", "--store", "/dev/null"), "not a folder"),
    ],
)
def test_bad_input_is_one_line(refused, arguments, words):
    code = 5 if "--store" in arguments else 2
    assert words in refused("time", *arguments, code=code)


def test_what_would_not_fit_is_said_before(refused, store):
    line = refused(
        *("time", "table2", "--scale", "demo", "--where", "dataset=copy,T=2,rule=bptt"),
        *("--set", "T=900000", "--set", "batch_size=900000", "--store", store.path),
    )
    assert "with T=900000 need about" in line
    assert "GiB are free" in line


def test_two_at_a_time_are_refused(refused, store):
    with machine_lock.machine_lock("sgbench time table2"):
        line = refused("time", "table1", *SMALL, "--store", store.path)
    assert "(sgbench time table2), since" in line
    assert "times on this machine already" in line


# the report


def test_the_report_shows_what_the_store_has(sgbench, store, tmp_path):
    for cell in expand(load("table1"), "quick", seeds=1):
        if (cell.dataset, cell.network, cell.depth) == ("mnist", "fcn", 3):
            Timings(store.path).put(timing_of(cell))
    asked = ("report", "throughput", "--store", store.path, "--format", "md,csv")
    done = sgbench(*asked)
    assert done.exit_code == 0, done.output
    assert "mnist fcn 3 cdni M2" in done.stdout
    assert (tmp_path / "report" / "throughput.md").exists()
    assert sgbench(*asked, "--check").exit_code == 0
    assert sgbench(*asked, "--scale", "quick", "--check").exit_code == 0
    (tmp_path / "report" / "throughput.csv").write_text("other")
    assert sgbench(*asked, "--check").exit_code == 1


def test_the_report_of_nothing_is_one_line(refused, store):
    assert "no timings" in refused("report", "throughput", "--store", store.path)
    assert "no timings of scale paper" in refused(
        "report", "throughput", "--scale", "paper", "--store", store.path
    )


def test_published_timings_are_read(sgbench, monkeypatch, tmp_path):
    folder = tmp_path / "published"
    (cell, *_) = expand(load("table1"), "quick", seeds=1)
    timings.publish([timing_of(cell)], folder)
    monkeypatch.setattr("sgbench.results.store.published.PUBLISHED", folder)
    done = sgbench("report", "throughput", "--published", "--format", "csv")
    assert done.exit_code == 0, done.output
    assert sgbench("report", "table1", "--published", "--format", "csv").stderr.count("broken") == 0
