"""Small programs of two networks, and the reference in exactly the same state."""

import numpy as np
import torch
from reference.two_networks import Pair, random_state
from sgbench.bench.cell import Cell
from sgbench.bench.configuration import FIELDS
from sgbench.bench.datasets import Data
from sgbench.bench.families.pair import digit_streams
from sgbench.bench.families.pair import program as program_module
from sgbench.bench.families.pair.program import PairProgram

CPU = torch.device("cpu")
EVALUATED = 20  # streams that are evaluated, for two cycles
T, UNITS, STREAMS, SIZE = 3, 5, 7, 3
RULES = ("dni", "end_to_end", "no_feedback")


def tiny_pair(rule, **changes):
    """A cell that trains in milliseconds: T = 3, batch 7, float64."""
    dni = rule == "dni"
    fields = dict.fromkeys(FIELDS) | {
        "dataset": "counting_digits",
        "network": "two_lstms",
        "T": T,
        "rule": rule,
        "seed": 0,
        "split": "test",
        "iterations": 100,
        "batch_size": STREAMS,
        "learning_rate": 1e-2,
        "drops": (),
        "drop_factor": 1.0,
        "evaluate_every": 50,
        "hidden_units": UNITS,
        "sg_layers": 1 if dni else None,
        "sg_units": 6 if dni else None,
        "sg_scale": 3.0 if dni else None,
        "sg_factor": 10.0 if dni else None,
        "precision": "float64",
    }
    return Cell.from_dict(fields | changes)


def small_digits(seed=5):
    """Sixty training and forty test images of noise, of ten classes."""
    rng = np.random.default_rng(seed)
    train, test = (rng.integers(0, 17, (n, 1, SIZE, SIZE), dtype=np.uint8) for n in (60, 40))
    return Data(
        train_images=train,
        train_labels=rng.integers(0, 10, 60),
        test_images=test,
        test_labels=rng.integers(0, 10, 40),
        classes=10,
        pixel_max=16,
    )


def pair_program(*cells, randomised=True):
    """A program of `cells`; weights, statistics and states random, M's last layer too."""
    program = PairProgram(cells, small_digits(), CPU)
    for replica, cell in enumerate(cells if randomised else ()):
        randomise(program, replica, cell.seed)
    return program


def randomise(program, replica, seed):
    """By name: the same whatever else a rule's network has."""
    network = program.network
    for views in (network.weights.named, network.weights.statistics):
        for name, view in views.items():
            rng = np.random.default_rng([seed, *name.encode()])
            value = random_state(rng, {name: tuple(view.shape[1:])})[name]
            view[replica].copy_(torch.as_tensor(value))
    rng = np.random.default_rng(seed)
    for name, pair in network.states.items():
        network.states[name] = tuple(part.clone() for part in pair)
        for part in network.states[name]:
            part[replica].copy_(torch.as_tensor(rng.normal(0, 0.5, part.shape[1:])))


def arrays(views, replica=0):
    """{name: copy of one replica's values in float64}."""
    return {name: view[replica].double().numpy().copy() for name, view in views.items()}


def reference_of(program, replica=0):
    """The reference with this replica's configuration, weights, statistics, states and Adam."""
    cell, network = program.cells[replica], program.network
    reference = Pair(
        cell.rule,
        arrays(network.weights.named, replica),
        arrays(network.weights.statistics, replica),
        cell.T,
        cell.learning_rate,
        factor=cell.sg_factor or 0.0,
        sg_scale=cell.sg_scale or 1.0,
    )
    reference.first, reference.second = (arrays(views, replica) for views in program.moments())
    for name, pair in network.states.items():
        reference.state[name] = tuple(part[replica].double().numpy().T.copy() for part in pair)
    return reference


def examples(cycle, replica=0):
    """A cycle as the reference takes it: digits [T, T, B, pixels], odd [T, B], threes [B]."""
    digits, odd, threes = (part[replica].numpy() for part in cycle)
    return digits.transpose(0, 1, 3, 2), odd, threes


def everything(program, replica=0):
    """All that a cycle may change, {(kind, name): float64 array}, for one replica."""
    first, second = program.moments()
    weights = program.network.weights
    kinds = {"weight": weights.named, "statistic": weights.statistics} | {
        "first moment": first,
        "second moment": second,
    }
    found = {(k, n): v for k, views in kinds.items() for n, v in arrays(views, replica).items()}
    for name, (h, c) in program.network.states.items():
        found["state", f"{name}.h"] = h[replica].double().numpy().T.copy()
        found["state", f"{name}.c"] = c[replica].double().numpy().T.copy()
    return found


def everything_of(reference):
    """The reference's counterpart of `everything`."""
    kinds = {
        "weight": reference.weights,
        "statistic": reference.statistics,
        "first moment": reference.first,
        "second moment": reference.second,
    }
    found = {(k, n): v.copy() for k, views in kinds.items() for n, v in views.items()}
    for name, (h, c) in reference.state.items():
        found["state", f"{name}.h"], found["state", f"{name}.c"] = h.copy(), c.copy()
    return found


def named_gradients(program):
    """{name: gradient [R, ...]} as last written, copied."""
    views = program.network.weights.views(program.network.weights.grads)
    return {name: view.clone() for name, view in views.items()}


def evaluate_few(monkeypatch):
    """Evaluate `EVALUATED` streams, two cycles of each."""
    for module in (program_module, digit_streams):
        monkeypatch.setattr(module, "EVALUATED_STREAMS", EVALUATED)
        monkeypatch.setattr(module, "EVALUATED_CYCLES", 2)
