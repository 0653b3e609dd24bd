"""The blueprint of two recurrent networks: everything that has weights, free of torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from ... import registry
from ...nn.blueprint import Blueprint, sequence
from ...nn.recurrent_blueprint import BatchNormLSTMSpec, MessageSpec

if TYPE_CHECKING:
    from ...cell import Cell


class Architecture(Protocol):
    """The functions of a module of `networks` for pairs."""

    def encoder(self, cell: Cell, pixels: int) -> Blueprint:
        """Return the layers of A that read a digit."""
        ...

    def core(self, cell: Cell) -> BatchNormLSTMSpec:
        """Return an LSTM of A's or of B's."""
        ...

    def readout(self, name: str, cell: Cell, counted: int) -> Blueprint:
        """Return the output layer: a class for each number from 0 to `counted`."""
        ...

    def message(self, cell: Cell) -> MessageSpec:
        """Return the layer that makes A's message."""
        ...

    def synthetic_gradient(self, cell: Cell) -> Blueprint:
        """Return M, which reads a message."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PairBlueprint:
    """What has weights in two networks A and B.

    Attributes:
        encoder: the layers of A that read a digit.
        core: the LSTM that A has, and B.
        readouts: the output layers of A and of B.
        message: the layer that makes A's message.
        model: M; None where the rule asks for none.
    """

    encoder: Blueprint
    core: BatchNormLSTMSpec
    readouts: dict[str, Blueprint]
    message: MessageSpec
    model: Blueprint | None

    @property
    def parts(self) -> dict[str, tuple[Blueprint, ...]]:
        """Return what has weights in A, B and M (`a`, `b`, `m`), in the order in which they lie."""
        cores = {name: sequence((f"{name}.lstm", self.core)) for name in "ab"}
        message = sequence(("a.message", self.message))
        parts = {
            "a": (self.encoder, cores["a"], self.readouts["a"], message),
            "b": (cores["b"], self.readouts["b"]),
        }
        return parts if self.model is None else {**parts, "m": (self.model,)}


def blueprint(cell: Cell, pixels: int) -> PairBlueprint:
    """Return the blueprint of a cell's networks for digits of so many pixels."""
    kind, T = cast("Architecture", registry.network_module(cell.network)), cell.need("T")
    synthetic = registry.RULES.declared(cell.rule).has_models
    return PairBlueprint(
        encoder=kind.encoder(cell, pixels),
        core=kind.core(cell),
        readouts={name: kind.readout(name, cell, n) for name, n in (("a", T), ("b", T**2))},
        message=kind.message(cell),
        model=kind.synthetic_gradient(cell) if synthetic else None,
    )
