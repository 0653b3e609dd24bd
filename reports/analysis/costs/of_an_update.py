"""Passes and operations of an update, by a cell's schedule and the shapes of its network."""

from ....bench.cell import Cell
from ....bench.families.family import family_for
from ....reproductions.exhibits.epochs import training_examples, updates_per_epoch

_OPERATIONS = 2  # a multiplication and an addition


def passes(cell: Cell) -> float:
    """Return the share of the training examples that an update sees; 1 of data that has none."""
    return _examples(cell) / (training_examples(cell.to_dict()) or cell.batch_size)


def operations(cell: Cell) -> float:
    """Return the multiplications and additions of an update's products."""
    share = _examples(cell) / cell.batch_size
    return _OPERATIONS * family_for(cell).work(cell) / cell.iterations * share


def _examples(cell: Cell) -> float:
    """Return the examples of an update, on average: the last batch of a pass may be smaller."""
    if cell.last_batch != "smaller":
        return cell.batch_size
    values = cell.to_dict()
    return (training_examples(values) or cell.batch_size) / updates_per_epoch(values, "last_batch")
