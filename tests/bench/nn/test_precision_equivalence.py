"""Does precision=bf16 cost test error? Paired seeds, digits, Table 1's `demo` scale.

    pytest -m slow -s tests/bench/nn/test_precision_equivalence.py

prints the mean paired difference and its 90 % interval for each rule: the two one-sided tests of
equivalence at 5 % are passed where it lies inside the margin.
"""

import dataclasses
import math
import statistics

import pytest
from scipy import stats
from sgbench.bench.engine import dispatch
from sgbench.bench.training.loop import Job, train
from sgbench.reproductions.exhibits.exhibit import expand, load

SEEDS = 10
MARGIN = 1.0  # points of test error, either way
RULES = [("backprop", None), ("dni", 1), ("cdni", 0)]


def error(cell):
    job = Job(
        cells=(cell,),
        ids=(cell.key,),
        data_dir=None,
        device="cpu",
        threads=1,
        matmul="mkl",
        matmul_error=None,
        checkpoint=None,
    )
    (outcome,) = train(job, lambda done, point: dispatch.Stop().asked())
    assert outcome.status == "ok"
    return outcome.error_rate


@pytest.mark.slow
@pytest.mark.parametrize(("rule", "sg_layers"), RULES)
def test_the_error_is_equivalent_to_that_of_float32(rule, sg_layers):
    cells = [
        cell
        for cell in expand(load("table1"), "demo", seeds=SEEDS)
        if (cell.network, cell.depth, cell.rule, cell.sg_layers) == ("fcn", 4, rule, sg_layers)
    ]
    assert len(cells) == SEEDS
    plain = [error(cell) for cell in cells]
    differences = [
        error(dataclasses.replace(cell, precision="bf16")) - before
        for cell, before in zip(cells, plain, strict=True)
    ]
    mean = statistics.fmean(differences)
    spread = statistics.stdev(differences) / math.sqrt(SEEDS)
    half = spread * float(stats.t.ppf(0.95, SEEDS - 1))
    print(
        f"\n{rule}, M {sg_layers}: float32 {statistics.fmean(plain):.2f} %, bf16 minus float32"
        f" {mean:+.2f} points, 90 % interval [{mean - half:+.2f}, {mean + half:+.2f}], n = {SEEDS}"
    )
    assert any(differences), "bf16 changed nothing at all"
    assert abs(mean) + half < MARGIN
