"""Timing runs: the speed of an exhibit's distinct programs, for `sgbench time`.

The programs of a dataset and network are timed in the same interleaved rounds; where they do not
fit into memory together, those of the same sizes are. No data is needed: synthetic data has its
shapes. Torch is imported only when something is timed.
"""

import dataclasses
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ...bench import hardware
from ...bench.cell import Cell
from ...bench.errors import UsageError
from ...bench.families.family import family_for
from ...bench.profiling import memory_estimate
from ...results import provenance
from ...results.statistics.rounds import LEAST_ROUNDS
from ...results.store.store import Store
from ...results.timings import (
    SAME_SIZES,
    SCHEMA_VERSION,
    Timing,
    Timings,
    identity,
)
from ..exhibits.exhibit import name_of, pick_cells
from ..exhibits.schema import CUSTOM
from .backend import THREADS, Backend, choose_backend
from .plan import MOST_REPLICAS, not_shape, shape

if TYPE_CHECKING:
    from ...bench.profiling.timing import Session

OnProgress = Callable[[str, int, int], None]
CellGroup = tuple[Cell, ...]


@dataclass(frozen=True, kw_only=True)
class TimingRequest:
    """What to time, and where timings go: the options of `sgbench time`."""

    exhibit: str
    scale: str = "quick"
    where: Sequence[str] = ()
    set: Sequence[str] = ()
    rounds: int = 20
    replicas: Sequence[int] = (1,)
    device: str = "auto"
    store: Store

    @property
    def label(self) -> str:
        """The scale that timings are written under: CUSTOM where --set changed the protocol."""
        return CUSTOM if self.set else self.scale


def blocks(request: TimingRequest) -> list[list[CellGroup]]:
    """Return the distinct programs of a request, by dataset and network, in the grid's order.

    A program is `replicas` cells that differ in their seeds only. Raises UsageError where nothing
    is selected, or the number of replicas or of rounds is out of range.
    """
    if request.rounds < LEAST_ROUNDS:
        raise UsageError(
            f"--rounds {request.rounds} must be at least {LEAST_ROUNDS}: fewer give no interval"
        )
    for count in request.replicas:
        if not 1 <= count <= MOST_REPLICAS:
            raise UsageError(f"--replicas {count} must be between 1 and {MOST_REPLICAS}")
    cells = pick_cells(
        request.exhibit, request.scale, where=request.where, sets=request.set, seeds=1
    )
    distinct = {shape(cell): cell for cell in reversed(cells)}
    groups: dict[tuple[str, str], list[CellGroup]] = {}
    for cell in reversed(distinct.values()):
        for count in dict.fromkeys(request.replicas):
            program = tuple(cell.with_seed(seed) for seed in range(count))
            groups.setdefault((cell.dataset, cell.network), []).append(program)
    return list(groups.values())


SURE = 0.7  # the part of free memory that is counted on: estimates are rough


def time(request: TimingRequest, on_progress: OnProgress) -> Iterator[Timing]:
    """Time the programs of a request; each timing is durable before it is yielded.

    Args:
        request: what to time.
        on_progress: is told of the progress, as by `bench.profiling.timing.measure`.

    Raises UsageError or StoreError, before anything is timed where that can be known.
    """
    wanted, device = blocks(request), hardware.resolve_device(request.device)
    free = int(SURE * memory_estimate.free(device))
    wanted = [part for block in wanted for part in split_to_fit(block, free)]
    backend = choose_backend(request.store, device)
    request.store.warnings += provenance.warnings()
    store = Timings(request.store.path)
    from ...bench.profiling import timing

    for programs in wanted:
        largest_first = sorted(
            programs, key=lambda p: memory_estimate.needed(p[0], len(p)), reverse=True
        )
        session = timing.measure(
            largest_first,
            device,
            THREADS,
            backend[0],
            rounds=request.rounds,
            on_progress=on_progress,
        )
        for found in timings_of(request, session, device, backend):
            store.put(found)
            yield found


def timings_of(
    request: TimingRequest, session: "Session", device: str, backend: Backend
) -> list[Timing]:
    """Return the timings of a session that has just ended."""
    name, code = secrets.token_hex(8), provenance.revision()
    on = [hardware.describe(device, THREADS, *backend, f.cells[0].precision) for f in session.timed]
    before, after = session.load or (None, None)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return [
        Timing(
            schema=SCHEMA_VERSION,
            id=id_of(found.cells),
            exhibit=name_of(request.exhibit),
            scale=request.label,
            session=name,
            cell=found.cells[0].to_dict(),
            replicas=len(found.cells),
            rounds={**found.rounds, "matmul": session.matmul, "copy": session.copy},
            steps=found.steps,
            limit_by=found.limit,
            flops=float(found.flops),
            bytes=float(found.bytes),
            adam_bytes=float(found.adam_bytes),
            peak_bytes=found.peak_bytes,
            compile_seconds=found.compile_seconds,
            load_before=before,
            load_after=after,
            cores=hardware.cores(),
            **dataclasses.asdict(machine),
            machine_class=hardware.machine_class(machine),
            rule_source=found.cells[0].source_hashes()["rule"],
            dataset_source=found.cells[0].source_hashes()["dataset"],
            sgbench=provenance.release(),
            git_revision=code.commit,
            git_dirty=code.dirty,
            measured=now,
        )
        for found, machine in zip(session.timed, on, strict=True)
    ]


def id_of(program: CellGroup) -> str:
    """Return the id of the timing of a program.

    What the time of an update does not depend on is left out, in the version of the code too.
    """
    cell, left_out = program[0], not_shape()
    values = cell.to_dict().items()
    kept = {name: value for name, value in values if name not in left_out and value is not None}
    protocol = family_for(cell).training_version(kept)
    versions = {**cell.versions(), "protocol": protocol}
    return identity(kept, len(program), versions, cell.source_hashes())


def split_to_fit(programs: Sequence[CellGroup], free: int) -> list[list[CellGroup]]:
    """Split a block that needs more than `free` bytes; programs of the same sizes stay together.

    Raises UsageError where even those do not fit.
    """
    same_sizes: dict[tuple[object, ...], list[CellGroup]] = {}
    for program in programs:
        key = tuple(getattr(program[0], name) for name in SAME_SIZES)
        same_sizes.setdefault(key, []).append(program)
    parts: list[list[CellGroup]] = []
    for some in same_sizes.values():
        if (size := memory_of(some)) > free:
            cell = some[0][0]
            along = family_for(cell).size_field
            sizes = f"{along}={cell.value(along)}"
            raise UsageError(
                f"the {len(some)} programs of {cell.dataset} {cell.network} with {sizes} need about"
                f" {size / memory_estimate.GIB:,.1f} GiB together, too much where"
                f" {free / SURE / memory_estimate.GIB:,.1f} GiB are free: pick fewer by"
                " --where, or fewer --replicas"
            )
        if parts and memory_of([*parts[-1], *some]) <= free:
            parts[-1] += some
        else:
            parts.append(some)
    return parts


def memory_of(programs: Sequence[CellGroup]) -> int:
    """Return about how many bytes programs take together, with the largest one's roofline."""
    sizes = [memory_estimate.needed(program[0], len(program)) for program in programs]
    return sum(sizes) + max(sizes)
