"""What evaluation adds to training: every place of Table 1's MNIST FCN grid at `quick`."""

import math
import statistics

import pytest
import torch
from benchmarks.cases import label, program, quick_cells
from benchmarks.sampling import CLOCK, interleave
from sgbench.bench.nn import products

CELLS = [cell for cell in quick_cells() if cell.network == "fcn"]
STEPS = 5
ROUNDS = 3


@pytest.mark.benchmark(group="evaluation", timer=CLOCK)
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: f"{label(cell)}, depth {cell.depth}")
def test_evaluation(benchmark, report, back_end, cell):
    trained = program(cell)

    def steps():
        for _ in range(STEPS):
            trained.step()

    products.use(back_end)
    with torch.no_grad():
        contenders = {
            "test": lambda: trained.evaluate("held"),
            "steps": steps,
            "probe": trained.probe,
            "train": lambda: trained.evaluate("train"),
        }
        samples = interleave(benchmark, contenders, ROUNDS)
    products.use(products.available()[0])
    took = {name: statistics.median(taken) for name, taken in samples.items()}
    evaluations = math.ceil(cell.iterations / cell.evaluate_every)
    report(
        "evaluation",
        rule=cell.rule,
        name=label(cell),
        depth=cell.depth,
        evaluations=evaluations,
        training=took["steps"] / STEPS * cell.iterations,  # seconds, as the next ones
        one=took["test"],
        all=evaluations * (took["test"] + took["probe"]) + took["train"],
    )
