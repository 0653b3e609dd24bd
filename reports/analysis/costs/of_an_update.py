"""Passes and operations of an update, by a cell's schedule and the shapes of its network."""

from ....bench.cell import Cell
from ....bench.families.family import family_for
from ....reproductions.exhibits.epochs import training_examples

_OPERATIONS = 2  # a multiplication and an addition


def passes(cell: Cell) -> float:
    """Return the share of the training examples that an update sees; 1 of data that has none."""
    return cell.batch_size / (training_examples(cell.to_dict()) or cell.batch_size)


def operations(cell: Cell) -> float:
    """Return the multiplications and additions of an update's products."""
    return _OPERATIONS * family_for(cell).work(cell) / cell.iterations
