"""What curves can be drawn against beside iterations: what a cell's update takes of it."""

from ....bench.cell import Cell
from ....bench.families.family import family_for
from ....reproductions.exhibits.epochs import training_examples

LOGARITHMIC = ("flops",)
"""What spans so much, from rule to rule, that its axis is logarithmic."""
_OPERATIONS = 2  # a multiplication and an addition


def per_update(cell: Cell, x: str) -> float:
    """Return what an update of a cell takes of what is along x; 1 of what has no such measure.

    Args:
        cell: the cell.
        x: `data_steps`, steps of data; `passes` over the training examples, iterations of data
            that has none; `flops`, multiplications and additions of the products, by the shapes of
            the network.
    """
    if x == "data_steps":
        return cell.data_steps
    if x == "passes":
        return cell.batch_size / (training_examples(cell.to_dict()) or cell.batch_size)
    if x == "flops":
        return _OPERATIONS * family_for(cell).work(cell) / cell.iterations
    return 1
