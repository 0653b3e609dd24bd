"""What a program takes of memory, told before it is begun. Free of torch on a CPU."""

from .cell import Cell

SYMBOLS = 100  # of an input vocabulary, about: it matters little beside the units
GIB = 2**30


def needed(cell: Cell) -> int:
    """Return about how many bytes the training of a recurrent cell takes; 0 for the others.

    It is nearly all what the T steps of an unroll leave for their pullback; DNI+Aux keeps two
    unrolls, and a step's losses have as much again.
    """
    if cell.T is None:
        return 0
    units, unrolls = cell.hidden_units or 0, 2 if cell.rule == "dni_aux" else 1
    unroll = (1 + SYMBOLS + 12 * units) * unrolls + 6 * SYMBOLS + 2 * units
    size = 8 if cell.precision == "float64" else 4
    return size * unroll * (cell.T + 1) * cell.batch_size


def free(device: str) -> int:
    """Return the bytes of memory that are free on `cpu` or `cuda:i`."""
    if device == "cpu":
        import psutil

        return psutil.virtual_memory().available
    import torch

    return torch.cuda.mem_get_info(device)[0]
