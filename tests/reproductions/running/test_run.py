"""The runner: what is missing is trained, every record is durable, nothing is lost on the way."""

import dataclasses
import functools

import pytest
from reference.runs import GRID, SMALL, Listener, left_behind, stored, untimed
from sgbench.bench import datasets
from sgbench.bench.engine import here, local_pool
from sgbench.bench.training import loop
from sgbench.reproductions.running import plan as plans
from sgbench.reproductions.running import run as run_module
from sgbench.reproductions.running.backend import known_class
from sgbench.reproductions.running.run import run
from sgbench.reproductions.running.until import read_until
from sgbench.results.store.store import Store


def test_a_run(request_of):
    request, listener = request_of(), Listener()
    summary = run(request, listener)
    assert (summary.written, summary.left, summary.interrupted) == ({"ok": 8}, 0, None)
    assert (listener.workers, listener.plan.counts()) == (1, {"missing": 8})
    assert stored(request.store) == untimed(listener.records)
    assert len(listener.records) == 8
    assert left_behind(request.store) == []
    for record in listener.records:
        assert (record.exhibit, record.scale, record.status) == ("table1", "custom", "ok")
        assert [point["iteration"] for point in record.curve] == [4, 8, 9]
        assert record.test_error == record.curve[-1]["error"]
        assert record.validation_error is None
        assert record.machine_class == known_class(request.store, "cpu")
        assert record.data_canonical


def test_a_second_run_has_nothing_to_do(request_of, monkeypatch):
    request = request_of()
    run(request, Listener())
    before = {p: p.stat().st_mtime_ns for p in request.store.path.rglob("*")}
    listener = Listener()
    monkeypatch.setattr(loop, "train", None)
    summary = run(request, listener)
    assert (summary.written, summary.left) == ({}, 0)
    assert listener.plan.counts() == {"done": 8}
    assert (listener.workers, listener.records) == (0, [])
    assert {p: p.stat().st_mtime_ns for p in request.store.path.rglob("*")} == before


def test_more_seeds_train_only_the_new_ones(request_of):
    run(request_of(), Listener())
    listener = Listener()
    assert run(request_of(seeds=2), listener).written == {"ok": 8}
    assert {record.seed for record in listener.records} == {1}
    assert listener.plan.counts() == {"done": 8, "missing": 8}


def test_a_record_is_durable_before_it_is_heard_of(request_of):
    request, seen = request_of(), []

    def finished(program, records):
        on_disk = untimed(Store(request.store.path).scan())
        assert all(on_disk[r.id] == untimed([r])[r.id] for r in records)
        seen.append(program)

    run(request, Listener(finished=finished))
    assert seen == list(range(8))


def test_a_validation_split_gives_validation_errors(request_of):
    request = request_of(set=(*SMALL, "split=validation"), where=(*GRID, "rule=cdni,depth=3"))
    run(request, Listener())
    (record,) = request.store.scan()
    assert record.test_error is record.test_loss is None
    assert record.validation_error == record.curve[-1]["error"]


def test_a_stack_gives_the_records_of_its_cells_each_alone(request_of, monkeypatch):
    """What is one program on a GPU, on the CPU: float64, where the two agree closely."""
    asked = {
        "where": ("rule=dni", "p_update=0.2,0.6", "decoupled=both"),
        "set": (*SMALL, "precision=float64"),
        "seeds": 2,
    }

    def trained(store, stack):
        request = dataclasses.replace(request_of(store, **asked), exhibit="p_update")
        plan = functools.partial(plans.make_plan, stack=stack)
        monkeypatch.setattr(
            run_module,
            "plan_of",
            lambda r, cells, records, here, _: plan(cells, records, machine=here),
        )
        listener = Listener()
        assert run(request, listener).left == 0
        assert [len(program) for program in listener.plan.programs] == ([4] if stack else [1] * 4)
        assert {record.replicas for record in listener.records} == {4 if stack else 1}
        return stored(request.store)

    together, alone = trained("together", stack=True), trained("alone", stack=False)
    assert together.keys() == alone.keys()
    for id_, record in together.items():
        assert record.test_loss == pytest.approx(alone[id_].test_loss, rel=1e-6)
        assert [p["updates"] for p in record.curve] == [p["updates"] for p in alone[id_].curve]


def test_a_run_whose_workers_cannot_start_goes_on_in_one_process_and_says_so(
    request_of, monkeypatch
):
    """As with a read-only /dev/shm, or without a network of its own."""

    def fail(**options):
        raise RuntimeError("Nanny failed to start.") from OSError(30, "Read-only file system")

    monkeypatch.setattr(here, "START_SECONDS", 0.0)
    monkeypatch.setattr(local_pool, "_local_cluster", fail)
    told, one = [], request_of("one")
    assert run(request_of("two", jobs=2), Listener(), say=told.append).written == {"ok": 8}
    assert [line for line in told if "workers cannot start here (OSError" in line] == told
    assert len(told) == 1
    run(one, Listener())
    assert stored(request_of("two").store) == stored(one.store)


def test_a_failure_takes_nothing_from_what_was_trained_in_part(request_of, monkeypatch):
    request = dataclasses.replace(request_of(), where=(*GRID[:1], "depth=3", "rule=backprop"))
    part = dataclasses.replace(request, until=read_until("4"))
    run(part, Listener())
    before = stored(request.store)
    assert [r.status for r in before.values()] == ["partial"]

    def broken(job, should_stop):
        raise MemoryError

    monkeypatch.setattr(loop, "train", broken)
    listener = Listener()
    assert run(request, listener).written == {"failed": 1}
    assert stored(request.store) == before
    monkeypatch.undo()
    assert run(request, Listener()).written == {"ok": 1}


def test_a_record_names_the_data_that_were_there_when_it_began(request_of, tmp_path):
    corpus = tmp_path / "novel.txt"
    corpus.write_text("It was a dark and stormy night. " * 300)
    request = dataclasses.replace(
        request_of(), exhibit="table2", where=("dataset=descriptions", "rule=bptt", "T=4"),
        set=("iterations=3", "evaluate_every=1", "hidden_units=4", "batch_size=4",
             f"corpus={corpus}"),
    )  # fmt: skip
    began = datasets.data_hash("descriptions", corpus=corpus)

    def edit(program, iteration):
        corpus.write_text("Call me Ishmael, some years ago, " * 300)

    listener = Listener(progress=edit)
    monkey = pytest.MonkeyPatch()
    with monkey.context() as patch:
        patch.setattr(loop, "POLL_SECONDS", 0.0)
        run(request, listener)
    assert datasets.data_hash("descriptions", corpus=corpus) != began
    assert [record.data_hash for record in listener.records] == [began]
