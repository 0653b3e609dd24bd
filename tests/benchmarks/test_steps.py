"""A training step: ours, the plain baseline, and the machine's limit for it, in turn."""

import statistics

import pytest
import torch
from benchmarks import eager_beyond
from benchmarks.cases import CPU, data, label, later_cell, program, quick_cell
from benchmarks.eager import Eager
from benchmarks.sampling import CLOCK, fastest, interleave, ratio
from sgbench.bench.families.family import family_for
from sgbench.bench.nn import products
from sgbench.bench.profiling.op_counter import count
from sgbench.bench.profiling.roofline import LAYOUTS, Memory, Roofline

pytestmark = [
    pytest.mark.benchmark(group="step", timer=CLOCK),
    pytest.mark.usefixtures("one_thread"),
]

RULES = [("no_bprop", None), ("backprop", None), ("cdni", 0), ("dni", 2)]
CNN_BATCH = 32  # an eighth of the protocol's: the convolutions of a step are long enough


@pytest.mark.parametrize(("rule", "sg_layers"), RULES)
def test_fcn(benchmark, report, back_end, rule, sg_layers):
    cell = quick_cell("fcn", 4, rule, sg_layers)
    with family_for(cell).grad_mode():
        ours = program(cell)
    limit = limit_of(ours)
    limits = {f"limit {name}": through(name, limit.step) for name in products.available()}
    compare(benchmark, report, cell, through(back_end, ours.step), limits)


@pytest.mark.parametrize("rule", eager_beyond.RULES)
def test_later_rules(benchmark, report, back_end, rule):
    cell = later_cell(rule)
    with family_for(cell).grad_mode():
        ours = program(cell)
        limit = limit_of(ours)
    limits = {f"limit {name}": through(name, limit.step) for name in products.available()}
    kept = {name: matrix[0].clone() for name, matrix in ours.network.kept.items()}
    eager = eager_beyond.Beyond(cell, data(), kept)
    compare(benchmark, report, cell, through(back_end, ours.step), limits, eager)


@pytest.mark.parametrize(("rule", "sg_layers"), RULES)
def test_cnn(benchmark, report, back_end, rule, sg_layers):
    cell = quick_cell("cnn", 3, rule, sg_layers, batch_size=CNN_BATCH)
    with family_for(cell).grad_mode():
        ours = program(cell)
    limits = {
        f"limit {name}": through(back_end, limit_of(ours, layout).step)
        for name, layout in LAYOUTS.items()
    }
    compare(benchmark, report, cell, through(back_end, ours.step), limits)


def limit_of(program, layout=None):
    """The machine's limit for the steps of a program, which does two."""
    with torch.no_grad():
        program.step()
        return Roofline(count(program.step), Memory(CPU), layout)


def compare(benchmark, report, cell, ours, limits, eager=None):
    default = products.available()[0]
    eager = through(default, (eager or Eager(cell, data())).step, gradients=True)
    samples = interleave(benchmark, {"ours": ours, "eager": eager, **limits})
    best = fastest(samples, list(limits))
    report(
        "step",
        network=f"{cell.network} depth {cell.depth}",
        rule=label(cell),
        batch=cell.batch_size,
        per_second=1 / statistics.median(samples["ours"]),
        eager_over_ours=ratio(samples, "eager", "ours"),
        ours_over_limit=ratio(samples, "ours", best),
        eager_over_limit=ratio(samples, "eager", best),
        limit=best.removeprefix("limit "),
        milliseconds={name: 1000 * statistics.median(taken) for name, taken in samples.items()},
    )


def through(back_end, call, *, gradients=False):
    """Return `call` with its products sent through a back-end, autograd off unless asked for."""

    def called():
        products.use(back_end)
        with torch.enable_grad() if gradients else torch.inference_mode():
            call()
        products.use(products.available()[0])

    return called
