"""A program and `reference.decoupled` in the same state, trained side by side."""

import numpy as np
import torch
from reference.decoupled import Adam, random_inputs
from reference.programs import (
    CHANNELS,
    CPU,
    SIZE,
    arrays,
    batches,
    examples,
    gradients,
    random_data,
)
from reference.table1 import random_state
from sgbench.bench.families.feedforward.program import FeedForwardProgram


def program_of(*cells):
    """A program of `cells` in a random state: M's last layer, and every model I, included."""
    program = FeedForwardProgram(cells, random_data(), CPU)
    views = program.network.weights.named, program.network.weights.statistics
    for replica, cell in enumerate(cells):
        for named, values in zip(views, random_values(cell), strict=True):
            assert set(named) == set(values)
            for name, value in values.items():
                named[name][replica].copy_(torch.as_tensor(value))
    return program


def random_values(cell):
    """Random weights and statistics of a cell, by its seed."""
    rng = np.random.default_rng(cell.seed)
    weights, statistics = random_state(
        rng,
        rule="cdni" if cell.rule == "cdni" else "dni",
        network=cell.network,
        depth=cell.depth,
        sg_layers=cell.sg_layers,
        channels=CHANNELS,
        size=SIZE,
        units=cell.hidden_units or cell.filters,
        kernel=cell.kernel_size,
        sg_units=cell.sg_units,
    )
    if cell.decoupled == "both":
        inputs = random_inputs(
            rng,
            layers=cell.depth - 1,
            features=CHANNELS * SIZE * SIZE,
            units=cell.hidden_units,
            si_layers=cell.si_layers,
            si_units=cell.si_units,
        )
        weights, statistics = weights | inputs[0], statistics | inputs[1]
    return weights, statistics


def assert_steps_agree(program, count, train, follow):
    """Do `count` updates; hold all that each changes in each replica against the reference.

    Args:
        program: of `program_of`, or in any other state with empty moments.
        count: how many.
        train: update n of the program, train(n, packed x, labels).
        follow: the same of replica r, follow(n, r, weights, statistics, x, labels), which returns
            (gradients, statistics).
    """
    replicas = range(len(program.cells))
    named, statistics = program.network.weights.named, program.network.weights.statistics
    weights = [arrays(named, r) for r in replicas]
    tracked = [arrays(statistics, r) for r in replicas]
    adams = [Adam(w, c.learning_rate) for w, c in zip(weights, program.cells, strict=True)]
    for n, index in enumerate(batches(program, count)):
        images, labels = program.batches.take(index)
        train(n, program.network.architecture.pack(images), labels)
        first, second = program.moments()
        for r in replicas:
            found, tracked[r] = follow(n, r, weights[r], tracked[r], *examples(index, r))
            weights[r] = adams[r].step(weights[r], found)
            got = arrays(gradients(program), r)
            assert_close({name: got[name] for name in found}, found, (n, r, "gradient"))
            assert_close(arrays(named, r), weights[r], (n, r, "weight"))
            assert_close(arrays(statistics, r), tracked[r], (n, r, "statistic"))
            assert_close(arrays(first, r), adams[r].first, (n, r, "first moment"))
            assert_close(arrays(second, r), adams[r].second, (n, r, "second moment"))


def assert_close(got, want, what):
    """Each array within 1e-10 of its length; within 1e-13 where it is shorter than 1e-3."""
    assert set(got) == set(want)
    for name, value in want.items():
        distance, length = np.linalg.norm(got[name] - value), np.linalg.norm(value)
        assert distance <= 1e-10 * max(length, 1e-3), (*what, name, distance, length)
