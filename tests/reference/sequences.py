"""Small recurrent programs, and the reference in exactly the same state."""

import numpy as np
import torch
from reference.recurrent import Recurrent, random_weights
from sgbench.bench.cell import Cell
from sgbench.bench.configuration import FIELDS
from sgbench.bench.datasets import Episodes, kind, load
from sgbench.bench.families.recurrent.program import RecurrentProgram

CPU = torch.device("cpu")
UNITS, STREAMS, SG_UNITS = 5, 6, 7
EVERY, ITERATIONS = 5, 23  # a short run is evaluated after 5, 10, 15, 20 and 23


def tiny_recurrent(rule, **changes):
    """A cell that trains in milliseconds: copy, T = 3, float64; `dataset` may name a text."""
    synthetic, text = rule != "bptt", kind(changes.get("dataset", "copy")) == "text"
    sg_layers = changes.get("sg_layers", 1) if synthetic else None
    fields = dict.fromkeys(FIELDS) | {
        "dataset": "copy",
        "network": "lstm",
        "T": 3,
        "rule": rule,
        "seed": 0,
        "iterations": 100,
        "batch_size": STREAMS,
        "learning_rate": 1e-2,
        "drops": (),
        "drop_factor": 1.0,
        "evaluate_every": 50,
        "hidden_units": UNITS,
        "sg_layers": sg_layers,
        "sg_units": SG_UNITS if sg_layers else None,
        "sg_scale": 3.0 if synthetic else None,
        "sg_factor": 0.1 if synthetic else None,
        "aux_weight": 0.7 if rule == "dni_aux" else None,
        "solve_bits": None if text else 0.15,
        "solve_window": None if text else 20,
        "split": "test" if text else None,
        "patience": 0 if text else None,
        "precision": "float64",
    }
    return Cell.from_dict(fields | changes)


def short_recurrent(rule="dni_aux", dataset="copy", **changes):
    """One whose levels are solved by chance now and then: a guess costs one bit a symbol."""
    easy = {} if kind(dataset) == "text" else {"solve_bits": 1.02}
    few = {"iterations": ITERATIONS, "evaluate_every": EVERY}
    return tiny_recurrent(rule, dataset=dataset, **(easy | few | changes))


def recurrent_program(*cells, data=None):
    return RecurrentProgram(cells, data or load(cells[0].dataset), CPU)


def small_task(symbols=4, classes=3):
    """A task of one level that only says how many symbols there are."""
    level = load("copy").levels[0]
    return Episodes(symbols=symbols, classes=classes, levels=(level,))


def chunks(rng, count, steps, replicas=1, symbols=4, classes=3):
    """Random codes and targets [R, T, B], a third of the targets not counted."""
    shape = (replicas, steps, STREAMS)
    return [
        (rng.integers(0, symbols, shape), rng.integers(-1, classes - 1, shape))
        for _ in range(count)
    ]


def matched(program, replica=0, rng=None):
    """The reference in the state of a replica, whose weights become random ones first."""
    cell, network = program.cells[replica], program.network
    rng = rng or np.random.default_rng(replica)
    weights = random_weights(
        rng,
        cell.rule,
        symbols=network.symbols,
        classes=network.classes,
        units=UNITS,
        sg_layers=cell.sg_layers or 0,
        sg_units=SG_UNITS,
    )
    assert set(weights) == set(network.weights.named)
    for name, view in network.weights.named.items():
        view[replica].copy_(torch.from_numpy(weights[name]))
    reference = Recurrent(
        cell.rule,
        weights,
        cell.learning_rate,
        factor=cell.sg_factor or 0.0,
        sg_scale=cell.sg_scale or 1.0,
        aux_weight=cell.value("aux_weight") or 0.0,
    )
    state = rng.normal(0, 0.5, (2, STREAMS, UNITS))
    reference.state = (state[0], state[1])
    program.network.state[replica].copy_(torch.from_numpy(np.concatenate(state, 1).T))
    return reference


def tensors(chunk):
    """A chunk as the program takes it."""
    return [torch.from_numpy(part) for part in chunk]


def named(network, which, replica=0):
    """The weights or gradients of a replica by name, as arrays."""
    views = (
        network.weights.named
        if which == "weights"
        else network.weights.views(network.weights.grads)
    )
    return {name: view[replica].numpy().copy() for name, view in views.items()}
