"""Small programs on random data, and the reference in exactly the same state."""

import numpy as np
import torch
from reference.table1 import Table1, random_state
from sgbench.bench.cell import Cell
from sgbench.bench.datasets import Data
from sgbench.bench.families.feedforward.program import FeedForwardProgram

CHANNELS, SIZE, EXAMPLES = 2, 5, 60
CPU = torch.device("cpu")


def tiny_cell(rule, network="fcn", **changes):
    """A cell that trains in milliseconds: depth 4, batch 9, float64."""
    synthetic, fcn = rule in ("dni", "cdni"), network == "fcn"
    sg_layers = changes.get("sg_layers", 1) if synthetic else None
    fields = {
        "dataset": "digits",
        "network": network,
        "depth": 4,
        "rule": rule,
        "seed": 0,
        "split": "test",
        "iterations": 100,
        "batch_size": 9,
        "learning_rate": 0.02,
        "drops": (0.6, 0.8),
        "drop_factor": 0.1,
        "evaluate_every": 50,
        "hidden_units": 6 if fcn else None,
        "filters": None if fcn else 4,
        "kernel_size": None if fcn else 3,
        "sg_units": 7 if sg_layers else None,
        "sg_scale": 3.0 if synthetic else None,
        "precision": "float64",
    }
    return Cell.from_dict(fields | changes | {"sg_layers": sg_layers})


def random_data(seed=5):
    """Sixty training and sixty test images of noise, of ten classes."""
    rng = np.random.default_rng(seed)

    def images():
        return rng.integers(0, 17, (EXAMPLES, CHANNELS, SIZE, SIZE), dtype=np.uint8)

    def labels():
        return rng.integers(0, 10, EXAMPLES)

    return Data(
        train_images=images(),
        train_labels=labels(),
        test_images=images(),
        test_labels=labels(),
        classes=10,
        pixel_max=16,
    )


def program_of(*cells, randomised=True):
    """A program of `cells`; weights and statistics random, M's last layer included, unless told."""
    program = FeedForwardProgram(cells, random_data(), CPU)
    if randomised:
        for replica, cell in enumerate(cells):
            randomise(program, replica, seed=cell.seed)
    return program


def randomise(program, replica, seed):
    """Give every weight and statistic of one replica a random value."""
    cell = program.cells[replica]
    weights, statistics = random_state(
        np.random.default_rng(seed),
        rule=cell.rule,
        network=cell.network,
        depth=cell.depth,
        sg_layers=cell.sg_layers,
        channels=CHANNELS,
        size=SIZE,
        units=cell.hidden_units or cell.filters,
        kernel=cell.kernel_size,
        sg_units=cell.sg_units,
        frozen_below=cell.value("frozen_below") or 0,
    )
    for views, values in (
        (program.network.weights.named, weights),
        (program.network.weights.statistics, statistics),
    ):
        assert set(views) == set(values)
        for name, value in values.items():
            views[name][replica].copy_(torch.as_tensor(value))


def reference_of(program, replica=0):
    """The reference with this replica's configuration, weights, statistics and Adam."""
    cell = program.cells[replica]
    reference = Table1(
        cell.rule,
        cell.network,
        cell.depth,
        arrays(program.network.weights.named, replica),
        arrays(program.network.weights.statistics, replica),
        cell.learning_rate,
        sg_layers=cell.sg_layers or 0,
        sg_scale=cell.sg_scale or 1.0,
        frozen_below=cell.value("frozen_below") or 0,
    )
    reference.first, reference.second = (arrays(views, replica) for views in program.moments())
    reference.steps = program.iteration
    return reference


def arrays(views, replica=0):
    """{name: copy of one replica's values in float64}."""
    return {name: view[replica].double().numpy().copy() for name, view in views.items()}


def batches(program, count, seed=7):
    """Yield index sets [R, batch] of the training set, each replica its own."""
    rng = np.random.default_rng(seed)
    size = program.cells[0].batch_size
    for _ in range(count):
        rows = [rng.permutation(EXAMPLES)[:size] for _ in program.cells]
        yield torch.as_tensor(np.stack(rows))


def update(program, index, labels=None):
    """One update of the program on the examples of `index`, with other labels if given."""
    images, true = program.batches.take(index)
    program.update(program.network.architecture.pack(images), true if labels is None else labels)


def examples(index, replica=0, data=None):
    """The same examples as the reference takes them, from the raw data: x in [0, 1], labels."""
    data, rows = data or random_data(), index[replica].numpy()
    return data.train_images[rows] / data.pixel_max, data.train_labels[rows]


def held_examples(index, replica=0):
    """The same of the test split."""
    data, rows = random_data(), index[replica].numpy()
    return data.test_images[rows] / data.pixel_max, data.test_labels[rows]


def everything(program, replica=0):
    """All that a step may change, {(kind, name): float64 array}, for one replica."""
    first, second = program.moments()
    kinds = {
        "weight": program.network.weights.named,
        "statistic": program.network.weights.statistics,
        "first moment": first,
        "second moment": second,
    }
    return {
        (kind, name): value
        for kind, views in kinds.items()
        for name, value in arrays(views, replica).items()
    }


def everything_of(reference):
    """The reference's counterpart of `everything`."""
    kinds = {
        "weight": reference.weights,
        "statistic": reference.statistics,
        "first moment": reference.first,
        "second moment": reference.second,
    }
    return {(kind, name): v.copy() for kind, views in kinds.items() for name, v in views.items()}


def gradients(program):
    """{name: gradient [R, ...]} of the last update, copied."""
    views = program.network.weights.views(program.network.weights.grads)
    return {name: view.clone() for name, view in views.items()}


def moved(before, after):
    """The names whose weight differs between two outputs of `everything`."""
    return {
        name
        for (kind, name), value in after.items()
        if kind == "weight" and not np.array_equal(value, before[kind, name])
    }


def differing(one, other):
    """The names whose tensor is not the same, bit for bit, in two dictionaries."""
    return {name for name in one if not torch.equal(one[name], other[name])}
