"""What the user asked for: a part of an exhibit, where it runs and where its records go."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ...bench import datasets
from ...bench.cell import Cell
from ...bench.errors import UsageError
from ...results.record import Record
from ...results.store.store import Store
from ..exhibits import exhibit as exhibits
from ..exhibits.schema import CUSTOM
from ..exhibits.sets import parse_set
from ..exhibits.where import parse_where
from .plan import Plan, make_plan


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """What the user asked for; the fields are the options of `sgbench run`.

    `shard` is (i, n): the ith of n parts of the cells, from 1. `scheduler` is the address of a dask
    scheduler whose workers train; None trains on this machine.
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

    @property
    def label(self) -> str:
        """The scale that records are written under: CUSTOM where --set changed the protocol."""
        return CUSTOM if self.set else self.scale


def wanted_cells(request: RunRequest) -> list[Cell]:
    """Return the cells that a request selects; UsageError where it selects none.

    Of a shard there may be none: a queue may have more places than there are cells.
    """
    found = exhibits.load(request.exhibit)
    where = parse_where(request.where) if request.where else None
    cells = exhibits.expand(found, request.scale, parse_set(request.set), request.seeds, where)
    return cells if request.shard is None else shard(cells, *request.shard)


def shard(cells: Sequence[Cell], part: int, parts: int) -> list[Cell]:
    """Return the cells of part `part` of `parts`, from 1, in order; every cell is in one part.

    By the id that a cell has with the published data: whatever is stored already and whatever data
    a machine has, all machines part the cells alike. Raises UsageError for no such part.
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
    """Return the plan of a request, without torch, on machine classes (None: any) and a device.

    On a GPU replicas are nearly free, so a population is one program; on a CPU, and where the
    device is not known, each cell is one.
    """
    return make_plan(
        cells,
        records,
        machine=machine,
        data_dir=request.data_dir,
        retry=request.retry,
        stack=stacks(device),
    )


def stacks(device: str | None) -> bool:
    """Tell whether cells that differ only in replica axes are one program on a device."""
    return device is not None and device.startswith("cuda")
