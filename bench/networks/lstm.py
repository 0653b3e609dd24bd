"""Recurrent: an LSTM core, a linear readout, and M on the core's output.

M predicts a gradient for each half of the state; with DNI+Aux a linear output predicts what M will
say. Neither has batch norm.
"""

import itertools

from ..cell import Cell
from ..nn.layers import Linear, ReLU, Sequence
from ..nn.lstm import LSTM


def core(cell: Cell, symbols: int) -> LSTM:
    """Return the core for one-hot inputs of `symbols`."""
    return LSTM(symbols, cell.hidden_units or 0)


def readout(cell: Cell, classes: int) -> Sequence:
    """Return the output layer."""
    return Sequence(("readout", Linear(cell.hidden_units or 0, classes, bias=True)))


def synthetic_gradient(cell: Cell, state_size: int) -> Sequence:
    """Return M, which reads the core's output h; its last layer starts at zero."""
    sizes = [cell.hidden_units or 0] + [cell.sg_units or 0] * (cell.sg_layers or 0)
    hidden = [
        part
        for j, (inputs, outputs) in enumerate(itertools.pairwise(sizes))
        for part in ((f"sg.hidden{j}", Linear(inputs, outputs, bias=True)), (f"sg.relu{j}", ReLU()))
    ]
    return Sequence(*hidden, ("sg.output", Linear(sizes[-1], state_size, bias=True)))


def auxiliary(cell: Cell, state_size: int) -> Sequence:
    """Return the output that predicts synthetic gradients; it starts at zero, as M does."""
    return Sequence(("aux.output", Linear(cell.hidden_units or 0, state_size, bias=True)))
