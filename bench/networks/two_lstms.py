"""Two recurrent networks: A sends messages to the slower B (Figure 8).

A encodes a digit by two layers (Linear, batch norm, ReLU), and its LSTM reads that. A linear
readout of the LSTM's output counts; a linear layer with batch norm makes the message, which is as
wide as an LSTM (the paper does not say; ours). B is an LSTM that reads messages, and a readout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..nn.blueprint import BatchNormSpec, Blueprint, LinearSpec, sequence
from ..nn.recurrent_blueprint import BatchNormLSTMSpec, MessageSpec
from . import fcn

if TYPE_CHECKING:
    from ..cell import Cell


def encoder(cell: Cell, pixels: int) -> Blueprint:
    """Return the two layers of A that read a digit."""
    width: int = cell.need("hidden_units")
    return sequence(
        ("a.encoder0", LinearSpec(pixels, width, bias=False)),
        ("a.encoder0", BatchNormSpec(width)),
        ("a.encoder1", LinearSpec(width, width, bias=False)),
        ("a.encoder1", BatchNormSpec(width)),
    )


def core(cell: Cell) -> BatchNormLSTMSpec:
    """Return an LSTM of A's or of B's: both read as many features as they have units."""
    return BatchNormLSTMSpec(cell.need("hidden_units"), cell.need("T"))


def readout(name: str, cell: Cell, counted: int) -> Blueprint:
    """Return the output layer: a class for each number from 0 to `counted`."""
    return sequence(
        (f"{name}.readout", LinearSpec(cell.need("hidden_units"), counted + 1, bias=True))
    )


def message(cell: Cell) -> MessageSpec:
    """Return the layer that makes A's message."""
    return MessageSpec(cell.need("hidden_units"))


def synthetic_gradient(cell: Cell) -> Blueprint:
    """Return M, which reads a message; its last layer starts at zero."""
    return fcn.synthetic_gradient(cell, 0, 0)
