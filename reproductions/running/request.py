"""Requests to run cells of an exhibit, and the cells and the plan that they come to."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from ...bench import datasets
from ...bench.cell import Cell
from ...bench.errors import UsageError
from ...results.record import Record
from ...results.store.store import Store
from ..exhibits.exhibit import pick_cells
from ..exhibits.schema import CUSTOM
from .plan import Plan, make_plan
from .until import Until

Say = Callable[[str], None]
"""Tells the user something, in one line."""


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """What to train, where, and where records go: the options of `sgbench run`.

    `shard` is (i, n): the ith of n parts of the cells, from 1. `scheduler` is the address of a dask
    scheduler whose workers train; None trains on this machine. `until` is how far to train; None
    for the whole of each cell. `oversubscribe` lets stages share cores; `trace` is a file for what
    the stages of staged networks did when.
    """

    exhibit: str
    scale: str = "demo"
    where: Sequence[str] = ()
    set: Sequence[str] = ()
    seeds: int | None = None
    store: Store
    data_dir: str | None = None
    device: str = "auto"
    time_limit: float | None = None
    retry: Sequence[str] = ()
    jobs: int | None = None
    shard: tuple[int, int] | None = None
    scheduler: str | None = None
    until: Until | None = None
    oversubscribe: bool = False
    trace: str | None = None

    @property
    def label(self) -> str:
        """The scale that records are written under: CUSTOM where --set changed the protocol."""
        return CUSTOM if self.set else self.scale


def wanted_cells(request: RunRequest) -> list[Cell]:
    """Return the cells that a request selects; UsageError where it selects none.

    A shard may be empty: there may be more shards than cells.
    """
    if request.scale == CUSTOM:
        raise UsageError(
            f"--scale {CUSTOM} is of stored cells, for reports: give the scale whose cells --set"
            " changes, and --set FIELD=VALUE"
        )
    cells = pick_cells(
        request.exhibit,
        request.scale,
        where=request.where,
        sets=request.set,
        seeds=request.seeds,
    )
    return cells if request.shard is None else shard(cells, *request.shard)


def shard(cells: Sequence[Cell], part: int, parts: int) -> list[Cell]:
    """Return the cells of shard `part` of `parts`, counted from 1, in order.

    A cell's shard follows from its id with the published data, so that all machines split the cells
    alike, whatever they have stored and whatever data they have. Raises UsageError where there is
    no such shard.
    """
    if not 1 <= part <= parts:
        raise UsageError(f"--shard {part}/{parts}: write I/N with I from 1 to N, as in 2/8")
    return [cell for cell in cells if _published_id(cell) % parts == part - 1]


def _published_id(cell: Cell) -> int:
    return int(cell.id(datasets.canonical_hash(cell.dataset)), 16)


def plan_of(
    request: RunRequest,
    cells: Sequence[Cell],
    records: Sequence[Record],
    machine: str | Collection[str] | None,
    device: str | None,
) -> Plan:
    """Return the plan of a request on machine classes (None: any) and a device; without torch.

    On a GPU replicas are nearly free, so cells that differ in replica axes only are one program; on
    a CPU, and where the device is not known, each cell is one.
    """
    return make_plan(
        cells,
        records,
        machine=machine,
        data_dir=request.data_dir,
        retry=request.retry,
        stack=stacks(device),
        until=request.until,
    )


def stacks(device: str | None) -> bool:
    """Tell whether cells that differ in replica axes only are one program on a device."""
    return device is not None and device.startswith("cuda")
