"""A report of a GPU: how fast it trains the paper's networks, and what all of Table 1 would take.

    python tests/gpu/report.py [--device cuda:0] [--seconds 0.5] [--out report/gpu.md]

Steps are timed eagerly and as graphs, for 1 to 128 replicas, with the memory they take beside what
was estimated; then 1 to 4 programs at once; then every program of Table 1 at the paper's schedule,
whose seconds are added up. Data are random: an update takes the same time. On a CPU it is rehearsed
(`--device cpu`, in the tests).
"""

import argparse
import gc
import multiprocessing
import time
from collections import Counter
from pathlib import Path

import torch
from sgbench.bench import hardware
from sgbench.bench.families.family import family_for
from sgbench.bench.profiling import memory_estimate
from sgbench.bench.profiling.synthetic_data import program_for
from sgbench.bench.training.graphs import RECORDED_AFTER, stepper
from sgbench.reproductions.exhibits.exhibit import pick_cells
from sgbench.reproductions.running.plan import shape

REPLICAS = (1, 3, 8, 32, 128)
AT_ONCE = (1, 2, 3, 4)
PROGRAMS = (  # of Table 1: those whose costs span what there is
    "network=fcn,depth=4,rule=backprop",
    "network=fcn,depth=4,rule=cdni,sg_layers=0",
    "network=fcn,depth=4,rule=dni,sg_layers=2",
    "network=cnn,depth=4,rule=cdni,sg_layers=0",
)
SHARED = "network=fcn,depth=4,rule=dni,sg_layers=2"


def stack(where, replicas, scale="paper"):
    """So many seeds of a cell of Table 1 on MNIST."""
    cell = pick_cells("table1", scale, where=[f"dataset=mnist,{where}"], seeds=1)[0]
    return tuple(cell.replace(seed=seed) for seed in range(replicas))


def rate(cells, device, seconds, *, graphed):
    """Steps a second of a program, and the bytes it takes on a GPU."""
    on_gpu = device != "cpu"
    gc.collect()
    if on_gpu:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    program = program_for(cells, device, 1, "mkl" if not on_gpu else "")
    with family_for(cells[0]).grad_mode():
        step = stepper(program) if graphed else program.step
        for _ in range(RECORDED_AFTER if on_gpu else 1):
            step()
        wait(device)
        steps, start = 0, time.perf_counter()
        while steps == 0 or time.perf_counter() - start < seconds:
            for _ in range(20 if on_gpu else 1):
                step()
                steps += 1
            wait(device)
        taken = time.perf_counter() - start
    return steps / taken, torch.cuda.max_memory_reserved() if on_gpu else 0


def wait(device):
    if device != "cpu":
        torch.cuda.synchronize(device)


def one_of_several(cells, device, seconds, barrier, found):
    """A process that trains beside others, once all are there."""
    rate(cells, device, 0.0, graphed=True)
    barrier.wait(timeout=300)
    found.put(rate(cells, device, seconds, graphed=True)[0])


def together(count, device, seconds):
    """Steps a second of so many programs at once, added up."""
    context = multiprocessing.get_context("spawn")
    barrier, found = context.Barrier(count), context.SimpleQueue()
    arguments = (stack(SHARED, 3), device, seconds, barrier, found)
    processes = [context.Process(target=one_of_several, args=arguments) for _ in range(count)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return sum(found.get() for _ in processes)


def table1_hours(device, seconds, limit=None):
    """Hours of all of Table 1 at the paper's schedule, one program after another, and how many."""
    cells = pick_cells("table1", "paper")
    kinds = Counter(shape(cell) for cell in cells)
    first = {shape(cell): cell for cell in reversed(cells)}
    hours, timed = 0.0, list(kinds)[:limit]
    for kind in timed:
        cell = first[kind]
        cells = tuple(cell.replace(seed=seed) for seed in range(kinds[kind]))
        hours += cell.iterations / rate(cells, device, seconds, graphed=True)[0] / 3600
    return hours, len(timed), len(kinds)


def report(device, seconds, replicas=REPLICAS, at_once=AT_ONCE, limit=None):
    """Yield the report's lines, as they are known."""
    versions = hardware.details(device)
    yield f"# {hardware.device_model(device)}"
    yield f"\ntorch {torch.__version__}, {', '.join(f'{k} {v}' for k, v in versions.items())}\n"
    yield "| program of Table 1, MNIST | R | eager, steps/s | graphed, steps/s | GiB | estimated |"
    yield "|---|---:|---:|---:|---:|---:|"
    for where in PROGRAMS:
        for count in replicas:
            cells = stack(where, count)
            eager, _ = rate(cells, device, seconds, graphed=False)
            graphed, taken = rate(cells, device, seconds, graphed=True)
            expected = memory_estimate.needed(cells[0], count)
            sizes = " | ".join(f"{size / memory_estimate.GIB:.2f}" for size in (taken, expected))
            yield f"| {where} | {count} | {eager:.0f} | {graphed:.0f} | {sizes} |"
    yield f"\n| programs at once ({SHARED}, R = 3) | steps/s, added up |"
    yield "|---:|---:|"
    for count in at_once:
        yield f"| {count} | {together(count, device, seconds):.0f} |"
    hours, timed, kinds = table1_hours(device, seconds, limit)
    some = "" if timed == kinds else f" ({timed} of its {kinds} kinds of programs)"
    yield f"\nTable 1 at the paper's schedule{some}: {hours:.1f} hours, one program at a time."


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--out", type=Path, default=Path("report/gpu.md"))
    given = parser.parse_args()
    lines = []
    for line in report(given.device, given.seconds):
        print(line, flush=True)
        lines.append(line)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
