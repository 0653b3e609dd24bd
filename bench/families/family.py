"""A family of networks in full: what `declarations.Family` says, and how its cells are trained.

Free of torch until a program is made.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

from .. import declarations, registry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    import torch

    from ..cell import Cell
    from .program import Program


@dataclass(frozen=True, slots=True)
class Timed:
    """An attribute of a program's network that belongs to a part of the step's profile.

    Attributes:
        owner: the object that has it.
        attribute: a layer, an M, a list of either, or a method.
        part: `forward`, `backward`, `m` or `update` (`profiling.step_profile`).
        pullback: the part of a layer's pullback; `part` itself if empty.
    """

    owner: Any
    attribute: str
    part: str
    pullback: str = ""


class Family(declarations.Family, Protocol):
    """A family of networks.

    Attributes:
        unit: what its steps of data are: `example` or `symbol`.
        along: the field that its tables and curves run along.
    """

    unit: str
    along: str

    @abstractmethod
    def program(
        self,
        cells: Sequence[Cell],
        data: Any,
        device: torch.device,
        clock: Callable[[], float] = lambda: 0.0,
    ) -> Program:
        """Return the program that trains `cells` together on their data."""
        ...

    @abstractmethod
    def timed(self, program: Any) -> list[Timed]:
        """Return what the parts of a step's profile are in a program of this family."""
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


def of(cell: Cell) -> Family:
    """Return the family of a cell."""
    return cast("Family", registry.family_of(cell.network))
