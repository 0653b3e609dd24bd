"""Recurrent: an LSTM core, a linear readout, and M on the core's output.

M predicts a gradient for each half of the state; with DNI+Aux a linear output predicts what M will
say. Neither has batch norm.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from ..nn.blueprint import Blueprint, LinearSpec, ReLUSpec, sequence
from ..nn.recurrent_blueprint import LSTMSpec
from ._models import hidden_sizes

if TYPE_CHECKING:
    from ..cell import Cell


def core(cell: Cell, symbols: int) -> LSTMSpec:
    """Return the core for one-hot inputs of `symbols`."""
    return LSTMSpec(symbols, cell.need("hidden_units"))


def readout(cell: Cell, classes: int) -> Blueprint:
    """Return the output layer."""
    return sequence(("readout", LinearSpec(cell.need("hidden_units"), classes, bias=True)))


def synthetic_gradient(cell: Cell, state_size: int) -> Blueprint:
    """Return M, which reads the core's output h; its last layer starts at zero."""
    sizes = [cell.need("hidden_units"), *hidden_sizes(cell, "sg")]
    layers = [
        part
        for j, (inputs, outputs) in enumerate(itertools.pairwise(sizes))
        for part in (
            (f"sg.hidden{j}", LinearSpec(inputs, outputs, bias=True)),
            (f"sg.relu{j}", ReLUSpec()),
        )
    ]
    return sequence(*layers, ("sg.output", LinearSpec(sizes[-1], state_size, bias=True)))


def auxiliary(cell: Cell, state_size: int) -> Blueprint:
    """Return the output that predicts synthetic gradients; it starts at zero, as M does."""
    return sequence(("aux.output", LinearSpec(cell.need("hidden_units"), state_size, bias=True)))
