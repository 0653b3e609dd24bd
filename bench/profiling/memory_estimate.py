"""What a program takes of memory, told before it is begun. Free of torch on a CPU.

Estimates from shapes: the weights with their gradients and moments, and what a step and an
evaluation keep of a batch. What every process takes (torch, the data) is not counted.
"""

import contextlib
import ctypes
import dataclasses
from collections.abc import Sequence
from pathlib import Path

from .. import registry
from ..cell import Cell

SYMBOLS = 100  # of an input vocabulary, about: it matters little beside the units
IMAGES = {  # channels and side
    **dict.fromkeys(("digits", "counting_digits"), (1, 8)),
    **dict.fromkeys(("mnist", "counting"), (1, 28)),
}
LARGEST_IMAGE = (3, 32)  # of the others: cifar10
CLASSES = 10
COPIES = 4  # of a weight: itself, its gradient, Adam's two moments
OF_A_STEP = 50  # numbers a unit that a step of A or B leaves for its gradient: measured
OF_A_LAYER = 7  # numbers a unit of a batch that a look at every layer keeps: measured
OF_AN_M = 10  # the same where each has an M; and of M's own units: measured
OF_A_MAP = 7  # numbers a position and filter before pooling that the same keeps: measured
EVALUATED = 1000  # examples at a time (`batches.CHUNK`)
READ = (64, 256)  # steps and streams of a held-out text (`bits_per_character`)
GIB = 2**30
REDUCED = ("T", "batch_size", "hidden_units", "filters", "sg_units", "si_units")
_CGROUPS = (  # a container's limit, what it has used and how that is made up; v2, v1
    ("/sys/fs/cgroup/memory.max", "memory.current", "inactive_file"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


TRIM, MAPPED = 2**31 - 1, 2**30  # bytes: what is freed and smaller stays with the process
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of `mallopt`


def keep() -> None:
    """Let this process keep memory that it frees, for what comes next.

    A step frees what the next one takes: given back in between, as dask would have it (from 64 KiB
    on), every large tensor is faulted in anew. Does nothing where the C library is not glibc.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_TRIM_THRESHOLD, TRIM)
        mallopt(_MMAP_THRESHOLD, MAPPED)


def needed(cell: Cell, replicas: int = 1) -> int:
    """Return about how many bytes the training of a program of `replicas` such cells takes."""
    size = 8 if cell.precision == "float64" else 4
    at_a_time = max(of_a_step(cell), of_an_evaluation(cell))
    if cell.family == "recurrent":  # whose tapes are kept
        at_a_time = of_a_step(cell) + of_an_evaluation(cell)
    return size * replicas * (of_weights(cell) + at_a_time)


def of_weights(cell: Cell) -> int:
    """Return how many numbers the weights take, with their gradients and moments."""
    units = cell.hidden_units or 0
    rule = registry.RULES.declared(cell.rule)
    labels = CLASSES if rule.conditioned else 0
    if cell.family == "recurrent":
        core = 4 * units * (units + SYMBOLS) + units * SYMBOLS
        kept = COPIES + (cell.solve_bits is None)  # of a text the best weights, too
        aux = 2 * units * units if rule.auxiliary else 0
        return kept * (core + _model(cell, units, 2 * units) + aux)
    if cell.family == "pair":  # its readout is counted in `of_a_step`, by T
        pixels = _pixels(cell)
        core = 2 * 8 * units * units + units * (pixels + 2 * units)
        return COPIES * (core + _model(cell, units, units))
    return COPIES * (_of_layers(cell) + _of_models(cell, labels))


def of_a_step(cell: Cell) -> int:
    """Return how many numbers a step keeps of its batch.

    Of a recurrent cell that is nearly all what the T steps of an unroll leave for their pullback;
    DNI+Aux keeps two unrolls, and a step's losses have as much again. Two networks keep a cycle's
    digits, and what they differentiate at a time: a window of A and T steps of B, or end to end
    the whole cycle. Feed-forward, a look at every layer at once takes the most.
    """
    batch, units = cell.batch_size, cell.hidden_units or 0
    if cell.family == "recurrent":
        unrolls = registry.RULES.declared(cell.rule).unrolls
        return _unroll(units, cell.T or 0, batch, unrolls)
    if cell.family == "pair":
        return _of_a_cycle(cell) + _of_a_count(cell)
    if cell.network == "cnn":
        return batch * (_pixels(cell) + OF_A_MAP * _positions(cell) * (cell.filters or 0))
    models = OF_AN_M * max(cell.sg_units or 0, cell.si_units or 0)
    a_layer = OF_A_LAYER if cell.sg_layers is None else OF_AN_M
    return batch * (2 * _pixels(cell) + a_layer * units * ((cell.depth or 0) - 1) + models)


def of_an_evaluation(cell: Cell) -> int:
    """Return how many numbers are kept of the held-out examples that are looked at at a time."""
    units = cell.hidden_units or 0
    if cell.family == "recurrent":
        steps, streams = READ
        return 0 if cell.solve_bits is not None else _unroll(units, steps, streams, 1)
    if cell.family == "pair":
        return 0
    if cell.network == "cnn":
        _, side = _image(cell)
        return EVALUATED * (_pixels(cell) + 2 * side * side * (cell.filters or 0))
    return EVALUATED * (_pixels(cell) + 3 * units)


def fitting(cell: Cell, available: int, field: str = "T", replicas: int = 1) -> int:
    """Return the largest value of `field`, below the cell's, that fits into so many bytes.

    0 where none does.
    """
    least = 2 if field == "batch_size" else 1
    low, high = least - 1, getattr(cell, field) or 0
    while high - low > 1:
        middle = (low + high) // 2
        fits = needed(dataclasses.replace(cell, **{field: middle}), replicas) <= available
        low, high = (middle, high) if fits else (low, middle)
    return low if low >= least else 0


def remedy(cell: Cell, available: int) -> str:
    """Return what would make a cell fit into so many bytes, in words."""
    for field in REDUCED:
        fits = fitting(cell, available, field) if getattr(cell, field) else 0
        if fits:
            return f"{field} of about {fits:,} would fit"
    return "a smaller network and batch might fit"


def exhausted(error: BaseException) -> bool:
    """Tell whether an error that training raised says that memory is short."""
    words = str(error).lower()
    torch_says = "can't allocate memory" in words or "out of memory" in words
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and torch_says)


def against(cells: Sequence[Cell], device: str) -> str:
    """Return what a program needs against what is free on its device, in words."""
    wanted = needed(cells[0], len(cells))
    return f"it needs about {wanted / GIB:,.1f} GiB, and {free(device) / GIB:,.1f} GiB are free"


def free(device: str) -> int:
    """Return the bytes of memory that are free on `cpu` or `cuda:i`."""
    if device == "cpu":
        import psutil

        return min([psutil.virtual_memory().available, *_left_to_container()])
    import torch

    return torch.cuda.mem_get_info(device)[0]


def _left_to_container() -> list[int]:
    """Return the bytes that the limits of a container leave; none where there is no limit."""
    found: list[int] = []
    for limit, used, cached in _CGROUPS:
        folder = Path(limit).parent
        try:
            most = int(Path(limit).read_text())
            usage = int((folder / used).read_text())
            rows = dict(map(str.split, (folder / "memory.stat").read_text().splitlines()))
            found.append(max(0, most - usage + int(rows.get(cached, 0))))
        except (OSError, ValueError):  # no such limit: `max`, or another version's
            continue
    return found


def _image(cell: Cell) -> tuple[int, int]:
    """Return the channels and the side of the images that a cell reads."""
    return IMAGES.get(cell.dataset, LARGEST_IMAGE)


def _pixels(cell: Cell) -> int:
    channels, side = _image(cell)
    return channels * side * side


def _positions(cell: Cell) -> int:
    """Return the positions of all convolutions' maps; each pooling halves the side."""
    _, side = _image(cell)
    total = 0
    for _ in range((cell.depth or 0) - 1):
        total, side = total + side * side, (side + 1) // 2
    return total


def _of_layers(cell: Cell) -> int:
    """Return the number of weights of a feed-forward network, without its models."""
    channels, side = _image(cell)
    hidden = (cell.depth or 0) - 1
    if cell.network == "cnn":
        filters, taps = cell.filters or 0, (cell.kernel_size or 0) ** 2
        for _ in range(hidden):
            side = (side + 1) // 2
        return (
            taps * filters * (channels + filters * (hidden - 1)) + filters * side * side * CLASSES
        )
    units = cell.hidden_units or 0
    return units * (_pixels(cell) + units * (hidden - 1) + CLASSES)


def _of_models(cell: Cell, labels: int) -> int:
    """Return the number of weights of the models of a feed-forward network: an M a layer, an I."""
    taps = (cell.kernel_size or 1) ** 2
    width = cell.hidden_units or cell.filters or 0
    models = taps * _model(cell, width + labels, width)
    if cell.si_layers is not None:
        models += _dense(_pixels(cell), width, cell.si_units or 0, cell.si_layers)
    return ((cell.depth or 0) - 1) * models


def _model(cell: Cell, inputs: int, outputs: int) -> int:
    """Return the number of weights of an M; 0 where the cell has none."""
    if cell.sg_layers is None:
        return 0
    return _dense(inputs, outputs, cell.sg_units or 0, cell.sg_layers)


def _dense(inputs: int, outputs: int, units: int, hidden: int) -> int:
    if not hidden:
        return inputs * outputs
    return (inputs + outputs + (hidden - 1) * units) * units


def _unroll(units: int, steps: int, streams: int, unrolls: int) -> int:
    a_step = (1 + SYMBOLS + 12 * units) * unrolls + 6 * SYMBOLS + 2 * units
    return a_step * (steps + 1) * streams


def _of_a_cycle(cell: Cell) -> int:
    """Return the numbers that a cycle of two networks keeps of its batch."""
    T, units = cell.T or 0, cell.hidden_units or 0
    kept = (
        T * T if registry.RULES.declared(cell.rule).whole_cycle else T
    )  # steps of A that are differentiated at once
    return cell.batch_size * (T * T * _pixels(cell) + (kept + T) * OF_A_STEP * units)


def _of_a_count(cell: Cell) -> int:
    """Return the numbers that B's readout takes, which has a class for each count to T * T.

    Its weights with their gradients and the moments of an Adam a part, and some logits.
    """
    T, units = cell.T or 0, cell.hidden_units or 0
    return T * T * (10 * units + 6 * cell.batch_size)
