"""The records that a report is made of: an exhibit's cells at a scale, and what is known of each.

A record counts for a cell when its whole configuration and the versions of its code are the
cell's; its labels do not matter, so a cell that was set by hand never enters a report unless it is
one of the exhibit's own cells. Further seeds than the scale's own are shown, and never judged.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from ....bench.cell import Cell
from ....bench.configuration import FIELDS as CELL_FIELDS
from ....bench.outcome import UNFINISHED
from ....reproductions.exhibits.expansion import expand
from ....reproductions.exhibits.schema import CUSTOM, Exhibit
from ....reproductions.exhibits.where import Where
from ....results.frame import to_frame
from ....results.metrics import RESULT_FIELDS
from ....results.record import ENDED, Record
from .protocol import PAPER, difference

READABLE = ("ok", *UNFINISHED)
"""Statuses of records whose curve is the cell's own, as far as it goes."""
_CONFIGURATION = tuple(name for name in CELL_FIELDS if name != "seed")
_ORDER = {  # best first, in ascending order or not; the last three make it the same in any order
    "configuration": True,
    "seed": True,
    "standing": True,
    "data_canonical": False,
    "same_data": False,
    "data_hash": True,
    "reached": False,
    "leading": False,
    "machine_class": True,
    "finished": True,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """An exhibit at a scale, with one record for each seed of each configuration that has any.

    Attributes:
        exhibit: the exhibit.
        scale: the name of its scale.
        cells: the scale's configurations in the grid's order, each as its cell of seed 0.
        paper_cells: those of the paper's scale, none where the exhibit has no such scale.
        own_seeds: the seeds that the scale has, none where it is `custom`.
        frame: a row per record, by configuration and seed: the record's fields (`results.frame`),
            `configuration` (its index in `cells`) and `value` (its final result by
            `results.metrics`, null unless it is ok).
        stale: the number of records that other versions of the code made.
        unnarrowed: the selection that this one is a part of, None where it is whole.
    """

    exhibit: Exhibit
    scale: str
    cells: tuple[Cell, ...]
    paper_cells: tuple[Cell, ...]
    own_seeds: tuple[int, ...]
    frame: pd.DataFrame
    stale: int
    unnarrowed: "Selection | None" = None

    @property
    def whole(self) -> "Selection":
        """All that is known of the scale: a verdict does not depend on what is shown."""
        return self if self.unnarrowed is None else self.unnarrowed

    @property
    def seeds(self) -> int:
        """The number of seeds that the scale has."""
        return len(self.own_seeds)

    @property
    def planned(self) -> int:
        """The number of seeds that the scale declares, whichever are shown; 0 for `custom`."""
        return 0 if self.scale == CUSTOM else self.exhibit.scale(self.scale).seeds

    def declared(self, records: pd.DataFrame) -> "pd.Series[bool]":
        """Tell of some records whether their seeds are among the declared; all are in `custom`."""
        if not self.planned:
            return records["seed"] >= 0
        return records["seed"] < self.planned

    @property
    def wanted(self) -> int:
        """The number of cells that the scale has."""
        return len(self.cells) * self.seeds

    @property
    def done(self) -> int:
        """How many of those have a record of a whole training run, whatever came of it."""
        return int((self.frame["seed"].isin(self.own_seeds) & ~self.in_part).sum())

    @property
    def in_part(self) -> "pd.Series[bool]":
        """Tell of each record whether it is the first part of a training run, which goes on."""
        return self.frame["status"].isin(UNFINISHED)

    def values(self, result: str | None) -> "pd.Series[float]":
        """Return the results of `frame`: its `value`, or the one of several that is named."""
        if result is None:
            return self.frame["value"]
        return self.frame[result].where(self.frame["status"] == "ok")

    @property
    def other_data(self) -> pd.DataFrame:
        """The records of data that is not the original."""
        return self.frame[~self.frame["data_canonical"]]

    def difference(self, fields: Mapping[str, Any] | None = None) -> str | None:
        """Return how the protocol differs from the paper's, in the cells that have `fields`."""
        both = (self.cells, self.paper_cells)
        ours, theirs = ([c for c in cells if c.has(fields or {})] for cells in both)
        return difference(self.exhibit, self.scale, ours, theirs)

    def find(self, fields: Mapping[str, Any]) -> list[int]:
        """Return the configurations that have all these values (None: the field does not apply)."""
        return [n for n, cell in enumerate(self.cells) if cell.has(fields)]

    @property
    def begun(self) -> int:
        """The number of cells of declared seeds of which only the first part has been trained."""
        return int((self.in_part & self.declared(self.frame)).sum())

    def records(self) -> dict[Cell, pd.DataFrame]:
        """Return the records of each of the configurations, in the grid's order."""
        found, none = dict(list(self.frame.groupby("configuration"))), self.frame[:0]
        return {cell: found.get(n, none) for n, cell in enumerate(self.cells)}

    def narrowed(self, where: Where | None = None, *, ran: bool = False) -> "Selection":
        """Return the selection of fewer configurations and seeds.

        Args:
            where: which cells to keep; all if None.
            ran: keep only configurations that have a record.

        Raises UsageError where a value in `where` picks no cell.
        """
        own_seeds, frame = self.own_seeds, self.frame
        kept = list(range(len(self.cells)))
        if where is not None:
            most = max([0, *own_seeds, *frame["seed"].tolist()]) + 1
            of_seeds = any(one.field == "seed" for one in where.conditions)
            picked = expand(self.exhibit, self.scale, seeds=most if of_seeds else 1, where=where)
            if of_seeds:
                seeds = {cell.seed for cell in picked}
                own_seeds = tuple(seed for seed in own_seeds if seed in seeds)
                frame = frame[frame["seed"].isin(seeds)]
            configurations = {cell.with_seed(0) for cell in picked}
            kept = [n for n in kept if self.cells[n] in configurations]
        if ran:
            there = set(frame["configuration"].tolist())
            kept = [n for n in kept if n in there]
        frame = frame[frame["configuration"].isin(kept)]
        index = {old: new for new, old in enumerate(kept)}
        return replace(
            self,
            cells=tuple(self.cells[n] for n in kept),
            own_seeds=own_seeds,
            frame=frame.assign(configuration=frame["configuration"].map(index)),
            unnarrowed=self.whole,
        )

    def find_in_paper(self, fields: Mapping[str, Any]) -> bool:
        """Tell whether the paper's scale has cells with all these values."""
        return any(cell.has(fields) for cell in self.paper_cells)

    def fixed(self, cell: Cell) -> bool:
        """Tell whether the protocol fixes this cell's M, or it has none to fix."""
        return self.exhibit.fills_place(cell.dataset, cell.network, cell.rule, cell.sg_layers)


def select(exhibit: Exhibit, scale: str, records: Iterable[Record]) -> Selection:
    """Return what is known of `exhibit` at `scale`, whatever the records' order.

    Of several records of a cell, a result comes before the first part of a training run and that
    before a failure, canonical data before other data, of first parts the longest, and the machine
    class that has results for most cells before others: those only fill gaps.
    """
    cells = expand(exhibit, scale, seeds=1)
    known = {_configuration(cell): n for n, cell in enumerate(cells)}
    code = [(cell.versions(), cell.source_hashes()) for cell in cells]
    found = ((known.get(_configuration(record)), record) for record in records)
    mine = [(n, record) for n, record in found if n is not None and record.status != "pruned"]
    current = [(n, record) for n, record in mine if (record.versions, record.sources) == code[n]]

    frame = to_frame(record for _, record in current)
    frame["configuration"] = pd.array([n for n, _ in current], dtype="int64")
    final = frame[RESULT_FIELDS[0]].astype("Float64")
    for name in RESULT_FIELDS[
        1:
    ]:  # the first that is not null; by row, pandas takes a millisecond each
        final = final.fillna(frame[name].astype("Float64"))
    frame["value"] = final.where(frame["status"] == "ok")
    return Selection(
        exhibit=exhibit,
        scale=scale,
        cells=tuple(cells),
        paper_cells=tuple(expand(exhibit, PAPER, seeds=1)) if PAPER in exhibit.scales else (),
        own_seeds=() if scale == CUSTOM else tuple(range(exhibit.scale(scale).seeds)),
        frame=_one_a_seed(frame),
        stale=len(mine) - len(current),
    )


def scales_with(exhibit: Exhibit, records: Iterable[Record]) -> dict[str, list[Record]]:
    """Return the records that are of a scale's cells, whatever they were run for, by scale.

    Cells that `--set` made are a scale's where their whole configuration is.
    """
    known: dict[tuple[Any, ...], list[str]] = {}
    for scale in exhibit.scales:
        for cell in expand(exhibit, scale, seeds=1):
            known.setdefault(_configuration(cell), []).append(scale)
    found: dict[str, list[Record]] = {}
    for record in records:
        for scale in known.get(_configuration(record), ()):
            found.setdefault(scale, []).append(record)
    return found


def _one_a_seed(frame: pd.DataFrame) -> pd.DataFrame:
    result = frame["status"].isin(ENDED)  # where there is none, another machine's record fills in
    in_part = frame["status"].isin(UNFINISHED)  # which has a curve so far, as a failure has not
    cells = frame[result].groupby("machine_class")["key"].nunique()
    leading = cells.idxmax() if len(cells) else None  # of equals, the first by name
    ranked = frame.assign(
        standing=2 - 2 * result.astype(int) - in_part.astype(int),
        same_data=frame.groupby(["dataset", "data_hash"])["id"].transform("size"),
        reached=frame["iterations_done"].where(in_part, 0),
        leading=frame["machine_class"] == leading,
    ).sort_values(list(_ORDER), ascending=list(_ORDER.values()))
    best = ranked.drop_duplicates(["configuration", "seed"]).reset_index(drop=True)
    return best.drop(columns=["standing", "same_data", "reached", "leading"])


def _configuration(source: Cell | Record) -> tuple[Any, ...]:
    own = sorted(dict(source.hyperparameters).items())
    return (*(getattr(source, name) for name in _CONFIGURATION), *own)
