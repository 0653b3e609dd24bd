"""Processes that give results about a mean: of several shapes, and resampled from records.

A process is a function of (rng, shape).
"""

import json
import math
import statistics
from collections import defaultdict
from importlib import resources

import numpy as np
from sgbench.results.record import Record

MANY = 20  # seeds, for a shape that can be resampled


def normal(deviation):
    """Return a process: normal results about a mean."""

    def draw(rng, size):
        return deviation * rng.standard_normal(size)

    return draw


def uniform(deviation):
    """Return a process: results spread evenly about a mean."""

    def draw(rng, size):
        return math.sqrt(3) * deviation * rng.uniform(-1, 1, size)

    return draw


def clumped(deviation):
    """Return a process: results in two clumps about a mean, nothing between them."""

    def draw(rng, size):
        return deviation * rng.choice([-0.99, 0.99], size) + 0.14 * normal(deviation)(rng, size)

    return draw


def resampled(residuals):
    """Return a process: residuals of records, drawn with replacement."""
    pool = np.asarray(residuals)

    def draw(rng, size):
        return rng.choice(pool, size)

    return draw


def pools():
    """Return the residuals of published records by configuration, of those with many seeds.

    Of Table 1 at scale quick, MNIST FCN: a result less the mean, times √(n / (n - 1)). Three seeds
    tell a spread, but no shape to resample.
    """
    text = resources.files("sgbench.results").joinpath("published/table1.quick.jsonl").read_text()
    found = defaultdict(dict)
    for line in text.splitlines():
        record = Record.from_dict(json.loads(line)["record"])
        cell = record.cell
        if record.status == "ok":
            model = "" if cell.sg_layers is None else f", M of {cell.sg_layers} hidden layers"
            found[f"{cell.rule}, depth {cell.depth}{model}"].setdefault(
                cell.seed,
                record.test_error,  # of a seed on two machines, the first
            )
    many = {name: [*of.values()] for name, of in found.items() if len(of) >= MANY}
    return {
        f"{name}, {len(values)} seeds": [
            (v - statistics.fmean(values)) * math.sqrt(len(values) / (len(values) - 1))
            for v in values
        ]
        for name, values in many.items()
    }
