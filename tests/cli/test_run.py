"""`sgbench run`: what it prints, where, and with which exit code."""

import errno
import os

import pytest
from sgbench.bench import processor
from sgbench.bench.training import loop
from sgbench.results.files import atomic_io
from sgbench.results.record import json_line
from sgbench.results.store.store import Store

ONE = ("--jobs", "1", "--device", "cpu")


def records(store):
    return {record.id: record for record in store.scan()}


def test_a_run_prints_counts_and_the_next_command(sgbench, store, make):
    done = sgbench("run", "table1", *make.tiny, *ONE, "--store", store.path)
    assert done.exit_code == 0
    *_, summary, report = done.stdout.splitlines()
    assert "3 of 3 cells done (3 now, in " in summary
    assert report == f"report:  sgbench report table1 --scale custom --store {store.path}"
    head, *lines = done.stderr.splitlines()
    assert "3 of 3 cells to run" in head
    assert [line.split("  ")[0] for line in lines] == ["1/3", "2/3", "3/3"]
    assert all("  digits fcn 3 backprop seed" in line for line in lines)
    for line in lines:  # each names its cell as `show` takes it
        shown = sgbench("show", line.split()[1], "--store", store.path).stdout
        assert shown.startswith("table1, scale custom: digits fcn 3 backprop seed")
    assert all(" % error, " in line and " steps/s  (" in line for line in lines)
    assert {record.scale for record in store.scan()} == {"custom"}


@pytest.mark.parametrize("native", [True, False])
def test_bf16_is_told_of_where_it_is_emulated(sgbench, store, make, monkeypatch, native):
    monkeypatch.setattr(processor, "bfloat16", lambda: "amx_bf16" if native else None)
    asked = (*make.tiny, "--set", "precision=bf16", "--seeds", "1", *ONE)
    done = sgbench("run", "table1", *asked, "--store", store.path)
    assert done.exit_code == 0
    told = [line for line in done.stderr.splitlines() if "no bfloat16 products" in line]
    assert len(told) == (0 if native else 1)
    assert {record.precision for record in store.scan()} == {"bf16"}
    matmuls = {record.matmul for record in store.scan()}
    assert (matmuls == {"bfloat16"}) == native
    again = sgbench("run", "table1", *asked, "--store", store.path, "--dry-run")
    assert "nothing to train" in again.stdout or "done" in again.stdout


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
    monkeypatch.setattr("sgbench.results.files.json_store.write_atomic", full)
    done = sgbench("run", "table1", *make.tiny, *ONE, "--store", store.path, "--json")
    assert (done.exit_code, done.stdout) == (5, "")
    last = done.stderr.splitlines()[-1]
    assert f"store {store.path} cannot be written" in last
    assert "free some space" in last


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs a folder that takes no files")
def test_a_store_that_cannot_be_written_is_found_before_training(sgbench, make, monkeypatch):
    monkeypatch.setattr(loop, "train", lambda *arguments: pytest.fail("it trained"))
    done = sgbench("run", "table1", *make.tiny, *ONE, "--store", "/proc/sgbench")
    assert (done.exit_code, done.stdout) == (5, "")
    assert "store /proc/sgbench cannot be written" in done.stderr.splitlines()[-1]


def test_failed_and_diverged_cells_are_stored_and_told(sgbench, store, make, monkeypatch):
    real = loop.train

    def break_one(job, should_stop):
        if job.cells[0].seed == 1:
            raise RuntimeError("it\nbroke")
        return real(job, should_stop)

    monkeypatch.setattr(loop, "train", break_one)
    line = ("run", "table1", *make.tiny, *ONE, "--store", store.path)
    done = sgbench(*line)
    assert done.exit_code == 4
    failed = next(record for record in store.scan() if record.status == "failed")
    *_, summary, failure, retry, report = done.stdout.splitlines()
    assert ": 2 of 3 cells done (2 now, in " in summary
    assert summary.endswith(", 1 failed")
    assert failure.split()[0] == failed.id[:8]
    assert failure.endswith("failed: RuntimeError: it broke")
    assert retry == f"retry:   sgbench {' '.join(map(str, line))} --retry failed"
    assert report.startswith("report:  ")
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


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_missing_and_corrupt_data_are_found_before_training(
    refused, store, tmp_path, monkeypatch, more
):
    monkeypatch.setattr(loop, "train", lambda *arguments: pytest.fail("it trained"))
    quick = ("run", "table1", "--scale", "quick", "--where", "dataset=mnist", "--store", store.path)
    line = refused(*quick, *more, "--data-dir", tmp_path / "none")
    assert line.startswith("mnist: train-images-idx3-ubyte, ")
    assert f"run `sgbench data fetch mnist --data-dir {tmp_path / 'none'}`" in line
    for name in ("train-images", "train-labels", "t10k-images", "t10k-labels"):
        sizes = "idx3" if "images" in name else "idx1"
        (tmp_path / f"{name}-{sizes}-ubyte").write_bytes(b"damaged")
    line = refused(*quick, *more, "--data-dir", tmp_path)
    assert "is corrupt" in line
    assert "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db" in line
    assert records(store) == {}


@pytest.mark.parametrize(
    ("given", "remedy"),
    [
        ("--time-limit 30", "1h30m"),
        ("--time-limit 0m", "1h30m"),
        ("--time-limit m", "1h30m"),
        ("--time-limit 30m1h", "1h30m"),
        ("--time-limit -5m", "1h30m"),
        ("--jobs 0", "at least 1"),
        ("--jobs many", "auto"),
        ("--retry fail", "'failed'"),
        ("--device cuda:99", "torch sees"),
        ("--device tpu", "cpu"),
        ("--where rule=dni,depth=3 --where rule=cdni", "no cell has all of it"),
        ("--set rule=dni", "--where rule=no_bprop"),
        ("--set seed=4", "--seeds"),
        ("--set batch_size=1e9", "between 2 and 1000000"),
        ("--set drop_factor=0", "drop_factor=0.0 must be"),
        ("--scale custom", "--set"),
        ("--set dropout=1", "between 0 and 0.99"),
        ("--set activation=foo", "choose from: relu, leaky_relu, tanh"),
        ("--set norm=layer", "choose from: batch, none"),
        ("--set jitter=-1", "between 0 and"),
        ("--set flip=vertical", "choose from: none, horizontal"),
        ("--set input_norm=whiten", "choose from: none, standard"),
        ("--set optimizer=sgd", "choose from: adam, rmsprop"),
        ("--set loss_function=hinge", "choose from: softmax, sigmoid"),
        ("--set last_batch=larger", "choose from: dropped, smaller"),
        ("--set zero_init=hidden", "choose from: none, classifier, all_but_first, all"),
        ("--set sim_weight=2", "between 0 and 1"),
        ("--set ff_threshold=0", "must be above 0"),
    ],
)
def test_bad_input_is_one_line(refused, given, remedy):
    told = refused("run", "table1", *given.split())
    assert given.split()[0] in told
    assert remedy in told


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("table2 --set loss_function=sigmoid", ("loss_function applies to no cell",)),
        ("table2 --set jitter=1", ("jitter applies to no cell",)),
        ("table1 --where network=cnn --set dropout=0.1", ("dropout applies to no cell",)),
        ("table1 --where network=cnn --set norm=none", ("norm applies to no cell",)),
        (
            "table1 --where network=cnn,rule=backprop --set rule=mono_forward",
            ("rule=mono_forward does not train network=cnn", "fcn"),
        ),
        (
            "table1 --where network=cnn,rule=backprop --set rule=forward_forward",
            ("rule=forward_forward does not train network=cnn", "fcn"),
        ),
        ("table1 --where rule=backprop --set top_weight=1", ("top_weight applies to no cell",)),
        (
            "locking --where schedule=unlocked --set last_batch=smaller",
            ("last_batch applies to no cell",),
        ),
        (
            "p_update --where network=fcn,rule=dni --set rule=dfa",
            ("decoupled=update", "rule=dfa", "no decoupled_step", "cdni, dni"),
        ),
        ("p_update --where network=fcn --set optimizer=rmsprop", ("optimizer applies to no cell",)),
    ],
)
def test_what_a_cell_cannot_have_is_one_line(refused, store, given, words):
    told = refused("run", *given.split(), "--dry-run", "--store", store.path)
    for word in words:
        assert word in told


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (("batch_size=1436", "last_batch=smaller"), ("leaves one of 1437", "norm=none")),
        (("jitter=8",), ("jitter=8", "8 x 8 pixels")),
    ],
)
def test_what_the_data_cannot_have_is_one_line(sgbench, store, make, settings, words):
    given = [word for setting in settings for word in ("--set", setting)]
    done = sgbench("run", "table1", *make.tiny, *given, *ONE, "--store", store.path)
    assert done.exit_code == 2
    assert "Traceback" not in done.stderr
    told = done.stderr.splitlines()[-1]
    assert told.startswith("sgbench: ")
    for word in words:
        assert word in told


def test_two_runs_on_one_store_at_once(start, store, make):
    line = ("run", "table1", *make.tiny, *ONE, "--store", store.path)
    both = [start(*line), start(*line)]
    for process in both:
        output, errors = process.communicate(timeout=100)
        assert process.returncode == 0, errors
        assert "3 of 3 cells done" in output
    assert len(records(store)) == 3
    assert store.warnings == []
