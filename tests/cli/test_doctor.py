"""`sgbench doctor`: what it tells of a machine, and of what is missing."""

import json
import re

import pytest
from sgbench.bench import cpu_quota
from sgbench.reproductions.exhibits.exhibit import load, names
from sgbench.reproductions.running import machine_check, rates


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Measure no products and time no steps: both have tests of their own."""
    from sgbench.bench.nn import products
    from sgbench.bench.profiling import synthetic_data

    measured = [
        products.BackendBenchmark(name="mkl", flops=5e10, error=1e-7),
        products.BackendBenchmark(name="onednn", flops=9e10, error=3e-7),
    ]
    monkeypatch.setattr(products, "measure", lambda: measured)
    monkeypatch.setattr(synthetic_data, "step_seconds", lambda cell, *rest: 0.001)


@pytest.fixture
def few(monkeypatch):
    """Look at one exhibit, where the test is not about them: all take a second."""
    monkeypatch.setattr(machine_check, "names", lambda: ("table1",))


def test_everything_is_told_with_a_line_an_exhibit_and_scale(sgbench, store, tmp_path):
    done = sgbench("doctor", "--store", store.path)
    assert done.exit_code == 0, done.output
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    for head in ("versions", "processor", "memory", "products", "GPU", "data", "cache", "store"):
        assert any(line.startswith(head) for line in lines), head
    assert any("mkl: 50 GFLOP/s" in line and "chosen earlier" in line for line in lines)
    assert any("onednn: 90 GFLOP/s" in line for line in lines)
    assert any("mnist: missing" in line and "sgbench data fetch mnist" in line for line in lines)
    elsewhere = sgbench("doctor", "--store", store.path, "--data-dir", tmp_path / "my data")
    remedy = f"sgbench data fetch mnist --data-dir '{tmp_path}/my data', or another --data-dir"
    assert re.sub(r"\s", "", remedy) in re.sub(r"\s", "", elsewhere.stdout)  # it wraps
    for name in names():
        for scale in load(name).scales:
            assert any(scale in line.split()[:2] for line in lines)
    assert not store.path.joinpath("records").exists()  # nothing is written


def test_json_has_every_value(sgbench, store):
    done = sgbench("doctor", "--store", store.path, "--json")
    found = json.loads(done.stdout)
    assert found["products"]["chosen"] == "mkl"
    assert found["products"]["kept"] is True
    assert {"usable", "quota", "cores", "load"} <= set(found["processor"])
    assert found["memory"]["free"] <= found["memory"]["total"]
    rows = {(row["exhibit"], row["scale"]): row for row in found["exhibits"]}
    assert set(rows) == {(name, scale) for name in names() for scale in load(name).scales}
    assert all(row["seconds"] > 0 for row in rows.values())
    assert (rows["beyond", "quick"]["at_most"], rows["table1", "quick"]["at_most"]) == (True, False)
    assert rows["table1", "demo"]["no_data"] == []
    assert rows["table1", "quick"]["no_data"] == ["cifar10", "mnist"]
    assert rows["table1", "demo"]["to_run"] == rows["table1", "demo"]["cells"]


@pytest.mark.usefixtures("few")
def test_what_is_done_is_not_counted_as_missing(sgbench, store, make):
    for cell in make.cells[:5]:
        store.put(make.record(cell, machine_class=make.here(store)))
    done = sgbench("doctor", "--store", store.path, "--json")
    found = json.loads(done.stdout)
    row = next(r for r in found["exhibits"] if (r["exhibit"], r["scale"]) == ("table1", "demo"))
    assert row["to_run"] == row["cells"] - 5
    assert row["seconds_left"] < row["seconds"]
    assert found["store"]["records"] == 5


@pytest.mark.usefixtures("few")
def test_a_broken_torch_is_a_problem_and_not_the_end(sgbench, store, monkeypatch):
    from sgbench.bench.nn import products

    def broken():
        raise OSError("libgomp.so.1: cannot open shared object file")

    monkeypatch.setattr(products, "measure", broken)
    done = sgbench("doctor", "--store", store.path, "--json")
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert found["products"]["chosen"] is None
    assert any("libgomp" in problem and "install" in problem for problem in found["problems"])
    assert all(row["seconds"] is None for row in found["exhibits"])
    text = sgbench("doctor", "--store", store.path).stdout
    assert "unknown" in text


@pytest.mark.usefixtures("few")
def test_a_quota_below_a_core_is_a_problem(sgbench, store, monkeypatch, tmp_path):
    quota = tmp_path / "cpu.max"
    quota.write_text("50000 100000\n", encoding="utf-8")
    monkeypatch.setattr(cpu_quota, "ROOT", tmp_path)
    found = json.loads(sgbench("doctor", "--store", store.path, "--json").stdout)
    assert (found["processor"]["quota"], found["processor"]["jobs"]) == (0.5, 1)
    assert any("0.5 of a core" in problem for problem in found["problems"])


@pytest.mark.usefixtures("few")
def test_a_store_that_cannot_be_written_is_a_problem(sgbench, store, monkeypatch):
    monkeypatch.setattr(machine_check, "can_write", lambda folder: folder != store.path)
    found = json.loads(sgbench("doctor", "--store", store.path, "--json").stdout)
    assert found["store"]["writable"] is False
    assert any("--store" in problem for problem in found["problems"])


def test_a_device_that_is_not_there_is_refused(refused):
    assert "--device" in refused("doctor", "--device", "cuda:7")


def test_times_of_unknown_networks_are_timed(sgbench, store, monkeypatch):
    asked = []

    def step_seconds(cell, device, matmul, seconds):
        asked.append((cell.network, cell.dataset))
        return 0.002

    from sgbench.bench.profiling import synthetic_data

    monkeypatch.setattr(synthetic_data, "step_seconds", step_seconds)
    sgbench("doctor", "--store", store.path)
    assert ("cnn", "cifar10") in asked
    assert ("fcn", "mnist") not in asked  # published records tell
    assert len(asked) == len(set(asked))
    assert rates.TIMING_SECONDS < 1


@pytest.mark.usefixtures("few")
def test_a_user_without_a_home_is_a_problem_and_not_the_end(sgbench, store, monkeypatch):
    from sgbench.bench.datasets.loading import files

    monkeypatch.setattr(files, "cache_folder", lambda: None)
    done = sgbench("doctor", "--store", store.path)
    assert done.exit_code == 0, done.output
    assert "there is no home folder" in " ".join(done.stdout.split())
    assert any(line.split() == ["cache", "none"] for line in done.stdout.splitlines())
