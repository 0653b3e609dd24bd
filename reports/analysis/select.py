"""Which records a report is made of: an exhibit's cells at a scale, with what is known of each.

A record counts for a cell when its whole configuration and the versions of its code are the
cell's; its labels do not matter, so a cell that was set by hand never enters a report unless it is
one of the exhibit's own cells. Further seeds than the scale's own count too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ...bench.cell import Cell
from ...bench.configuration import FIELDS as CELL_FIELDS
from ...reproductions.exhibits.exhibit import expand
from ...reproductions.exhibits.schema import Exhibit
from ...results.frame import to_frame
from ...results.metrics import FIELDS
from ...results.record import ENDED, Record
from .protocol import PAPER, difference

_CONFIGURATION = tuple(name for name in CELL_FIELDS if name != "seed")
_ORDER = {  # best first, in ascending order or not; the last three make it the same in any order
    "configuration": True,
    "seed": True,
    "result": False,
    "data_canonical": False,
    "same_data": False,
    "data_hash": True,
    "leading": False,
    "machine_class": True,
    "finished": True,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """An exhibit at a scale, with one record for each seed of each configuration that has any.

    `cells` are the scale's configurations in the grid's order, each as its cell of seed 0, and
    `seeds` is how many seeds the scale has, 0 to seeds - 1. `frame` has a row a record, by
    configuration and seed: the record's fields (`results.frame`), `configuration` (its index in
    `cells`) and `value` (its final result by `results.metrics`, null unless it is ok). `stale`
    counts the records that other versions of the code made. `paper_cells` are the paper's scale's
    configurations, none where the exhibit has no such scale.
    """

    exhibit: Exhibit
    scale: str
    cells: tuple[Cell, ...]
    paper_cells: tuple[Cell, ...]
    seeds: int
    frame: pd.DataFrame
    stale: int

    @property
    def wanted(self) -> int:
        """The number of cells that the scale has."""
        return len(self.cells) * self.seeds

    @property
    def done(self) -> int:
        """How many of those have a record, whatever its status."""
        return int((self.frame["seed"] < self.seeds).sum())

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
        ours, theirs = ([c for c in cells if _has(c, fields or {})] for cells in both)
        return difference(self.exhibit, self.scale, ours, theirs)

    def find(self, fields: Mapping[str, Any]) -> list[int]:
        """Return the configurations that have all these values (None: the field does not apply)."""
        return [n for n, cell in enumerate(self.cells) if _has(cell, fields)]

    def find_in_paper(self, fields: Mapping[str, Any]) -> bool:
        """Tell whether the paper's scale has cells with all these values."""
        return any(_has(cell, fields) for cell in self.paper_cells)

    def fixed(self, cell: Cell) -> bool:
        """Tell whether the protocol fixes this cell's M, or it has none to fix."""
        return self.exhibit.fills_place(cell.dataset, cell.network, cell.rule, cell.sg_layers)


def select(exhibit: Exhibit, scale: str, records: Iterable[Record]) -> Selection:
    """Return what is known of `exhibit` at `scale`, whatever the records' order.

    Of several records of a cell, a result comes before a failure, canonical data before other
    data, and the machine class that has results for most cells before others: those only fill gaps.
    """
    cells = expand(exhibit, scale, seeds=1)
    known = {_configuration(cell): n for n, cell in enumerate(cells)}
    code = [(cell.versions(), cell.sources()) for cell in cells]
    found = ((known.get(_configuration(record)), record) for record in records)
    mine = [(n, record) for n, record in found if n is not None and record.status != "pruned"]
    current = [(n, record) for n, record in mine if (record.versions, record.sources) == code[n]]

    frame = to_frame(record for _, record in current)
    frame["configuration"] = pd.array([n for n, _ in current], dtype="int64")
    final = frame[FIELDS[0]].astype("Float64")
    for name in FIELDS[1:]:  # the first that is not null; by row, pandas takes a millisecond each
        final = final.fillna(frame[name].astype("Float64"))
    frame["value"] = final.where(frame["status"] == "ok")
    return Selection(
        exhibit=exhibit,
        scale=scale,
        cells=tuple(cells),
        paper_cells=tuple(expand(exhibit, PAPER, seeds=1)) if PAPER in exhibit.scales else (),
        seeds=exhibit.scale(scale).seeds,
        frame=_one_a_seed(frame),
        stale=len(mine) - len(current),
    )


def _one_a_seed(frame: pd.DataFrame) -> pd.DataFrame:
    result = frame["status"].isin(ENDED)  # where there is none, another machine's record fills in
    cells = frame[result].groupby("machine_class")["key"].nunique()
    leading = cells.idxmax() if len(cells) else None  # of equals, the first by name
    ranked = frame.assign(
        result=result,
        same_data=frame.groupby(["dataset", "data_hash"])["id"].transform("size"),
        leading=frame["machine_class"] == leading,
    ).sort_values(list(_ORDER), ascending=list(_ORDER.values()))
    best = ranked.drop_duplicates(["configuration", "seed"]).reset_index(drop=True)
    return best.drop(columns=["result", "same_data", "leading"])


def _has(cell: Cell, fields: Mapping[str, Any]) -> bool:
    return all(cell.value(name) == value for name, value in fields.items())


def _configuration(source: Cell | Record) -> tuple[Any, ...]:
    own = sorted(dict(source.hyperparameters).items())
    return (*(getattr(source, name) for name in _CONFIGURATION), *own)
