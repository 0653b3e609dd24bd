"""`kill -9` at random moments: what was announced is there, and the end is the same."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest
from faults.harness import SHARE, Tally, times
from sgbench.bench import hardware
from sgbench.bench.engine import dispatch
from sgbench.bench.nn import products
from sgbench.results.store import backend_file
from sgbench.results.store.store import Store

pytestmark = pytest.mark.slow
RULES = "network=fcn,rule=no_bprop,backprop,dni,cdni"
CELLS = f"{RULES},depth=3,4" if SHARE >= 10 else f"{RULES},depth=3,sg_layers=none,0"
GRID = ("table1", "--where", CELLS, "--seeds", "1")
TIMED = re.compile(r"(train|evaluation)_seconds|steps_per_second|examples_per_second|finished|git_")


class Grid:
    """The demo grid of Table 1's smaller networks, run by processes of their own in a folder."""

    def __init__(self, folder):
        self.folder, self.store = folder, folder / "store"
        folder.mkdir()
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("SGBENCH_", "COV_"))}
        self.environment = kept | {"XDG_CACHE_HOME": str(folder / "cache"), "OMP_NUM_THREADS": "1"}
        values = {"torch": hardware.torch_release(), "matmul": products.available()[0]}
        values["matmul_error"] = 1e-7
        backend_file.write(Store(self.store), hardware.device_model("cpu"), values)

    def start(self, *arguments):
        command = [sys.executable, "-m", "sgbench", *arguments, "--store", str(self.store)]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    def report(self):
        """{file: content} of the report's tables; without what they say of times and code."""
        out = self.folder / "report"
        process = self.start("report", "table1", "--format", "md,csv,tex", "--out", str(out))
        process.communicate()
        assert process.returncode == 0
        found = {path.name: path.read_text() for path in out.iterdir()}
        return {
            name: re.sub(r"^- (training, without|code: ).*\n", "", text, flags=re.MULTILINE)
            for name, text in found.items()
        }


def read_whole(grid):
    """Return {id: record} of the store; no file of it is torn."""
    store = Store(grid.store)
    found = {record.id: record.to_dict() for record in store.scan()}
    assert store.warnings == []
    assert not (grid.store / "broken").exists()
    return found


def untimed(record):
    values = {name: value for name, value in record.items() if not TIMED.match(name)}
    values["curve"] = [{**point, "seconds": 0.0} for point in record["curve"]]
    return values


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The store and the report of a run that nobody disturbed."""
    grid = Grid(tmp_path_factory.mktemp("undisturbed") / "grid")
    process = grid.start("run", *GRID, "--jobs", "2")
    process.communicate()
    assert process.returncode == 0
    return {id_: untimed(record) for id_, record in read_whole(grid).items()}, grid.report()


def victims(driver):
    """The processes of a driver's workers."""
    try:
        children = psutil.Process(driver.pid).children(recursive=True)
        return [c for c in children if any("spawn_main" in word for word in c.cmdline())]
    except psutil.Error:
        return []


def read_lines(stream, announced):
    """Take down what a driver announced: each whole line is a record that is safe."""
    for line in stream:
        if line.endswith("\n"):
            record = json.loads(line)
            announced[record["id"]] = record


def disturb(grid, dice, whom, announced):
    """Run the grid, and kill the driver or workers of it at random moments; count the kills.

    A moment is some time after the start or after one of the first records, whatever the machine
    does besides.
    """
    driver = grid.start("run", *GRID, "--jobs", "2", "--json")
    reader = threading.Thread(target=read_lines, args=(driver.stdout, announced), daemon=True)
    reader.start()
    kills, after, before = 0, dice.randrange(5), len(announced)
    moment = time.monotonic() + dice.uniform(0.2, 5.0)
    while driver.poll() is None:
        time.sleep(0.02)
        if len(announced) < before + after:
            moment = time.monotonic() + dice.uniform(0.0, 2.0)
        if time.monotonic() < moment or kills == dispatch.RETRIES:
            continue  # one more of the same program's worker would be its end
        if whom == "driver":
            os.kill(driver.pid, signal.SIGKILL)
            kills += 1
            break
        if found := victims(driver):
            dice.choice(found).kill()
            kills += 1
            moment = time.monotonic() + dice.uniform(0.5, 4.0)
    driver.wait()
    reader.join()
    return kills


@pytest.mark.parametrize("whom", ["driver", "worker"])
def test_kill_9(tmp_path, undisturbed, whom):
    records, report = undisturbed
    dice, wanted, kills, rounds = random.Random(len(whom)), times(100, 1), 0, 0
    with Tally(f"kill -9 of {'the driver' if whom == 'driver' else 'a worker'}") as tally:
        while kills < wanted:
            rounds += 1
            grid, before = Grid(tmp_path / f"{rounds}"), kills
            announced = {}
            while True:
                kills += disturb(grid, dice, whom, announced)
                found = read_whole(grid)
                lost = [id_ for id_ in announced if id_ not in found]
                tally(0, len(lost))
                assert lost == []
                assert all(untimed(found[i]) == untimed(announced[i]) for i in announced)
                if kills >= wanted or len(found) == len(records):
                    break
            process = grid.start("run", *GRID, "--jobs", "2")  # and now to the end
            process.communicate()
            assert process.returncode == 0
            assert {i: untimed(r) for i, r in read_whole(grid).items()} == records
            assert grid.report() == report
            assert not list(grid.store.rglob("*.pt"))
            tally(kills - before)
