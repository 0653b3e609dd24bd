"""Recurrent networks: a core that runs on over a stream, trained by a rule's `unroll` (Table 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import registry
from ..family import Family, unfit

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from contextlib import AbstractContextManager

    import torch

    from ...cell import Cell
    from ...datasets import Loaded
    from .program import RecurrentProgram

TRAINING_VERSION = 1
"""Raised when the core, the streams, the evaluation or the seeding change what a cell computes."""
CURRICULUM_CHANGED = 1
"""Raised when the curriculum does: this number is added for cells that have one."""
BFLOAT16_CHANGED = 1
"""Raised when the arithmetic of precision=bf16 does: added for cells that have it."""


class RecurrentFamily:
    """The family; see `family.Family`."""

    name = "recurrent"
    label = "recurrent"
    networks: tuple[str, ...] = ("lstm",)
    data_kinds: tuple[str, ...] = ("episodes", "text")
    unit = "symbol"
    size_field = "T"

    def fields(self, values: Mapping[str, Any]) -> Collection[str]:
        """Return the optional fields that such a cell has."""
        found = ["T", "hidden_units"]
        if registry.DATASETS.declared(values["dataset"]).kind == "episodes":
            found += ["solve_bits", "solve_window"]
        else:
            found += ["split", "corpus", "patience"]
        if registry.RULES.declared(values["rule"]).has_models:
            found += ["sg_layers", "sg_scale", "sg_factor"]
            found += ["sg_units"] * (values.get("sg_layers") != 0)
        return found

    def check(self, values: Mapping[str, Any]) -> None:
        """Refuse nothing: the fields fit one another."""

    def data_steps(self, values: Mapping[str, Any]) -> int:
        """Return T: an iteration is an unroll."""
        return values["T"]

    def training_version(self, values: Mapping[str, Any]) -> int:
        """Return the version of the code that trains such a cell."""
        version = TRAINING_VERSION + (BFLOAT16_CHANGED if values["precision"] == "bf16" else 0)
        has_curriculum = values.get("solve_window") is not None
        return version + (CURRICULUM_CHANGED if has_curriculum else 0)

    def program(
        self,
        cells: Sequence[Cell],
        data: Loaded,
        device: torch.device,
        clock: Callable[[], float] = lambda: 0.0,
    ) -> RecurrentProgram:
        """Return the program that trains `cells`; UsageError where `data` is no task or text."""
        from ...datasets import Episodes, Text
        from .program import RecurrentProgram

        if not isinstance(data, (Episodes, Text)):
            raise unfit(cells[0], data)
        return RecurrentProgram(cells, data, device, clock)

    def memory(self, cell: Cell, replicas: int) -> int:
        """Return about how many bytes the training of a program of such cells takes."""
        from .estimates import memory

        return memory(cell, replicas)

    def work(self, cell: Cell) -> float:
        """Return about how many multiplications the cell's training takes."""
        from .estimates import work

        return work(cell)

    def grad_mode(self) -> AbstractContextManager[object]:
        """Return inference mode, where every call costs least."""
        import torch

        return torch.inference_mode()


FAMILY: Family = RecurrentFamily()
