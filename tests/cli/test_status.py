"""`sgbench status`: what is done of an exhibit, and what a run would do."""

import json

import pytest
from sgbench.results.store import published
from sgbench.results.store.store import Store


def test_each_state_is_counted(sgbench, store, put, make):
    here = make.here(store)
    done, failed, diverged, cut, elsewhere, other_data = make.cells[:6]
    stale = make.replace(make.record(other_data, machine_class=here), id="0" * 16)
    put(
        make.record(done, machine_class=here),
        make.record(failed, machine_class=here, status="failed", error="it broke"),
        make.record(diverged, machine_class=here, status="diverged"),
        make.record(cut, machine_class=here, status="timeout"),
        make.record(elsewhere),
        stale,
    )
    found = json.loads(sgbench("status", "table1", "--store", store.path, "--json").stdout)
    states = {"done": 1, "failed": 1, "diverged": 1, "timeout": 1, "stale": 1}
    assert found["states"] == {**states, "missing": len(make.cells) - 5}
    assert found["cells"] == len(make.cells)
    assert found["to_run"] == len(make.cells) - 3
    assert found["elsewhere"] == {"another machine": 1}
    assert found["machine_class"] == here
    text = sgbench("status", "table1", "--store", store.path).stdout
    assert "only with --retry failed" in text
    assert "only with --retry diverged" in text
    assert "1 cell done on another machine" in text
    assert f"next run   {found['to_run']} cells" in text


def test_no_other_machine_counts_before_a_back_end_is_chosen(sgbench, tmp_path, make):
    store = Store(tmp_path / "copied")
    for cell in make.cells:
        store.put(make.record(cell))
    found = json.loads(sgbench("status", "table1", "--store", store.path, "--json").stdout)
    assert found["states"] == {"missing": len(make.cells)}
    assert found["elsewhere"] == {"another machine": len(make.cells)}


def test_nothing_is_left_when_all_is_done(sgbench, store, put, make):
    put(*(make.record(cell, machine_class=make.here(store)) for cell in make.cells))
    text = sgbench("status", "table1", SGBENCH_STORE=str(store.path)).stdout
    assert "nothing to do" in text
    assert f"store      {store.path}" in text


def test_a_store_that_is_named_must_exist(refused):
    line = refused("status", "table1", "--store", "typo")
    assert "typo" in line
    assert "--store" in line


def test_published_records_of_every_machine_count(sgbench, monkeypatch, tmp_path, make):
    published.publish([make.record(cell) for cell in make.cells[:5]], tmp_path / "published")
    monkeypatch.setattr(published, "PUBLISHED", tmp_path / "published")
    given = ("status", "table1", "--published")
    found = json.loads(sgbench(*given, "--json").stdout)
    assert found["states"] == {"done": 5, "missing": len(make.cells) - 5}
    assert "next run" not in sgbench(*given).stdout
    assert "--store" in sgbench(*given, "--store", "here").stderr


def test_an_exhibit_is_needed_without_stale(refused):
    assert "EXHIBIT" in refused("status")


@pytest.mark.parametrize(
    ("line", "argument", "remedy"),
    [
        ("tabel1", "'tabel1'", "'table1'"),
        ("table1 --scale demmo", "'demmo'", "'demo'"),
        ("table1 --where rul=dni", "--where", "'rule'"),
        ("table1 --where rule=dnii", "--where rule=dnii", "'dni'"),
        ("table1 --where depth=9", "--where depth=9", "3, 4, 5"),
        ("table1 --where depth", "--where 'depth'", "FIELD=VALUE"),
        ("table1 --where t=2", "--where", "'T'"),
        ("table1 --where depth=>5", "'=>'", "'>='"),
        ("table1 --set t=2", "--set", "'T'"),
        ("table1 --set iteration=5", "'iteration'", "'iterations'"),
        ("table1 --set depth=0", "depth=0", "between 2 and 1000"),
        ("table1 --set learning_rate=nan", "learning_rate=nan", "finite"),
        ("table1 --set iterations", "--set iterations", "FIELD=VALUE"),
        ("table1 --seeds 0", "--seeds 0", "at least 1"),
        ("table1 --device gpu", "--device 'gpu'", "cuda"),
        ("--stale --seeds 1", "--seeds", "EXHIBIT"),
    ],
)
def test_bad_input_is_one_line(refused, line, argument, remedy):
    told = refused("status", *line.split())
    assert argument in told
    assert remedy in told
