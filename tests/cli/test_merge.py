"""`sgbench merge`: what it prints and with which exit code."""

import json

from sgbench.results.store.store import Store


def put(path, records):
    store = Store(path)
    for record in records:
        store.put(record)
    return path


def test_shards(sgbench, make, tmp_path):
    records = [make.record(cell) for cell in make.cells[:6]]
    put(tmp_path / "a", records[:4])
    put(tmp_path / "b", records[2:])
    done = sgbench("merge", "a", "b", "--into", "all")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("all: 6 records added, 0 replaced, 0 already there")
    done = sgbench("merge", "a", "b", "--into", "all", "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout) == {
        "into": "all", "added": 0, "replaced": 0, "kept": 6, "checkpoints": 0, "machines": 0,
        "studies": 0, "conflicts": [],
    }  # fmt: skip


def test_conflicts_are_listed_and_end_with_4(sgbench, make, tmp_path):
    one, two = [make.record(cell) for cell in make.cells[:2]]
    put(tmp_path / "a", [one, two])
    put(tmp_path / "b", [make.replace(one, test_error=13.0)])
    done = sgbench("merge", "a", "b", "--into", "all")
    assert done.exit_code == 4
    head, first, second, cause, last = done.stdout.splitlines()
    assert head == f"{one.id[:8]}  table1, scale demo, on another machine"
    assert first.split() == ["test_error", "12.5", "a"]
    assert second.split() == ["test_error", "13.0", "b"]
    assert cause.strip() == "may be the cause: processor and instructions: not recorded"
    assert last.startswith("all: 1 record added")
    assert "1 cell" in done.stderr
    assert done.stderr.count("\n") == 1
    found = json.loads(sgbench("merge", "a", "b", "--into", "all", "--json").stdout)
    (conflict,) = found["conflicts"]
    assert conflict["values"] == {"test_error": [12.5, 13.0]}
    assert conflict["stores"] == ["a", "b"]
    assert [r.id for r in Store(tmp_path / "all").scan()] == [two.id]


def test_bad_input_is_one_line(refused, tmp_path):
    (tmp_path / "file").write_text("")
    assert "none is no store" in refused("merge", "none", "--into", "all")
    assert "Missing option '--into'" in refused("merge", "a")
    assert "Missing argument 'STORE...'" in refused("merge", "--into", "all")
    (tmp_path / "a").mkdir()
    assert "is not a folder" in refused("merge", "a", "--into", "file", code=5)
