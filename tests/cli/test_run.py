"""`sgbench run`: what it prints, where, with which exit code, and what stops it."""

import contextlib
import errno
import json
import os
import random
import signal
import subprocess
import time

import pytest
from sgbench.bench.errors import UsageError
from sgbench.bench.nn import precision
from sgbench.bench.training import loop
from sgbench.results.record import json_line
from sgbench.results.store import atomic_io
from sgbench.results.store.store import Store

ONE = ("--jobs", "1", "--device", "cpu")


def records(store):
    return {record.id: record for record in store.scan()}


def test_a_run_prints_counts_and_the_next_command(sgbench, store, make):
    done = sgbench("run", "table1", *make.tiny, *ONE, "--store", store.path)
    assert done.exit_code == 0
    first, second = done.stdout.splitlines()
    assert first.startswith("table1, scale custom: 3 of 3 cells done (3 now, in ")
    command = f"sgbench export --format csv records.csv --store {store.path}"
    assert second == f"export:  {command}"
    head, *lines = done.stderr.splitlines()
    assert head == "table1, scale custom: 3 of 3 cells to run, one at a time"
    assert [line.split("  ")[0] for line in lines] == ["1/3", "2/3", "3/3"]
    assert all("  digits fcn 3 backprop seed" in line for line in lines)
    for line in lines:  # each names its cell as `show` takes it
        shown = sgbench("show", line.split()[1], "--store", store.path).stdout
        assert shown.startswith("table1, scale custom: digits fcn 3 backprop seed")
    assert all(" % error, " in line and " steps/s  (" in line for line in lines)
    assert {record.scale for record in store.scan()} == {"custom"}


@pytest.mark.parametrize("native", [True, False])
def test_bf16_is_told_of_where_it_is_emulated(sgbench, store, make, monkeypatch, native):
    monkeypatch.setattr(precision, "native", lambda: native)
    asked = (*make.tiny, "--set", "precision=bf16", "--seeds", "1", *ONE)
    done = sgbench("run", "table1", *asked, "--store", store.path)
    assert done.exit_code == 0
    told = [line for line in done.stderr.splitlines() if "warning" in line]
    assert len(told) == (0 if native else 1)
    assert all("no bfloat16 products" in line for line in told)
    assert {record.precision for record in store.scan()} == {"bf16"}


def test_what_is_done_is_not_run_again(sgbench, store, make):
    for cell in make.cells:
        store.put(make.record(cell, machine_class=make.here(store)))
    before = store.record_path(make.record(make.cells[0]).id, make.here(store)).read_bytes()
    done = sgbench("run", "table1", *ONE, SGBENCH_STORE=str(store.path))
    assert done.exit_code == 0
    cells = len(make.cells)
    assert done.stdout.splitlines() == [
        f"table1, scale demo: {cells} of {cells} cells done",
        "report:  sgbench report table1 --scale demo",
    ]
    assert done.stderr == ""
    assert before == store.record_path(make.record(make.cells[0]).id, make.here(store)).read_bytes()


def test_json_is_each_record_once_it_is_durable(sgbench, store, make, monkeypatch):
    seen = []
    put = Store.put

    def note(self, record):
        put(self, record)
        seen.append(record)

    monkeypatch.setattr(Store, "put", note)
    done = sgbench("run", "table1", *make.tiny, *ONE, "--store", store.path, "--json")
    assert done.stdout.splitlines() == [json_line(record) for record in seen]
    assert len(seen) == 3
    exported = sgbench("export", "--format", "jsonl", "-", "--store", store.path).stdout
    assert sorted(exported.splitlines()) == sorted(done.stdout.splitlines())
    assert "3 of 3 cells done" in done.stderr


def test_a_record_that_is_not_durable_is_not_printed(sgbench, store, make, monkeypatch):
    def full(path, data):
        if "records" in path.parts:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(path, data)

    real = atomic_io.write_atomic
    monkeypatch.setattr("sgbench.results.store.json_store.write_atomic", full)
    done = sgbench("run", "table1", *make.tiny, *ONE, "--store", store.path, "--json")
    assert (done.exit_code, done.stdout) == (5, "")
    last = done.stderr.splitlines()[-1]
    assert last == f"sgbench: store {store.path} cannot be written: No space left on device;" \
        " free some space"  # fmt: skip


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs a folder that takes no files")
def test_a_store_that_cannot_be_written_is_found_before_training(sgbench, make, monkeypatch):
    monkeypatch.setattr(loop, "train", lambda *arguments: pytest.fail("it trained"))
    done = sgbench("run", "table1", *make.tiny, *ONE, "--store", "/proc/sgbench")
    assert (done.exit_code, done.stdout) == (5, "")
    assert "store /proc/sgbench cannot be written" in done.stderr.splitlines()[-1]


def test_failed_and_diverged_cells_are_stored_and_told(sgbench, store, make, monkeypatch):
    real = loop.train

    def break_one(job, look):
        if job.cells[0].seed == 1:
            raise RuntimeError("it\nbroke")
        return real(job, look)

    monkeypatch.setattr(loop, "train", break_one)
    line = ("run", "table1", *make.tiny, *ONE, "--store", store.path)
    done = sgbench(*line)
    assert done.exit_code == 4
    failed = next(record for record in store.scan() if record.status == "failed")
    first, second, third, fourth = done.stdout.splitlines()
    assert ": 2 of 3 cells done (2 now, in " in first
    assert first.endswith(", 1 failed")
    name = f"{failed.id[:8]}  digits fcn 3 backprop seed 1"
    assert second == f"  {name}  failed: RuntimeError: it broke"
    again = f"sgbench {' '.join(map(str, line))} --retry failed"
    assert third == f"retry:   {again}"
    assert fourth.startswith("export:  ")
    monkeypatch.setattr(loop, "train", real)
    assert sgbench(*line).exit_code == 4
    assert len(records(store)) == 3
    done = sgbench(*line, "--retry", "failed")
    assert (done.exit_code, "3 of 3 cells done (1 now" in done.stdout) == (0, True)


def test_the_retry_command_names_what_is_still_bad(sgbench, store, make):
    here, cell = make.here(store), make.cells[0]
    where = ("--where", f"rule={cell.rule},network={cell.network},depth={cell.depth},seed=0,1")
    store.put(make.record(cell, machine_class=here))
    store.put(make.record(make.cells[1], machine_class=here, status="diverged"))
    done = sgbench("run", "table1", *where, *ONE, "--store", store.path)
    assert done.exit_code == 4
    assert "1 of 2 cells done, 1 diverged" in done.stdout
    assert "\nretry:   sgbench run table1 " in done.stdout
    assert " --retry diverged\n" in done.stdout


def test_a_time_limit_ends_the_run_with_3_and_the_rest_goes_on(sgbench, store, make):
    line = ("run", "table1", "--where", "network=fcn,depth=3,rule=backprop,seed=0",
            "--set", "iterations=100000", *ONE, "--store", store.path)  # fmt: skip
    done = sgbench(*line, "--time-limit", "1s")
    assert done.exit_code == 3
    assert "0 of 1 cell done" in done.stdout
    assert "1 left" in done.stdout
    assert f"go on:   sgbench {' '.join(map(str, line))} --time-limit 1s" in done.stdout
    found = json.loads(sgbench("status", *line[1:6], "--store", store.path, "--json").stdout)
    assert (found["states"], found["to_run"]) == ({"timeout": 1}, 1)
    assert found["checkpoints"] == {"timeout": 1}
    (cut,) = store.scan()
    assert 0 < cut.iterations_done < 100000
    assert sgbench(*line, "--time-limit", "1s").exit_code == 3
    (further,) = store.scan()
    assert further.iterations_done > cut.iterations_done


def test_the_command_to_go_on_quotes_a_range(sgbench, store):
    some = "network=fcn,depth<4,rule=backprop,seed<=0"
    done = sgbench("run", "table1", "--where", some, "--set", "iterations=100000", *ONE,
                   "--store", store.path, "--time-limit", "1s")  # fmt: skip
    assert (done.exit_code, "0 of 1 cell done" in done.stdout) == (3, True)
    assert f"go on:   sgbench run table1 --where '{some}' --set" in done.stdout


def test_a_dry_run_trains_nothing_and_keeps_nothing(sgbench, store, make):
    before = sorted(store.path.rglob("*"))
    done = sgbench("run", "table1", *make.tiny, *ONE, "--store", store.path, "--dry-run", "--json")
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert (found["states"], found["to_run"], found["programs"]) == ({"missing": 3}, 3, 3)
    assert 0 < found["seconds"] < 60
    assert done.stderr == "timing a few steps of 1 shape of program\n"
    assert sorted(store.path.rglob("*")) == before


def test_a_dry_run_tells_the_time_from_records(sgbench, store, make):
    for cell in make.cells:
        if cell.seed == 0:
            store.put(make.record(cell, machine_class=make.here(store), steps_per_second=100.0))
    done = sgbench("run", "table1", "--dry-run", *ONE, "--store", store.path, "--json")
    found = json.loads(done.stdout)
    updates = sum(cell.iterations for cell in make.cells if cell.seed != 0)
    assert found["seconds"] == pytest.approx(updates / 100 * 1.05)
    assert done.stderr == ""


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_missing_and_corrupt_data_are_found_before_training(
    refused, store, tmp_path, monkeypatch, more
):
    monkeypatch.setattr(loop, "train", lambda *arguments: pytest.fail("it trained"))
    quick = ("run", "table1", "--scale", "quick", "--where", "dataset=mnist", "--store", store.path)
    line = refused(*quick, *more, "--data-dir", tmp_path / "none")
    assert line.startswith("mnist: train-images-idx3-ubyte, ")
    assert "run `sgbench data fetch mnist`" in line
    for name in ("train-images", "train-labels", "t10k-images", "t10k-labels"):
        sizes = "idx3" if "images" in name else "idx1"
        (tmp_path / f"{name}-{sizes}-ubyte").write_bytes(b"damaged")
    line = refused(*quick, *more, "--data-dir", tmp_path)
    assert "is corrupt" in line
    assert "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db" in line
    assert records(store) == {}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("--time-limit 30", "'30' is no time; write 90s, 30m, 1h30m or 2d"),
        ("--time-limit 0m", "'0m' is no time"),
        ("--time-limit m", "'m' is no time"),
        ("--time-limit 30m1h", "'30m1h' is no time"),
        ("--time-limit -5m", "'-5m' is no time"),
        ("--jobs 0", "'0' is neither auto nor a number of at least 1"),
        ("--jobs many", "'many' is neither auto nor a number"),
        ("--retry fail", "unknown state in --retry 'fail'; did you mean 'failed'?"),
        ("--device cuda:99", "--device cuda:99: torch sees"),
        ("--device tpu", "--device 'tpu' is none of"),
        ("--where rule=dni,depth=3 --where rule=cdni", "no cell has all of it"),
        ("--set rule=dni", "pick one by --where rule=no_bprop"),
        ("--set seed=4", "choose the number of seeds by --seeds"),
        ("--set batch_size=1e9", "batch_size=1000000000 must be between 2 and 1000000"),
        ("--set drop_factor=0", "drop_factor=0.0 must be"),
    ],
)
def test_bad_input_is_one_line(refused, given, words):
    assert words in refused("run", "table1", *given.split())


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("30m", 1800),
        ("1h30m", 5400),
        ("1.5h", 5400),
        ("2d", 172800),
        ("1d2h3m4s", 93784),
    ],
)
def test_time_limits(sgbench, monkeypatch, text, seconds):
    asked = []

    def take(request, watch, *, say):
        asked.append(request.time_limit)
        raise KeyboardInterrupt

    monkeypatch.setattr("sgbench.reproductions.running.run.run", take)
    done = sgbench("run", "table1", "--time-limit", text)
    assert asked == [seconds]
    assert done.exit_code == 130
    assert done.stderr == "sgbench: interrupted: nothing was run; go on with:" \
        f" sgbench run table1 --time-limit {text}\n"  # fmt: skip


LONG = ("--where", "network=fcn,depth=3,rule=backprop,seed=0,1", "--set", "iterations=1500")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The records of `LONG`, run without interruption."""
    from click.testing import CliRunner
    from sgbench.cli import main

    store = Store(tmp_path_factory.mktemp("whole"))
    done = CliRunner().invoke(main, ["run", "table1", *LONG, *ONE, "--store", str(store.path)])
    assert done.exit_code == 0, done.output
    return records(store)


def same_machine(store, whole, make):
    """Give a new store the choice of back-end that `whole` was run with."""
    from sgbench.bench import hardware
    from sgbench.results.store import backend_choice

    record = next(iter(whole.values()))
    values = {"matmul": record.matmul, "matmul_error": record.matmul_error}
    backend_choice.write(
        store, hardware.device_model("cpu"), {"torch": hardware.torch_release(), **values}
    )


def same(found, others, make):
    """Tell whether two sets of records are the same but for times."""
    one, other = ({k: make.comparable(r) for k, r in x.items()} for x in (found, others))
    return one == other


def wait_for(process, words):
    """Read the process's stderr until a line has `words`."""
    seen = []
    for line in process.stderr:
        seen.append(line)
        if words in line:
            return
    pytest.fail(f"it ended with {process.wait()}: {''.join(seen)}")


@pytest.mark.parametrize(("number", "jobs", "wait"), [(2, "1", 0.3), (15, "2", 1.5)])
def test_a_signal_keeps_what_is_done_and_the_same_command_goes_on(
    start, sgbench, store, make, whole, number, jobs, wait
):
    same_machine(store, whole, make)
    line = ("run", "table1", *LONG, "--device", "cpu", "--store", store.path, "--jobs", jobs)
    process = start(*line)
    wait_for(process, "2 of 2 cells to run")
    time.sleep(wait)
    process.send_signal(number)
    output, errors = process.communicate(timeout=100)
    assert process.returncode == 128 + number, errors
    assert output == ""
    last = errors.splitlines()[-1]
    assert last.startswith("sgbench: interrupted: table1, scale custom: ")
    assert " left, stored in " in last
    assert last.endswith(f"; go on with: sgbench {' '.join(map(str, line))}")
    assert "Traceback" not in errors
    kept = list(store.path.glob("checkpoints/*"))
    seen = json.loads(sgbench("status", *line[1:-2], "--json").stdout)
    assert seen["checkpoints"] == ({"missing": len(kept)} if kept else {})
    assert sgbench(*line[:-1], "1").exit_code == 0
    assert same(records(store), whole, make)
    assert list(store.path.glob("checkpoints/*")) == []


def test_a_second_signal_ends_at_once(start, store, whole, make):
    same_machine(store, whole, make)
    line = ("run", "table1", *LONG, "--jobs", "2", "--device", "cpu", "--store", store.path)
    process = start(*line)
    wait_for(process, "2 of 2 cells to run")
    process.send_signal(signal.SIGINT)
    wait_for(process, "stopping")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert "interrupted: " in errors.splitlines()[-1]


def test_sigterm_before_training_is_one_line(sgbench, monkeypatch):
    def wait(request, watch, *, say):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(10)

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr("sgbench.reproductions.running.run.run", wait)
    done = sgbench("run", "table1")
    assert done.exit_code == 143
    assert done.stderr == "sgbench: interrupted: nothing was run; go on with: sgbench run table1\n"
    assert signal.getsignal(signal.SIGTERM) is before


def test_two_runs_on_one_store_at_once(start, store, make):
    line = ("run", "table1", *make.tiny, *ONE, "--store", store.path)
    both = [start(*line), start(*line)]
    for process in both:
        output, errors = process.communicate(timeout=100)
        assert process.returncode == 0, errors
        assert "3 of 3 cells done" in output
    assert len(records(store)) == 3
    assert store.warnings == []


def test_on_a_terminal_bars_stay_out_of_the_results(start, store, make):
    controller, terminal = os.openpty()
    line = ("run", "table1", *make.tiny, *ONE, "--store", store.path, "--json")
    process = start(*line, stderr=terminal, env={"TERM": "xterm", "COLUMNS": "100"})
    os.close(terminal)
    shown = b""
    with contextlib.suppress(OSError):  # Linux's way to say that the other end is closed
        while block := os.read(controller, 4096):
            shown += block
    os.close(controller)
    output, _ = process.communicate(timeout=100)
    assert [json.loads(line)["status"] for line in output.splitlines()] == ["ok"] * 3
    assert b"cells" in shown
    assert b'"status"' not in shown
    assert b"\x1b[" in shown


@pytest.mark.slow
def test_kill_9_at_random_moments_loses_no_record(start, sgbench, store, make, whole):
    same_machine(store, whole, make)
    dice = random.Random(0)
    line = ("run", "table1", *LONG, "--device", "cpu", "--store", store.path)
    kept = {}
    for _ in range(5):
        process = start(*line, "--jobs", "2")
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.stderr.readline()  # that training begins, or that nothing is left to do
            process.wait(timeout=dice.uniform(0.0, 6.0))
        process.kill()
        process.communicate()
        found = records(store)
        assert store.warnings == []
        assert kept.keys() <= found.keys()
        kept = found
    assert sgbench(*line, "--jobs", "1").exit_code == 0
    assert same(records(store), whole, make)


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="there is no SIGHUP here")
@pytest.mark.parametrize("under_nohup", [False, True])
def test_a_terminal_that_goes_away_ends_a_run(sgbench, monkeypatch, under_nohup):
    def wait(request, watch, *, say):
        os.kill(os.getpid(), signal.SIGHUP)
        raise UsageError("it went on")

    before = signal.signal(signal.SIGHUP, signal.SIG_IGN if under_nohup else signal.SIG_DFL)
    monkeypatch.setattr("sgbench.reproductions.running.run.run", wait)
    try:
        assert sgbench("run", "table1").exit_code == (2 if under_nohup else 129)
    finally:
        signal.signal(signal.SIGHUP, before)
