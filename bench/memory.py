"""What a program takes of memory, told before it is begun. Free of torch on a CPU."""

import dataclasses

from .cell import Cell

SYMBOLS = 100  # of an input vocabulary, about: it matters little beside the units
PIXELS = 784  # of a digit, about
OF_A_STEP = 50  # numbers a unit that a step of A or B leaves for its gradient: measured
GIB = 2**30


def needed(cell: Cell) -> int:
    """Return about how many bytes the training of a recurrent cell takes; 0 for the others.

    It is nearly all what the T steps of an unroll leave for their pullback; DNI+Aux keeps two
    unrolls, and a step's losses have as much again. Two networks keep a cycle's digits, and what
    they differentiate at a time: a window of A and T steps of B, or end to end the whole cycle.
    """
    if cell.T is None:
        return 0
    size = 8 if cell.precision == "float64" else 4
    if cell.entry == "cycle":
        return size * (_of_a_cycle(cell) + _of_a_count(cell))
    units, unrolls = cell.hidden_units or 0, 2 if cell.rule == "dni_aux" else 1
    unroll = (1 + SYMBOLS + 12 * units) * unrolls + 6 * SYMBOLS + 2 * units
    return size * unroll * (cell.T + 1) * cell.batch_size


def fitting(cell: Cell, available: int) -> int:
    """Return the longest T, below the cell's, that would fit into so many bytes; 0 if none."""
    low, high = 0, cell.T or 0
    while high - low > 1:
        middle = (low + high) // 2
        fits = needed(dataclasses.replace(cell, T=middle)) <= available
        low, high = (middle, high) if fits else (low, middle)
    return low


def _of_a_cycle(cell: Cell) -> int:
    """Return the numbers that a cycle of two networks keeps of its batch."""
    T, units = cell.T or 0, cell.hidden_units or 0
    kept = T * T if cell.rule == "end_to_end" else T  # steps of A that are differentiated at once
    return cell.batch_size * (T * T * PIXELS + (kept + T) * OF_A_STEP * units)


def _of_a_count(cell: Cell) -> int:
    """Return the numbers that B's readout takes, which has a class for each count to T * T.

    Its weights with their gradients and the moments of an Adam a part, and some logits.
    """
    T, units = cell.T or 0, cell.hidden_units or 0
    return T * T * (10 * units + 6 * cell.batch_size)


def free(device: str) -> int:
    """Return the bytes of memory that are free on `cpu` or `cuda:i`."""
    if device == "cpu":
        import psutil

        return psutil.virtual_memory().available
    import torch

    return torch.cuda.mem_get_info(device)[0]
