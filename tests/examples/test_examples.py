"""The examples, as their comments and the guide have a reader run them."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from reference.dask_processes import Processes
from reference.runs import SMALL, Listener
from sgbench.bench import hardware, registry
from sgbench.bench.nn import products
from sgbench.cli import main
from sgbench.reproductions.running.run import RunRequest, run
from sgbench.results.store import backend_file
from sgbench.results.store.store import Store

EXAMPLES = Path(__file__).parents[2] / "examples"
RULES = ["--rule-file", "dkp.py"]
SHORT = ("--set", "iterations=20", "--set", "evaluate_every=10", "--seeds", "1", "--device", "cpu")


@pytest.fixture
def store(tmp_path):
    """A store that knows its back-end, so that nothing has to be measured."""
    store = Store(tmp_path / "store")
    values = {"torch": hardware.torch_release(), "matmul": products.available()[0]}
    backend_file.write(store, hardware.device_model("cpu"), values | {"matmul_error": 1e-7})
    return store


@pytest.fixture
def sgbench(monkeypatch, store):
    """Run a verb in the folder of the examples, on that store."""
    monkeypatch.chdir(EXAMPLES)
    monkeypatch.delenv("SGBENCH_DATA", raising=False)

    def call(*arguments):
        words = [*map(str, arguments), "--store", str(store.path)]
        done = CliRunner().invoke(main, words)
        assert done.exit_code == 0, done.output
        return done.stdout

    return call


@pytest.mark.parametrize("path", sorted(EXAMPLES.iterdir()), ids=lambda path: path.name)
def test_each_is_short(path):
    if path.is_file():
        assert len(path.read_text(encoding="utf-8").splitlines()) < 60


@pytest.mark.parametrize("name", ["dkp", "dni_true_targets"])
def test_a_rule_takes_its_places_in_table_1(sgbench, store, name):
    where = ("--where", f"rule={name},depth=3")
    sgbench("run", "table1", "--rule-file", f"{name}.py", *where, *SHORT, "--jobs", "1")
    records = list(store.scan())
    assert {record.rule for record in records} == {name}
    assert {record.network for record in records} == {"fcn", "cnn"}
    assert {record.status for record in records} == {"ok"}
    layers = {record.sg_layers for record in records}
    assert layers == ({None} if name == "dkp" else {0, 1, 2})


def test_the_exhibit_compares_four_rules(sgbench, store):
    sgbench("run", "mine.toml", *RULES, *SHORT, "--jobs", "1")
    found = {record.rule: record for record in store.scan()}
    assert set(found) == {"backprop", "dfa", "dkp", "dni"}
    assert {record.exhibit for record in found.values()} == {"mine"}
    assert len(found["dkp"].sources["rule"]) == 16
    assert found["dfa"].sources["rule"] is None


def test_a_rule_s_number_is_a_field_of_its_cells(sgbench):
    def cells(*words):
        told = sgbench("run", "mine.toml", *RULES, *SHORT, "--dry-run", "--json", *words)
        return json.loads(told)["cells"]

    assert cells() == 4
    only = ("--where", "feedback_rate=0.1")
    assert cells(*only) == 1
    assert cells(*only, "--set", "feedback_rate=0,0.5,2") == 3


@pytest.mark.slow
def test_the_exhibit_by_two_workers_with_its_figure(sgbench, store, tmp_path):
    sgbench("run", "mine.toml", *RULES, *SHORT, "--jobs", "2")
    out = tmp_path / "report"
    text = sgbench("report", "mine.toml", *RULES, "--scale", "custom", "--out", out)
    (figure,) = out.glob("*overlay*.svg")
    svg = figure.read_text(encoding="utf-8")
    for label, color in (("DFA", registry.RULES.declared("dfa").color), ("DKP", "#a6761d")):
        assert label in svg
        assert color in svg
        assert re.search(rf"{label}\W", text)
    assert registry.RULES.names() == registry.RULES.builtin_names()


@pytest.fixture
def dask(tmp_path):
    processes = Processes(tmp_path)
    processes.scheduler()
    yield processes
    processes.close()


BLOBS = """
import numpy as np
from sgbench.bench.datasets import Data
from sgbench.bench.declarations import Dataset
DATASET = Dataset(name="blobs", label="blobs", kind="images", version=1, shape=(1, 4, 4),
                  classes=3, examples=(60, 30), pixel_max=255)
def load(folder):
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (90, 1, 4, 4), dtype=np.uint8), np.arange(90) % 3
    return Data(train_images=images[:60].copy(), train_labels=labels[:60], classes=3,
                test_images=images[60:].copy(), test_labels=labels[60:], pixel_max=255)
"""


@pytest.mark.slow
def test_workers_elsewhere_get_the_files_and_take_up_changed_ones(dask, store, tmp_path):
    dask.worker()
    rule, data = tmp_path / "own" / "dkp.py", tmp_path / "own" / "blobs.py"
    rule.parent.mkdir()
    data.write_text(BLOBS)
    text = (EXAMPLES / "dkp.py").read_text(encoding="utf-8")
    registry.DATASETS.add_file(str(data), "--dataset-file")
    try:
        for version in (text, text + "# another version\n"):
            rule.write_text(version, encoding="utf-8")
            registry.RULES.add_file(str(rule), "--rule-file")
            request = RunRequest(
                exhibit="table1",
                where=("network=fcn", "depth=3", "rule=dkp"),
                set=(*SMALL, "dataset=blobs"),
                seeds=1,
                device="cpu",
                store=store,
                scheduler=dask.address,
            )
            assert run(request, Listener()).written == {"ok": 1}
            registry.RULES.remove("dkp")
    finally:
        registry.DATASETS.remove("blobs")
    hashes = {record.sources["rule"] for record in store.scan()}
    assert len(hashes) == 2
