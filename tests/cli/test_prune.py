"""`status --stale` and `prune`: what they list, and that a no loses nothing."""

import json

import pytest
from click.testing import CliRunner
from sgbench.cli import main


@pytest.fixture
def worn(store, make):
    """A store with a good record, a stale one and the checkpoint of the good one."""
    good, other = (make.record(cell) for cell in make.cells[:2])
    old = make.replace(other, id=f"{int(other.id, 16) ^ 1:016x}", rule_version=0)
    for record in (good, old):
        store.put(record)
    state = store.checkpoint_path(good.id, good.machine_class)
    state.parent.mkdir()
    state.write_bytes(b"a state")
    return store, good, old, state


def files(store):
    return {p: p.read_bytes() for p in store.path.rglob("*") if p.is_file()}


def test_stale_records_are_listed_with_why(sgbench, worn):
    store, _, old, _ = worn
    done = sgbench("status", "--stale", "--store", store.path)
    line, last = done.stdout.splitlines()
    assert line.startswith(f"{old.id[:8]}  table1, scale demo: digits ")
    assert line.endswith(f"  rule {old.rule}: version 0, now 1")
    words = "sgbench prune removes 1 of older code"
    assert last == f"1 of 2 records in {store.path} are stale; {words}"
    (values,) = map(json.loads, sgbench("status", "--stale", "--store", store.path, "--json")
        .stdout.splitlines())  # fmt: skip
    assert (values["id"], values["older_code"]) == (old.id, True)
    assert values["why"] == [f"rule {old.rule}: version 0, now 1"]


def test_stale_records_of_an_exhibit_s_cells(sgbench, worn):
    store, _, old, _ = worn
    given = ("--stale", "--store", store.path)
    one = ("--where", f"seed={old.seed}")
    assert "1 of 1 record in" in sgbench("status", "table1", *one, *given).stdout
    assert "0 of 0 records in" in sgbench("status", "table1", "--scale", "quick", *given).stdout


def test_stale_records_of_some_cells_of_any_exhibit(sgbench, worn):
    store, good, old, _ = worn
    given = ("status", "--stale", "--store", store.path, "--where")
    assert "1 of 1 record in" in sgbench(*given, f"seed={old.seed}").stdout
    assert "0 of 1 record in" in sgbench(*given, f"seed={good.seed}").stdout


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_a_no_or_no_answer_removes_nothing(worn, answer):
    store, _, _, state = worn
    before = files(store)
    done = CliRunner().invoke(main, ["prune", "--store", str(store.path)], input=answer)
    assert done.exit_code == 0
    assert files(store) == before
    first, second, last = done.stdout.splitlines()
    assert first.startswith("stale record   records/")
    assert second == f"checkpoint     checkpoints/{state.name}  its cell has ended"
    assert last == "nothing was removed"
    assert "Remove 2 files, 0.0 MB? [y/N]" in done.stderr


@pytest.mark.parametrize(("options", "answer"), [((), "y\n"), (("--yes",), None)])
def test_a_yes_removes_what_was_listed(sgbench, worn, options, answer):
    store, good, _, state = worn
    line = ["prune", "--store", str(store.path), *options]
    done = CliRunner().invoke(main, line, input=answer)
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1] == f"{store.path}: 2 files removed"
    assert list(store.scan()) == [good]
    assert not state.exists()
    assert sgbench(*line).stdout == f"{store.path}: nothing to remove\n"


def test_a_dry_run_only_lists(sgbench, worn):
    store, _, old, state = worn
    before = files(store)
    done = sgbench("prune", "--dry-run", "--store", store.path)
    assert done.stdout.splitlines()[-1] == f"{store.path}: 2 files, 0.0 MB to remove"
    done = sgbench("prune", "--dry-run", "--json", "--store", store.path)
    first, second = map(json.loads, done.stdout.splitlines())
    assert first["path"] == str(store.record_path(old.id, old.machine_class))
    assert (second["kind"], second["path"], second["bytes"]) == ("checkpoint", str(state), 7)
    assert files(store) == before


def test_only_the_files_of_some_cells_are_removed(sgbench, worn):
    store, good, old, state = worn
    given = ("prune", "--yes", "--store", store.path, "--where")
    assert f"seed={good.seed}" != f"seed={old.seed}"
    assert sgbench(*given, f"seed={good.seed}").exit_code == 0
    assert not state.exists()
    assert len(list(store.scan())) == 2
    assert sgbench(*given, f"seed={old.seed}").exit_code == 0
    assert list(store.scan()) == [good]


def test_broken_files_belong_to_no_cell(sgbench, worn):
    store, good, _, _ = worn
    broken = store.path / "broken" / "record.json.1234"
    broken.parent.mkdir()
    broken.write_text("{")
    given = ("prune", "--yes", "--store", store.path)
    sgbench(*given, "--where", f"rule={good.rule}")
    assert broken.exists()
    sgbench(*given)
    assert not broken.exists()


def test_a_value_that_no_record_has_is_named(refused, worn):
    store, _, _, _ = worn
    told = refused("prune", "--store", store.path, "--where", "depth=9")
    assert "--where depth=9" in told
