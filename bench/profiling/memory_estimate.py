"""Memory that a program takes, estimated before it begins. Free of torch on a CPU.

The families estimate it from the shapes of their networks: the weights with their gradients and
moments, and what a step and an evaluation keep of a batch (`families.*.estimates`). Here it is held
against the memory that is free. What every process takes (torch, the data) is not counted.
"""

from collections.abc import Sequence
from pathlib import Path

from ..cell import Cell
from ..errors import UsageError
from ..families.family import family_for

GIB = 2**30
HEADROOM = 0.15  # of a GPU's free memory
OF_A_PROCESS = 2**30
"""Bytes that a process takes on a GPU beside its program: CUDA's context, the workspaces of cuBLAS
(32 MiB a stream on an H100, of which training uses two) and cuDNN. Ours, rounded up."""
REDUCED = ("T", "batch_size", "hidden_units", "filters", "sg_units", "si_units")
_CGROUPS = (  # a container's limit, what it has used and how that is made up; v2, v1
    ("/sys/fs/cgroup/memory.max", "memory.current", "inactive_file"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


def needed(cell: Cell, replicas: int = 1) -> int:
    """Return about how many bytes the training of a program of `replicas` such cells takes."""
    return family_for(cell).memory(cell, replicas)


def fitting(cell: Cell, available: int, field: str = "T", replicas: int = 1) -> int:
    """Return the largest value of `field`, below the cell's, that fits into so many bytes.

    0 where none does. Raises UsageError where the cell has no such field.
    """
    least = 2 if field == "batch_size" else 1
    low, high = least - 1, cell.need(field)
    while high - low > 1:
        middle = (low + high) // 2
        smaller = _smaller(cell, field, middle)
        fits = smaller is not None and needed(smaller, replicas) <= available
        low, high = (middle, high) if fits else (low, middle)
    return low if low >= least else 0


def _smaller(cell: Cell, field: str, value: int) -> Cell | None:
    """Return the cell with another value of `field`; None where no cell has that."""
    try:
        return cell.replace(**{field: value})
    except UsageError:  # of parts of a batch, say, that are not equal
        return None


def remedy(cell: Cell, available: int) -> str:
    """Return the change that would make a cell fit into so many bytes, in words."""
    for field in REDUCED:
        fits = 0 if cell.value(field) is None else fitting(cell, available, field)
        if fits:
            return f"{field} of about {fits:,} would fit"
    return "a smaller network and batch might fit"


def against(cells: Sequence[Cell], device: str) -> str:
    """Return the memory that a program needs and that its device has free, in words."""
    wanted = needed(cells[0], len(cells))
    return f"it needs about {wanted / GIB:,.1f} GiB, and {free(device) / GIB:,.1f} GiB are free"


def free(device: str) -> int:
    """Return the bytes of memory that programs may take on `cpu` or `cuda:i`.

    On a GPU that is less than is free: what is freed is not always of the size that is asked for.
    """
    if device == "cpu":
        import psutil

        return min([psutil.virtual_memory().available, *_left_to_container()])
    import torch

    return max(0, int(torch.cuda.mem_get_info(device)[0] * (1 - HEADROOM)))


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
