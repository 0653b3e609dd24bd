"""Pairs of recurrent networks: A sends messages to B, trained by a rule's `cycle` (Figure 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import registry
from ...errors import UsageError
from ..family import Family, unfit

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from contextlib import AbstractContextManager

    import torch

    from ...cell import Cell
    from ...datasets import Loaded
    from .program import PairProgram

TRAINING_VERSION = 1
"""Raised when the networks, the streams, the evaluation or the seeding change what a cell
computes."""


class PairFamily:
    """The family; see `family.Family`."""

    name = "pair"
    label = "two networks"
    networks: tuple[str, ...] = ("two_lstms",)
    data_kinds: tuple[str, ...] = ("counting",)
    unit = "example"
    size_field = "T"

    def fields(self, values: Mapping[str, Any]) -> Collection[str]:
        """Return the optional fields that such a cell has."""
        found = ["T", "split", "hidden_units"]
        if registry.RULES.declared(values["rule"]).has_models:
            found += ["sg_layers", "sg_scale", "sg_factor"]
            found += ["sg_units"] * (values.get("sg_layers") != 0)
        return found

    def check(self, values: Mapping[str, Any]) -> None:
        """Raise UsageError for bfloat16, which autograd's gradients do not go through."""
        if values["precision"] == "bf16":
            raise UsageError(
                f"precision=bf16 does not fit network={values['network']}, whose gradients are"
                " autograd's; give float32 or float64"
            )

    def data_steps(self, values: Mapping[str, Any]) -> int:
        """Return T * T: an iteration is a cycle."""
        return values["T"] ** 2

    def training_version(self, values: Mapping[str, Any]) -> int:
        """Return the version of the code that trains such a cell."""
        del values
        return TRAINING_VERSION

    def program(
        self,
        cells: Sequence[Cell],
        data: Loaded,
        device: torch.device,
        clock: Callable[[], float] = lambda: 0.0,
    ) -> PairProgram:
        """Return the program that trains `cells`; UsageError where `data` is not images."""
        from ...datasets import Data
        from .program import PairProgram

        if not isinstance(data, Data):
            raise unfit(cells[0], data)
        return PairProgram(cells, data, device, clock)

    def memory(self, cell: Cell, replicas: int) -> int:
        """Return about how many bytes the training of a program of such cells takes."""
        from .estimates import memory

        return memory(cell, replicas)

    def work(self, cell: Cell) -> float:
        """Return about how many multiplications the cell's training takes."""
        from .estimates import work

        return work(cell)

    def grad_mode(self) -> AbstractContextManager[object]:
        """Return no-grad mode: the network asks autograd for its gradients itself."""
        import torch

        return torch.no_grad()


FAMILY: Family = PairFamily()
