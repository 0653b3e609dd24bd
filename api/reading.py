"""Records, curves and verdicts as data frames."""

import os
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Literal

from ..bench.errors import UsageError, did_you_mean
from .arguments import PathLike, Where, open_source, own_files, warn

if TYPE_CHECKING:
    import pandas as pd

Frame = Literal["records", "curves", "verdicts"]
_FRAMES: tuple[Frame, ...] = ("records", "curves", "verdicts")


def load_records(store: PathLike | None = None, *, published: bool = False) -> "pd.DataFrame":
    """Return the records of a store, a row a trained cell: what `sgbench export` writes.

    Args:
        store: the folder that `sgbench run` filled; the one in SGBENCH_STORE, or else `.sgbench`,
            if None.
        published: read the records that come with sgbench instead.

    Returns:
        A column a field, of pandas' nullable types (string, Int64, Float64, boolean), so that what
        does not apply is <NA>. `curve`, `progression`, `pipeline`, `timeline`, `drops` and
        `evaluate_at` hold lists.
        `columns("records")` describes all of them.

    Raises:
        UsageError: there is no such store, or both arguments are given.
        StoreError: it cannot be read.

    Files that cannot be used are left out, with an SgbenchWarning each.

    >>> records = load_records(published=True).query("exhibit == 'table1' and scale == 'quick'")
    >>> deep = records.query("network == 'fcn' and depth == 6")
    >>> deep.groupby("rule").test_error.mean().round(1).to_dict()
    {'backprop': 1.7, 'cdni': 5.2, 'dni': 10.9, 'no_bprop': 23.8, 'top_only': 10.4}
    """
    from ..results.frame import to_frame

    source = open_source(store, published)
    records = list(source.scan())
    warn(source)
    return to_frame(records)


def curves(records: "pd.DataFrame", metrics: str | Collection[str] | None = None) -> "pd.DataFrame":
    """Return the curves of some records as a tidy frame, a row a reading.

    Args:
        records: rows of `load_records` or of `run`, chosen as pandas chooses them.
        metrics: what was measured (`error`, `loss`, `sg_cosine`, …), one or several; all if None.

    Returns:
        What was trained (dataset, network, depth, rule, seed, …) beside `iteration`, `seconds` of
        training, `metric`, `layer` (from 1 at the bottom; <NA> for what is of the whole network)
        and `value`. `columns("curves")` describes all of them.

    Raises UsageError where a metric is unknown or `records` lacks the column `curve`.

    >>> records = load_records(published=True).query("exhibit == 'table1' and scale == 'quick'")
    >>> found = curves(records.query("rule == 'dni' and depth == 6"), "sg_cosine")
    >>> last = found[found.iteration == found.iteration.max()]
    >>> last.groupby("layer").value.mean().round(2).tolist()
    [-0.01, 0.01, 0.02, 0.05, 0.15]
    """
    from ..results.curves import to_curves

    return to_curves(records, [metrics] if isinstance(metrics, str) else metrics)


def verdicts(
    exhibit: PathLike,
    scale: str = "demo",
    *,
    where: Where | None = None,
    store: PathLike | None = None,
    published: bool = False,
    rule_files: Sequence[PathLike] | None = None,
    dataset_files: Sequence[PathLike] | None = None,
) -> "pd.DataFrame":
    """Return what reproduces of an exhibit, each verdict beside its evidence.

    Args:
        exhibit: its name (`sgbench list`), or the path to a TOML file of your own.
        scale: demo, quick or paper, another of its scales, or custom: the cells that `set` changed.
        where: which cells; all if None.
        store: as of `load_records`.
        published: as of `load_records`.
        rule_files: as of `run`.
        dataset_files: as of `run`.

    Returns:
        A row a place of the table, a claim (with its p after Holm) or a median of a population:
        `kind` says which. The verdict stands beside n, estimate, 95 % interval, the paper's number
        and margin, the results by seed (`values`) and the ids of their `records`.
        `columns("verdicts")` describes all of them.

    Raises:
        UsageError: the exhibit, the scale or a value in `where` is unknown, or there is no store.
        StoreError: the store cannot be read.

    >>> found = verdicts("table1", "quick", published=True)
    >>> claim = found.query("claim == 'cdni-beats-dni-deep' and n > 0").squeeze()
    >>> claim.verdict, f"{claim.estimate:.1f}", claim.measure
    ('same way round', '-9.4', 'points')
    """
    from ..reports.analysis.evidence.details import details
    from ..reports.analysis.evidence.frame import to_verdicts
    from ..reports.pages.judged import judge
    from ..reproductions.exhibits.exhibit import load
    from ..reproductions.exhibits.schema import CUSTOM
    from ..reproductions.exhibits.typed import where_texts
    from ..reproductions.exhibits.where import parse_where

    with own_files(rule_files, dataset_files):
        found = load(os.fspath(exhibit))
        if scale != CUSTOM:  # a scale that the store gives it
            found.scale(scale)
        texts = where_texts(where)
        source = open_source(store, published)
        records = list(source.scan_known())
        warn(source)
        judged = judge(found, scale, records, where=parse_where(texts) if texts else None)
        some = [*judged.places, *judged.intermediate]
        return to_verdicts(details(judged.scope, some, judged.claims, judged.bins))


def columns(frame: Frame = "records") -> "pd.DataFrame":
    """Return what the columns of a frame are: `dtype`, `unit` and `meaning` by name.

    Args:
        frame: records, curves or verdicts: what `load_records`, `curves` and `verdicts` return.

    Raises UsageError where it is none of these.

    >>> columns("records").loc["test_error"].tolist()
    ['Float64', '%', 'error on the test set (split=test, status ok)']
    """
    import pandas as pd

    from ..reports.analysis.evidence.frame import described as of_verdicts
    from ..results.curves import described as of_curves
    from ..results.frame import described as of_records

    if frame not in _FRAMES:
        raise UsageError(f"frame={frame!r}{did_you_mean(frame, _FRAMES)}")
    rows = {"records": of_records, "curves": of_curves, "verdicts": of_verdicts}[frame]()
    table = pd.DataFrame(rows, columns=["column", "dtype", "unit", "meaning"], dtype="string")
    return table.set_index("column")
