"""A family of networks in full: its `FamilyDeclaration`, and how its cells are trained.

Free of torch until a program is made.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Protocol, cast

from .. import declarations, registry
from ..errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    import torch

    from ..cell import Cell
    from ..datasets import Loaded
    from .program import Program


class Family(declarations.FamilyDeclaration, Protocol):
    """A family of networks.

    Attributes:
        unit: what its steps of data are: `example` or `symbol`.
        size_field: the field that its tables and curves run along.
    """

    unit: str
    size_field: str

    @abstractmethod
    def program(
        self,
        cells: Sequence[Cell],
        data: Loaded,
        device: torch.device,
        clock: Callable[[], float] = lambda: 0.0,
    ) -> Program:
        """Return the program that trains `cells` together on their data.

        Raises UsageError where the data is of another kind than the family reads.
        """
        ...

    @abstractmethod
    def memory(self, cell: Cell, replicas: int) -> int:
        """Return about how many bytes the training of a program of `replicas` such cells takes.

        What every process takes (torch, the data) is not counted.
        """
        ...

    @abstractmethod
    def work(self, cell: Cell) -> float:
        """Return about how many multiplications the cell's training takes, to compare cells by."""
        ...

    @abstractmethod
    def grad_mode(self) -> AbstractContextManager[object]:
        """Return the mode in which its programs are made and stepped: one without autograd."""
        ...


def family_for(cell: Cell) -> Family:
    """Return the family of a cell."""
    return cast("Family", registry.family_of(cell.network))


def unfit(cell: Cell, data: Loaded) -> UsageError:
    """Return the error of data that is of another kind than the cell's network reads."""
    return UsageError(
        f"data: network={cell.network} is not trained on {type(data).__name__}; give what"
        f" datasets.load({cell.dataset!r}) returns"
    )
