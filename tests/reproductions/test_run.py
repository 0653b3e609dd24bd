"""The runner: what is missing is trained, every record is durable, nothing is lost on the way."""

import dataclasses
import functools
import os
import random
import re
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from sgbench.bench import machine, matmul, memory, train
from sgbench.bench.errors import DataError, StoreError, UsageError
from sgbench.reproductions import backend
from sgbench.reproductions import plan as plans
from sgbench.reproductions import run as run_module
from sgbench.reproductions.backend import choose_backend, kept_backend, known_class
from sgbench.reproductions.room import workers_for
from sgbench.reproductions.run import Request, run
from sgbench.results import machines
from sgbench.results.store import Store

# Two small networks of each of four rules: eight cells, which train in a moment.
SMALL = ("iterations=9", "evaluate_every=4", "hidden_units=8", "batch_size=16")
GRID = ("network=fcn", "depth=3,4", "sg_layers=none,0", "rule=backprop,no_bprop,dni,cdni")
TIMES = {
    "train_seconds": 0.0,
    "evaluation_seconds": 0.0,
    "steps_per_second": None,
    "examples_per_second": None,
    "finished": "",
    "git_revision": None,  # others may commit while tests run
    "git_dirty": None,
}


class Listener:
    """Takes down what it hears; `on` may give a function for each kind of event."""

    def __init__(self, **on):
        self.plan, self.workers, self.heard, self.records, self.on = None, None, [], [], on

    def _do(self, name, *args):
        self.on.get(name, lambda *_: None)(*args)

    def planned(self, plan, workers):
        self.plan, self.workers = plan, workers
        self._do("planned")

    def progress(self, program, iteration):
        self.heard.append((program, iteration))
        self._do("progress", program, iteration)

    def finished(self, program, records):
        self.records += records
        self._do("finished", program, records)

    def stopping(self, number):
        self.heard.append(number)


@pytest.fixture(autouse=True)
def one_back_end(monkeypatch):
    """Take the default back-end, without the two seconds of measuring."""

    def measured():
        release = machine.torch_release()
        return {"torch": release, "matmul": matmul.available()[0], "matmul_error": 3e-7}

    monkeypatch.setattr(backend, "measured_backend", measured)


@pytest.fixture
def look_often(monkeypatch):
    monkeypatch.setattr(train, "LOOK_SECONDS", 0.0)


@pytest.fixture
def request_of(tmp_path):
    def make(store="store", **changes):
        fields = {"where": GRID, "set": SMALL, "seeds": 1, "jobs": 1, "device": "cpu"}
        return Request(exhibit="table1", store=Store(tmp_path / store), **(fields | changes))

    return make


def untimed(records):
    """{id: the record without what no two runs share}."""
    found = {}
    for record in records:
        curve = [point | {"seconds": 0.0} for point in record.curve]
        found[record.id] = dataclasses.replace(record, curve=curve, **TIMES)
    return found


def stored(request):
    store = Store(request.store.path)
    records = untimed(store.scan())
    assert store.warnings == []
    return records


def left_behind(request):
    """Files of checkpoints and of writes that were cut short."""
    folder = request.store.path
    return [p.name for p in folder.rglob("*") if p.suffix in (".pt", ".tmp") and p.is_file()]


@pytest.fixture
def whole(request_of):
    """What the small grid gives when nothing disturbs it."""
    request = request_of("undisturbed")
    assert run(request, Listener()).written == {"ok": 8}
    return stored(request)


def test_a_run(request_of):
    request, listener = request_of(), Listener()
    summary = run(request, listener)
    assert (summary.written, summary.left, summary.interrupted) == ({"ok": 8}, 0, None)
    assert (listener.workers, listener.plan.counts()) == (1, {"missing": 8})
    assert stored(request) == untimed(listener.records)
    assert len(listener.records) == 8
    assert left_behind(request) == []
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
    monkeypatch.setattr(train, "train", None)
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


class TestStops:
    @pytest.fixture(autouse=True)
    def often(self, look_often):
        pass

    def test_a_time_limit_leaves_timeouts_that_go_on(self, request_of, whole, monkeypatch):
        request = request_of(time_limit=3600.0)
        now = time.time

        def late(program, iteration):
            if (program, iteration) == (2, 5):
                monkeypatch.setattr(time, "time", lambda: now() + 3601)

        listener = Listener(progress=late)
        summary = run(request, listener)
        monkeypatch.setattr(time, "time", now)
        assert (summary.written, summary.left) == ({"ok": 2, "timeout": 1}, 6)
        cut = listener.records[-1]
        assert (cut.status, cut.iterations_done, cut.test_error) == ("timeout", 5, None)
        assert len(left_behind(request)) == 1
        heard = Listener()
        summary = run(request_of(), heard)
        assert (summary.written, summary.left) == ({"ok": 6}, 0)
        assert heard.plan.counts() == {"done": 2, "missing": 5, "timeout": 1}
        ids = [heard.plan.cells[index].id for (index,) in heard.plan.programs]
        assert min(iteration for p, iteration in heard.heard if ids[p] == cut.id) == 5
        assert stored(request) == whole
        assert left_behind(request) == []

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_signal_saves_what_runs(self, request_of, whole, number):
        request, handlers = request_of(), [signal.getsignal(n) for n in (2, 15)]

        def interrupt(program, iteration):
            if (program, iteration) == (3, 7):
                os.kill(os.getpid(), number)

        listener = Listener(progress=interrupt)
        summary = run(request, listener)
        assert (summary.interrupted, summary.left) == (number, 5)
        assert summary.written == {"ok": 3}
        assert number in listener.heard
        assert len(left_behind(request)) == 1
        assert [signal.getsignal(n) for n in (2, 15)] == handlers
        assert run(request, Listener()).written == {"ok": 5}
        assert stored(request) == whole
        assert left_behind(request) == []

    def test_a_second_signal_ends_at_once(self, request_of, whole):
        request = request_of()

        def interrupt(program, iteration):
            if program == 1:
                os.kill(os.getpid(), signal.SIGINT)
                os.kill(os.getpid(), signal.SIGINT)

        with pytest.raises(KeyboardInterrupt):
            run(request, Listener(progress=interrupt))
        run(request, Listener())
        assert stored(request) == whole

    def test_many_interruptions(self, request_of, whole):
        request, dice, stops = request_of(), random.Random(4), 0
        while len(stored(request)) < 8:
            left = dice.randrange(1, 12)

            def interrupt(program, iteration):
                nonlocal left
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGTERM)

            stops += run(request, Listener(progress=interrupt)).interrupted is not None
        assert stops > 5
        assert stored(request) == whole
        assert left_behind(request) == []


class TestFailures:
    @pytest.fixture
    def broken(self, monkeypatch):
        """Have programs of a rule raise while it is in the list."""
        real, rules = train.train, ["dni"]

        def sometimes(job, look):
            if job.cells[0].rule in rules:
                raise ArithmeticError("no such gradient")
            return real(job, look)

        monkeypatch.setattr(train, "train", sometimes)
        return rules

    def test_the_grid_goes_on_and_retry_mends_it(self, request_of, whole, broken):
        request = request_of()
        summary = run(request, Listener())
        assert (summary.written, summary.left) == ({"ok": 6, "failed": 2}, 0)
        failed = [r for r in stored(request).values() if r.status == "failed"]
        assert {(r.rule, r.error, r.test_error) for r in failed} == {
            ("dni", "ArithmeticError: no such gradient", None)
        }
        broken.clear()
        for retry in ((), ("diverged",)):
            assert run(request_of(retry=retry), Listener()).written == {}
        assert run(request_of(retry=("failed",)), Listener()).written == {"ok": 2}
        assert stored(request) == whole

    def test_a_cell_too_large_for_the_memory_fails_and_the_others_go_on(
        self, request_of, whole, monkeypatch
    ):
        request, needed = request_of(), memory.needed
        with monkeypatch.context() as patch:
            patch.setattr(
                memory, "needed", lambda cell, _=1: 2**50 if cell.rule == "cdni" else needed(cell)
            )
            summary = run(request, Listener())
        assert (summary.written, summary.left) == ({"ok": 6, "failed": 2}, 0)
        for record in stored(request).values():
            if record.rule == "cdni":
                assert record.status == "failed"
                assert record.error.startswith("MemoryError: it needs about 1,048,576.0 GiB, and ")
        assert run(request_of(retry=("failed",)), Listener()).written == {"ok": 2}
        assert stored(request) == whole

    def test_memory_that_ends_in_training_is_told_with_the_need(self, request_of, monkeypatch):
        def short(job, look):
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried")

        monkeypatch.setattr(train, "train", short)
        request = request_of()
        assert run(request, Listener()).written == {"failed": 8}
        for record in stored(request).values():
            assert re.fullmatch(
                r"RuntimeError: it needs about [\d.]+ GiB, and [\d.,]+ GiB are free:"
                r" DefaultCPUAllocator: can't allocate memory: you tried",
                record.error,
            )

    def test_what_failed_keeps_its_checkpoint(self, request_of, whole, look_often, monkeypatch):
        """A want of memory, or a worker that is lost, costs no training that was done."""

        def interrupt(program, iteration):
            if (program, iteration) == (1, 5):
                os.kill(os.getpid(), signal.SIGTERM)

        run(request_of(), Listener(progress=interrupt))
        request = request_of()
        with monkeypatch.context() as patch:
            patch.setattr(memory, "needed", lambda cell, _=1: 2**50)
            assert run(request, Listener()).written == {"failed": 7}
        assert len(left_behind(request)) == 1
        heard = Listener()
        assert run(request_of(retry=("failed",)), heard).written == {"ok": 7}
        begun = {}
        for program, iteration in heard.heard:
            begun.setdefault(program, iteration)
        assert sorted(begun.values()) == [0] * 6 + [5]
        assert stored(request) == whole
        assert left_behind(request) == []

    def test_a_failure_that_stays_is_one_record(self, request_of, broken):
        run(request_of(), Listener())
        again = run(request_of(retry=("failed", "diverged")), Listener())
        assert again.written == {"failed": 2}
        assert len(stored(request_of())) == 8

    def test_what_diverged_is_no_result(self, request_of, whole, monkeypatch):
        request, step = request_of(), train.Program.step
        with monkeypatch.context() as patch:

            def poisoned(program):
                step(program)
                if program.cells[0].rule == "cdni" and program.iteration == 3:
                    program.network.weights.flat.fill_(float("nan"))

            patch.setattr(train.Program, "step", poisoned)
            summary = run(request, Listener())
        assert summary.written == {"ok": 6, "diverged": 2}
        for record in stored(request).values():
            if record.rule == "cdni":
                assert (record.status, record.iterations_done) == ("diverged", 4)
                assert record.error == "loss not finite at iteration 4"
                assert record.test_error is record.test_loss is record.train_error is None
                assert record.curve[-1]["loss"] is None
        assert run(request_of(retry=("failed",)), Listener()).written == {}
        assert run(request_of(retry=("diverged",)), Listener()).written == {"ok": 2}
        assert stored(request) == whole


class TestBadInput:
    def test_missing_data_is_said_before_anything_is_done(self, request_of, tmp_path):
        listener = Listener()
        request = request_of(scale="quick", where=("dataset=mnist",), data_dir=str(tmp_path))
        with pytest.raises(DataError, match="mnist"):
            run(request, listener)
        assert listener.plan is None
        assert list(request.store.scan()) == []

    def test_data_that_vanishes_is_no_failed_cell(self, request_of, monkeypatch):
        def gone(dataset, data_dir, corpus):
            raise DataError("digits: gone")

        monkeypatch.setattr(train, "_load", gone)
        request = request_of()
        with pytest.raises(DataError, match="gone"):
            run(request, Listener())
        assert list(request.store.scan()) == []

    def test_a_batch_larger_than_the_data_is_no_failed_cell(self, request_of):
        request = request_of(set=("batch_size=1438", "iterations=1"))
        with pytest.raises(UsageError, match="batch_size=1438"):
            run(request, Listener())
        assert list(request.store.scan()) == []

    @pytest.mark.parametrize(
        "changes",
        [
            {"exhibit": "table9"},
            {"scale": "huge"},
            {"where": ("depth=17",)},
            {"where": ("colour=red",)},
            {"set": ("iterations=0",)},
            {"set": ("learning_rate=nan",)},
            {"set": ("colour=red",)},
            {"seeds": 0},
            {"device": "gpu"},
            {"device": "cuda:99"},
        ],
        ids=str,
    )
    def test_a_bad_request_makes_nothing(self, request_of, changes):
        request = dataclasses.replace(request_of(), **changes)
        with pytest.raises(UsageError) as caught:
            run(request, Listener())
        assert "\n" not in str(caught.value)
        assert not request.store.path.exists()

    @pytest.mark.parametrize("name", ["machines", "records"])
    def test_a_store_that_cannot_be_written(self, request_of, name):
        request = request_of()
        request.store.path.mkdir()
        (request.store.path / name).touch()  # in the way of a folder
        with pytest.raises(StoreError, match=str(request.store.path)) as caught:
            run(request, Listener())
        assert caught.value.exit_code == 5

    def test_a_broken_record_is_named_and_its_cell_trained_anew(self, request_of, whole):
        request = request_of()
        run(request, Listener())
        broken = sorted((request.store.path / "records").rglob("*.json"))[3]
        broken.write_bytes(broken.read_bytes()[:200])
        again = request_of()
        assert run(again, Listener()).written == {"ok": 1}
        assert [broken.name in warning for warning in again.store.warnings] == [True]
        assert stored(request) == whole


class TestTwoRunsAtOnce:
    def test_both_succeed(self, request_of, whole):
        inner = Listener()

        def meanwhile(program, records):
            if program == 2:
                run(request_of(), inner)

        summary = run(request_of(), Listener(finished=meanwhile))
        assert summary.written == {"ok": 8}
        assert len(inner.records) == 5
        assert stored(request_of()) == whole

    @pytest.mark.parametrize("status", ["timeout", "failed"])
    def test_a_result_is_never_replaced_by_the_lack_of_one(
        self, request_of, whole, status, look_often, monkeypatch
    ):
        """The other run brings the cell to its end while this one is cut short in it."""
        now, other = time.time, request_of()

        def meanwhile(program, iteration):
            if (program, iteration) == (3, 6):
                run(other, Listener())
                if status == "failed":
                    raise ArithmeticError
                monkeypatch.setattr(time, "time", lambda: now() + 3601)

        listener = Listener(progress=meanwhile)
        summary = run(request_of(time_limit=3600.0), listener)
        assert stored(other) == whole
        assert summary.written["ok"] >= 4
        assert status not in summary.written
        assert untimed(listener.records[3:4]).items() <= whole.items()
        assert left_behind(other) == []


class TestBackend:
    def test_measured_once(self, request_of, monkeypatch):
        store, calls = request_of().store, []

        def measured():
            calls.append(1)
            name = ("mkl", "onednn")[len(calls) % 2]  # would flip
            return {"torch": machine.torch_release(), "matmul": name, "matmul_error": 1e-7}

        monkeypatch.setattr(backend, "measured_backend", measured)
        monkeypatch.setattr(matmul, "available", lambda: ("mkl", "onednn"))
        assert kept_backend(store, "cpu") is None
        assert {choose_backend(Store(store.path), "cpu") for _ in range(4)} == {("onednn", 1e-7)}
        assert kept_backend(store, "cpu") == ("onednn", 1e-7)
        assert len(calls) == 1

    def test_what_another_run_chose_meanwhile_holds(self, request_of, monkeypatch):
        store, model = request_of().store, machine.device_model("cpu")
        values = {"torch": machine.torch_release(), "matmul_error": 1e-7}

        def slow():
            machines.write(store, model, values | {"matmul": "onednn"})
            return values | {"matmul": "mkl"}

        monkeypatch.setattr(backend, "measured_backend", slow)
        monkeypatch.setattr(matmul, "available", lambda: ("mkl", "onednn"))
        assert choose_backend(store, "cpu") == kept_backend(store, "cpu") == ("onednn", 1e-7)

    @pytest.mark.parametrize("kept", [{"torch": "1.0"}, {"matmul": "abacus"}])
    def test_a_choice_of_another_torch_does_not_hold(self, request_of, kept):
        store, model = request_of().store, machine.device_model("cpu")
        values = {"torch": machine.torch_release(), "matmul": "mkl", "matmul_error": 1e-7}
        machines.write(store, model, values | kept)
        default = matmul.available()[0]
        assert choose_backend(store, "cpu") == (default, 3e-7)
        assert kept_backend(store, "cpu") == (default, 3e-7)

    def test_another_back_end_is_another_class(self, request_of, monkeypatch):
        request = request_of(where=(*GRID, "rule=backprop,depth=3"))
        run(request, Listener())
        name = machine.device_model("cpu")
        machines.write(request.store, name, machines.read(request.store, name) | {"torch": "0.0"})
        release = machine.torch_release()
        values = {"torch": release, "matmul": "onednn", "matmul_error": 1e-7}
        monkeypatch.setattr(backend, "measured_backend", lambda: values)
        monkeypatch.setattr(matmul, "available", lambda: ("mkl", "onednn"))
        assert run(request, Listener()).written == {"ok": 1}
        first, second = request.store.scan()
        assert first.id == second.id
        assert {first.matmul, second.matmul} == {matmul.available()[0], "onednn"}


def test_one_worker_a_core(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(3)), raising=False)
    assert workers_for(None, "cpu", 100) == 3


SCRIPT = textwrap.dedent("""
    import signal, sys
    from sgbench.reproductions.run import Request, run
    from sgbench.results.store import Store

    class Listener:
        def planned(self, plan, workers): print("planned", workers, flush=True)
        def progress(self, program, iteration): print("progress", flush=True)
        def finished(self, program, records): print(records[0].status, flush=True)
        def stopping(self, number): pass

    if __name__ == "__main__":
        signal.signal(signal.SIGINT, lambda *_: None)  # one that comes when the run has ended
        store, jobs, *sets = sys.argv[1:]
        request = Request(exhibit="table1", where=["network=fcn,depth=3,4,sg_layers=none,0"],
            set=sets, seeds=1, store=Store(store), jobs=int(jobs), device="cpu")
        print("interrupted", run(request, Listener()).interrupted)
""")
LONGER = ("iterations=3000", "evaluate_every=1000", *SMALL[2:])


@pytest.fixture
def start(tmp_path):
    """Start a run in a process group of its own."""
    script = tmp_path / "run.py"
    script.write_text(SCRIPT)
    started = []

    def begin(store, jobs):
        command = [sys.executable, str(script), str(tmp_path / store), str(jobs), *LONGER]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen(command, start_new_session=True, **pipes))
        return started[-1]

    yield begin
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.fixture
def keep_back_end(tmp_path, one_back_end):
    """Have stores of other processes take the default back-end too."""

    def keep(store):
        store = Store(tmp_path / store)
        choose_backend(store, "cpu")
        return store

    return keep


@pytest.mark.slow
def test_jobs_change_no_bit(request_of):
    one, two = request_of("one", set=LONGER), request_of("two", set=LONGER, jobs=2)
    heard = Listener()
    assert run(one, Listener()).written == run(two, heard).written == {"ok": 8}
    assert heard.workers == 2
    assert stored(one) == stored(two)
    assert left_behind(two) == []


@pytest.mark.slow
def test_two_processes_on_one_store(start, keep_back_end):
    keep_back_end("store")
    first, second = start("store", 1), start("store", 2)
    for process in (first, second):
        out, err = process.communicate(timeout=600)
        assert (process.returncode, err) == (0, "")
        assert out.splitlines().count("ok") == 8
    store = keep_back_end("store")
    assert len(list(store.scan())) == 8
    assert store.warnings == []


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_run_interrupted_at_random_moments(start, keep_back_end, jobs):
    """Killed it is in `tests/faults`."""
    process = start("undisturbed", 1)
    keep_back_end("undisturbed")
    assert process.wait(600) == 0
    want = untimed(keep_back_end("undisturbed").scan())
    dice, kills, store = random.Random(7), 0, keep_back_end("store")
    while len(list(store.scan())) < 8:
        process = start("store", jobs)
        number = dice.choice([signal.SIGTERM, signal.SIGINT])
        lines = dice.randrange(1, 6)
        for _ in process.stdout:
            lines -= 1
            if lines == 0:
                # The keyboard's interrupt reaches every process, the other the driver alone.
                send = os.killpg if number == signal.SIGINT else os.kill
                send(process.pid, number)
                kills += 1
        process.wait(600)
        assert process.returncode == 0
        assert process.stderr.read() == ""
    assert kills > 1
    assert untimed(store.scan()) == want
    assert store.warnings == []


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.5, 1.5, 3.0, 5.0])
def test_an_interrupt_while_workers_start(start, keep_back_end, seconds):
    keep_back_end("store")
    process = start("store", 2)
    assert process.stdout.readline() == "planned 2\n"
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=300)
    assert (process.returncode, err) == (0, "")
    assert out.splitlines()[-1] == "interrupted 2"


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
        return stored(request)

    together, alone = trained("together", stack=True), trained("alone", stack=False)
    assert together.keys() == alone.keys()
    for id_, record in together.items():
        assert record.test_loss == pytest.approx(alone[id_].test_loss, rel=1e-6)
        assert [p["updates"] for p in record.curve] == [p["updates"] for p in alone[id_].curve]
