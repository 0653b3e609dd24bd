"""What sgbench itself takes for each cell, beside the training: the figures of docs/run.md.

    python tests/benchmarks/overhead.py [--cells 1000,10000,100000] [--workers N] [--folder DIR]

Grids of so many cells go through the real plan, engine, store and reports, with programs of zero
length in place of training (`simulated`). Both wall-clock and CPU time are printed: on a machine
that does other work only the latter means anything. Figures cost what they cost whatever the
number of cells: `--figures` draws them too.
"""

import argparse
import itertools
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

EXHIBIT, SCALE = "table1", "quick"


def grid(cells):
    """So many cells of Table 1 at scale quick, with as many seeds as it takes."""
    from sgbench.bench.cell import Cell
    from sgbench.reproductions.exhibits import exhibit as exhibits

    points = exhibits.expand(exhibits.load(EXHIBIT), SCALE, seeds=1)
    found = (
        Cell.from_dict({**point.to_dict(), "seed": seed})
        for seed in itertools.count()
        for point in points
    )
    return list(itertools.islice(found, cells))


class Clock:
    """Prints the wall-clock and the CPU time of each step of a grid."""

    def __init__(self, cells):
        self.cells = cells
        print(f"\n{cells:,} cells {'':10} wall, s   CPU, s   µs of CPU a cell")

    def __call__(self, name, function, *arguments, **options):
        start = time.perf_counter(), time.process_time()
        result = function(*arguments, **options)
        wall, cpu = time.perf_counter() - start[0], time.process_time() - start[1]
        each = cpu / self.cells * 1e6
        print(f"  {name:20} {wall:9.2f} {cpu:8.2f} {each:10.0f}", flush=True)
        return result


def measure(cells, workers, folder, figures):
    """Print the seconds, wall-clock and CPU, of each step for a grid of so many cells."""
    from sgbench.bench import datasets
    from sgbench.bench.engine import dispatch, here
    from sgbench.bench.hardware import cores, machine_class
    from sgbench.reports.console.progress import ProgressLines, Watch
    from sgbench.reports.pages import report as reports
    from sgbench.reproductions.exhibits import exhibit as exhibits
    from sgbench.reproductions.running.plan import make_plan
    from sgbench.results.from_outcome import make_record
    from sgbench.results.store.store import Store
    from simulated import InstantJob, outcome_of

    clock, store = Clock(cells), Store(folder / f"store-{cells}")
    wanted = grid(cells)
    plan = clock("plan", make_plan, wanted, [], machine=None)
    assert len(plan.programs) == cells
    jobs = [
        InstantJob(
            cells=(plan.cells[index].cell,), ids=(plan.cells[index].id,), data_dir=None,
            device="cpu", threads=1, matmul="mkl", matmul_error=None,
        )
        for (index,) in plan.programs
    ]  # fmt: skip
    if workers > 1:
        again = {}
        here.START_SECONDS = 0.0  # what is clocked is the scheduling to workers
        clock("schedule", dispatch.run, jobs, workers, dispatch.Stop(), again.__setitem__, idle)
        assert len(again) == cells
    where = machine_class(outcome_of(jobs[0]).machine)
    labels = {"exhibit": EXHIBIT, "scale": SCALE, "machine_class": where}
    records = []

    def done(index, outcomes):
        (cell,) = jobs[index].cells
        hash_ = datasets.data_hash(cell.dataset)
        record = make_record(cell, outcomes[0], data_hash=hash_, **labels)
        store.put(record)
        records.append((index, [record]))

    clock("run, store", dispatch.run, jobs, 1, dispatch.Stop(), done, idle)
    assert len(records) == cells
    kept = sys.stderr
    with open(os.devnull, "w") as sys.stderr:
        watch = Watch(ProgressLines("a grid"), lambda: None)
        clock("tell", lambda: [watch.planned(plan, 1), *(watch.finished(*r) for r in records)])
    sys.stderr = kept
    records.clear()
    loaded = clock("load", lambda: list(Store(store.path).scan()))
    assert len(loaded) == cells
    left = clock("plan again", make_plan, wanted, loaded, machine=where)
    assert left.programs == ()
    exhibit, formats = exhibits.load(EXHIBIT), ("md", "csv", "tex")
    clock("report", reports.build, exhibit, SCALE, loaded, formats)
    if figures:
        clock("figures", reports.build, exhibit, SCALE, loaded, reports.IMAGES, cores())


def idle(index, iteration):
    """Hear of progress."""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", default="1000,10000,100000")
    parser.add_argument("--workers", type=int, default=0, help="also time so many processes")
    parser.add_argument("--folder", type=Path, help="where stores are made; a disk, not memory")
    parser.add_argument("--figures", action="store_true")
    given = parser.parse_args()
    import simulated  # noqa: F401  trains nothing from here on

    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        for cells in map(int, given.cells.split(",")):
            measure(cells, given.workers, Path(folder), given.figures)


if __name__ == "__main__":
    main()
