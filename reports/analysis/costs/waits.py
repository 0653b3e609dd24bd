"""What the hidden layers of each rule wait for before they learn, and what they keep meanwhile.

It follows from what rules declare and from the shapes of the exhibit's deepest fully connected
network; nothing of it is measured.
"""

from dataclasses import dataclass

from ....bench import registry
from ....bench.cell import Cell
from ....bench.contract import LOCKINGS
from ....bench.families.feedforward import estimates
from ..selection.select import Selection
from .of_an_update import operations


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """What the hidden layers of a rule wait for and keep.

    Attributes:
        cell: the network, as the rule trains it.
        locking: the strongest lock that remains, of `contract.LOCKINGS`; None where no hidden layer
            learns.
        kept: bytes that hidden layers keep of a batch from their forward pass to their update.
        operations: multiplications and additions of an update's products.
    """

    cell: Cell
    locking: str | None
    kept: int
    operations: float

    @property
    def locks(self) -> tuple[str, ...]:
        """All locks that remain, each of which takes in those before it."""
        return () if self.locking is None else LOCKINGS[: LOCKINGS.index(self.locking) + 1]


def waits(selection: Selection) -> list[Wait]:
    """Return a row per rule, in the grid's order, of the deepest network, and the widest of those.

    None where all rules wait for the same, and of the exhibits of the paper on synthetic gradients,
    whose subject it is.
    """
    cells: dict[str, Cell] = {}
    for cell in selection.cells:
        if cell.network != "fcn" or cell.decoupled is not None or not selection.fixed(cell):
            continue
        if cell.rule not in cells or _size(cell) > _size(cells[cell.rule]):
            cells[cell.rule] = cell
    largest = max(map(_size, cells.values()), default=None)
    found = [_wait(cell) for cell in cells.values() if _size(cell) == largest]
    if not selection.exhibit.paper or len({one.locking for one in found}) < 2:
        return []
    return found


def _wait(cell: Cell) -> Wait:
    rule = registry.RULES.declared(cell.rule)
    return Wait(
        cell=cell,
        locking=None if rule.frozen_below == "all" else rule.locking,
        kept=estimates.kept(cell),
        operations=operations(cell),
    )


def _size(cell: Cell) -> tuple[int, int]:
    return cell.need("depth"), cell.need("hidden_units")
