"""Two recurrent networks: A sends messages to the slower B (Figure 8).

A encodes a digit by two layers (Linear, batch norm, ReLU), and its LSTM reads that. A linear
readout of the LSTM's output counts; a linear layer with batch norm makes the message, which is as
wide as an LSTM (the paper does not say; ours). B is an LSTM that reads messages, and a readout.
"""

from ..cell import Cell
from ..nn.batch_norm_lstm import BatchNormLSTM, Message
from ..nn.layers import BatchNormReLU, Linear, Sequence
from . import fcn


def encoder(cell: Cell, pixels: int) -> Sequence:
    """Return the two layers of A that read a digit."""
    width = cell.hidden_units or 0
    return Sequence(
        ("a.encoder0", Linear(pixels, width, bias=False)),
        ("a.encoder0", BatchNormReLU(width)),
        ("a.encoder1", Linear(width, width, bias=False)),
        ("a.encoder1", BatchNormReLU(width)),
    )


def core(cell: Cell) -> BatchNormLSTM:
    """Return an LSTM of A's or of B's: both read as many features as they have units."""
    return BatchNormLSTM(cell.hidden_units or 0, cell.T or 0)


def readout(name: str, cell: Cell, counted: int) -> Sequence:
    """Return the output layer: a class for each number from 0 to `counted`."""
    return Sequence((f"{name}.readout", Linear(cell.hidden_units or 0, counted + 1, bias=True)))


def message(cell: Cell) -> Message:
    """Return the layer that makes A's message."""
    return Message(cell.hidden_units or 0)


def synthetic_gradient(cell: Cell) -> Sequence:
    """Return M, which reads a message; its last layer starts at zero."""
    return fcn.synthetic_gradient(cell, 0, 0)
