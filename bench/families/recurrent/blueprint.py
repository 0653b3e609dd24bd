"""The blueprint of a recurrent network: everything that has weights, free of torch.

A core, a readout, and, for the rules that have them, a synthetic-gradient model M and an auxiliary
output.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from ... import registry
from ...nn.blueprint import Blueprint, sequence
from ...nn.recurrent_blueprint import LSTMSpec

if TYPE_CHECKING:
    from ...cell import Cell


class Architecture(Protocol):
    """The functions of a module of `networks` for recurrent networks."""

    def core(self, cell: Cell, symbols: int) -> LSTMSpec:
        """Return the core for one-hot inputs of `symbols`."""
        ...

    def readout(self, cell: Cell, classes: int) -> Blueprint:
        """Return the output layer."""
        ...

    def synthetic_gradient(self, cell: Cell, state_size: int) -> Blueprint:
        """Return M, which reads the core's output h."""
        ...

    def auxiliary(self, cell: Cell, state_size: int) -> Blueprint:
        """Return the output that predicts synthetic gradients."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RecurrentBlueprint:
    """What has weights in a recurrent network.

    Attributes:
        core: the LSTM.
        readout: the output layer.
        model: M; None where the rule asks for none.
        auxiliary: the output that predicts synthetic gradients; None where the rule asks for none.
    """

    core: LSTMSpec
    readout: Blueprint
    model: Blueprint | None
    auxiliary: Blueprint | None

    @property
    def blocks(self) -> tuple[Blueprint, ...]:
        """Return all of them, in the order in which their weights lie."""
        optional = (block for block in (self.model, self.auxiliary) if block is not None)
        return (sequence(("core", self.core)), self.readout, *optional)


def blueprint(cell: Cell, symbols: int, classes: int) -> RecurrentBlueprint:
    """Return the blueprint of a cell's network for so many input symbols and output classes."""
    kind = cast("Architecture", registry.network_module(cell.network))
    rule, core = registry.RULES.declared(cell.rule), kind.core(cell, symbols)
    size = core.state_size
    return RecurrentBlueprint(
        core=core,
        readout=kind.readout(cell, classes),
        model=kind.synthetic_gradient(cell, size) if rule.has_models else None,
        auxiliary=kind.auxiliary(cell, size) if rule.auxiliary else None,
    )
