"""Which records a report is made of: an exhibit's cells at a scale, with what is known of each.

A record counts for a cell when its whole configuration and the versions of its code are the
cell's; its labels do not matter, so a cell that was set by hand never enters a report unless it is
one of the exhibit's own cells. Further seeds than the scale's own count too.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..bench.cell import FIELDS, Cell
from ..reproductions.exhibit import expand
from ..reproductions.model import Exhibit
from ..results.record import Record

RESULTS = ("ok", "diverged")
"""What a machine's failure cannot cause: where there is none, another machine's record fills in."""

_CONFIGURATION = tuple(name for name in FIELDS if name != "seed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The seeds of one configuration: `cell` is its first, `records` one a seed, ascending.

    `seeds` are the scale's own; `stale` counts records of other versions of the code.
    """

    cell: Cell
    seeds: frozenset[int]
    records: tuple[Record, ...]
    stale: int

    @property
    def metric(self) -> str:
        """The field of a record that holds the error on the cell's split, in percent."""
        return f"{self.cell.split}_error"

    @property
    def errors(self) -> dict[int, float]:
        """Seed to error in percent, of the records that are ok."""
        return {
            record.seed: value
            for record in self.ok
            if (value := getattr(record, self.metric)) is not None
        }

    @property
    def ok(self) -> list[Record]:
        """The records whose status is ok, seeds ascending."""
        return [record for record in self.records if record.status == "ok"]

    def count(self, status: str) -> int:
        """Return the number of seeds whose record has `status`."""
        return sum(record.status == status for record in self.records)

    def matches(self, fields: Mapping[str, Any]) -> bool:
        """Tell whether the cell has all these values (None: the field does not apply)."""
        return all(getattr(self.cell, name) == value for name, value in fields.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """An exhibit at a scale: its groups in the grid's order, and the machine class preferred."""

    exhibit: Exhibit
    scale: str
    groups: tuple[Group, ...]
    machine_class: str | None

    @property
    def records(self) -> list[Record]:
        """Every record that the report is made of, in the grid's order."""
        return [record for group in self.groups for record in group.records]

    @property
    def wanted(self) -> int:
        """The number of cells that the scale has."""
        return sum(len(group.seeds) for group in self.groups)

    @property
    def done(self) -> int:
        """How many of those have a record, whatever its status."""
        return sum(record.seed in group.seeds for group in self.groups for record in group.records)

    def find(self, fields: Mapping[str, Any]) -> list[Group]:
        """Return the groups whose cells have all these values, in the grid's order."""
        return [group for group in self.groups if group.matches(fields)]

    def fixed(self, group: Group) -> bool:
        """Tell whether the protocol fixes this group's M, or the group has none to fix."""
        cell = group.cell
        if cell.sg_layers is None:
            return True
        layers = self.exhibit.fixed_layers(cell.dataset, cell.network, cell.rule)
        return layers is None or cell.sg_layers == layers


def gather(exhibit: Exhibit, scale: str, records: Iterable[Record]) -> Gathered:
    """Return the cells of `exhibit` at `scale` with one record a seed, whatever the records' order.

    Of several records of a cell, a result comes before a failure, canonical data before other
    data, and the machine class that has results for most cells before others: those only fill gaps.
    """
    cells: dict[tuple[Any, ...], list[Cell]] = {}
    for cell in expand(exhibit, scale):
        cells.setdefault(_configuration(cell), []).append(cell)
    versions = {key: group[0].versions() for key, group in cells.items()}
    found: dict[tuple[Any, ...], list[Record]] = {key: [] for key in cells}
    stale: Counter[tuple[Any, ...]] = Counter()
    for record in records:
        key = _configuration(record)
        if key not in cells:
            continue
        if _versions(record) == versions[key]:
            found[key].append(record)
        else:
            stale[key] += 1
    matched = [record for some in found.values() for record in some]
    preferred = _largest_class(matched)
    hashes = Counter((record.dataset, record.data_hash) for record in matched)

    def rank(record: Record) -> tuple[Any, ...]:
        return (
            record.status not in RESULTS,
            not record.data_canonical,
            -hashes[record.dataset, record.data_hash],
            record.data_hash,
            record.machine_class != preferred,
            record.machine_class,
            record.finished,
        )

    groups = (
        Group(
            cell=group[0],
            seeds=frozenset(cell.seed for cell in group),
            records=_one_a_seed(sorted(found[key], key=rank)),
            stale=stale[key],
        )
        for key, group in cells.items()
    )
    return Gathered(exhibit=exhibit, scale=scale, groups=tuple(groups), machine_class=preferred)


def _configuration(source: Cell | Record) -> tuple[Any, ...]:
    return tuple(getattr(source, name) for name in _CONFIGURATION)


def _versions(record: Record) -> dict[str, int]:
    return {
        "rule": record.rule_version,
        "dataset": record.dataset_version,
        "protocol": record.protocol_version,
    }


def _largest_class(records: Sequence[Record]) -> str | None:
    cells: dict[str, set[tuple[str, int]]] = {}
    for record in records:
        if record.status in RESULTS:
            cells.setdefault(record.machine_class, set()).add((record.key, record.seed))
    if not cells:
        return None
    return min(cells, key=lambda name: (-len(cells[name]), name))


def _one_a_seed(ranked: Iterable[Record]) -> tuple[Record, ...]:
    best: dict[int, Record] = {}
    for record in ranked:
        best.setdefault(record.seed, record)
    return tuple(best[seed] for seed in sorted(best))
