"""Runs: train what is not done yet, and return the records."""

import os
import signal
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from ..bench.errors import UsageError, did_you_mean
from .arguments import PathLike, Where, folder, own_files, say, warn

if TYPE_CHECKING:
    import pandas as pd

    from ..reproductions.running.until import Until

RETRIED = ("failed", "diverged")


def run(
    exhibit: PathLike,
    scale: str = "demo",
    *,
    where: Where | None = None,
    set: Mapping[str, Any] | None = None,  # noqa: A002
    seeds: int | None = None,
    store: PathLike | None = None,
    data_dir: PathLike | None = None,
    device: str = "auto",
    until: int | str | None = None,
    time_limit: float | None = None,
    retry: str | Collection[str] | None = (),
    jobs: int | None = None,
    shard: tuple[int, int] | None = None,
    scheduler: str | None = None,
    rule_files: PathLike | Sequence[PathLike] | None = None,
    dataset_files: PathLike | Sequence[PathLike] | None = None,
    progress: bool = True,
) -> "pd.DataFrame":
    """Train the cells of an exhibit that are not done yet, and return the records of all of them.

    It is `sgbench run`: every record is stored before the next begins, and the same call goes on
    where the last one stopped.

    Args:
        exhibit: its name (`sgbench list`), or the path to a TOML file of your own.
        scale: demo, quick or paper, or another of its scales.
        where: which cells, as in `{"rule": ["dni", "cdni"], "depth": 4, "T": slice(2, 5)}`.
        set: fields to change, as in `{"iterations": 1000}`; a list of values is tried in turn.
            Changed cells are of scale custom.
        seeds: number of seeds; the scale's own if None.
        store: the folder that records are kept in; as of `load_records`.
        data_dir: the folder of the data files; SGBENCH_DATA, or else a cache folder, if None.
        device: auto, cpu, cuda or cuda:I.
        until: train each cell only so far: a number of updates, or a share as `"1%"`.
        time_limit: seconds after which running cells save their state and the rest is left.
        retry: `"failed"`, `"diverged"` or both: train again what ended so.
        jobs: cells trained at a time; one on each core if None.
        shard: (i, n), from (1, n) to (n, n): one of n parts of the cells.
        scheduler: address of a dask scheduler whose workers train instead.
        rule_files: learning rules of your own; those in SGBENCH_RULE_FILES if None.
        dataset_files: data sets of your own; those in SGBENCH_DATASET_FILES if None.
        progress: show the progress on stderr.

    Returns:
        A row a record, as `load_records`, of the cells that have one on this machine, in the
        exhibit's order: also of those that were done before, and of those that failed.

    Raises:
        UsageError: an argument is wrong.
        DataError: a data set is missing or corrupt.
        StoreError: the store cannot be read or written.
        KeyboardInterrupt: on Ctrl-C, after running cells have saved their state.

    Cells that failed, diverged or are left are told of in an SgbenchWarning.

    >>> import tempfile
    >>> records = run(
    ...     "table1",
    ...     where={"network": "fcn", "depth": 3, "rule": ["backprop", "no_bprop"]},
    ...     set={"iterations": 20},
    ...     seeds=1,
    ...     store=tempfile.mkdtemp(),
    ...     jobs=1,
    ...     progress=False,
    ... )
    >>> records[["rule", "status"]].to_records(index=False).tolist()
    [('no_bprop', 'ok'), ('backprop', 'ok')]
    """
    from ..reports.console.plan import title
    from ..reports.console.progress import Quiet, Watch, display
    from ..reproductions.exhibits.typed import set_texts, where_texts
    from ..reproductions.running.request import RunRequest
    from ..reproductions.running.run import run as train
    from ..results.frame import to_frame
    from ..results.store.store import Store

    retried = (retry,) if isinstance(retry, str) else tuple(retry or ())
    _check(retried, seeds, jobs, shard, time_limit)
    with own_files(rule_files, dataset_files):
        request = RunRequest(
            exhibit=os.fspath(exhibit),
            scale=scale,
            where=where_texts(where),
            set=set_texts(set),
            seeds=seeds,
            store=Store(folder(store)),
            data_dir=None if data_dir is None else os.fspath(data_dir),
            device=device,
            until=_until(until),
            time_limit=time_limit,
            retry=retried,
            jobs=jobs,
            shard=shard,
            scheduler=scheduler,
        )
        shown = display(title(request), alone=True) if progress else Quiet()
        watch = Watch(shown, lambda: warn(request.store))
        try:
            stopped = train(request, watch, say=say).interrupted
        finally:
            shown.close()
            warn(request.store)
        if stopped:
            signal.raise_signal(stopped)
        _tell(watch.tally.counts, watch.tally.cells_left)
        return to_frame([record for record in watch.tally.records if record is not None])


def _until(until: int | str | None) -> "Until | None":
    from ..reproductions.running.until import read_until

    try:
        return None if until is None else read_until(str(until))
    except ValueError as error:
        raise UsageError(f"--until: {error}") from None


def _check(
    retry: Sequence[str], seeds: object, jobs: object, shard: object, time_limit: object
) -> None:
    """Raise UsageError where an argument is of the wrong type or out of range."""
    for state in retry:
        if state not in RETRIED:
            raise UsageError(f"--retry {state!r}{did_you_mean(state, RETRIED)}")
    if jobs is not None and (type(jobs) is not int or jobs < 1):
        raise UsageError(f"--jobs {jobs!r} must be at least 1; None for one on each core")
    if seeds is not None and (type(seeds) is not int or seeds < 1):
        raise UsageError(f"--seeds {seeds!r} must be a whole number, at least 1")
    parts = cast("tuple[object, ...]", shard) if isinstance(shard, tuple) else ()
    if shard is not None and [type(part) for part in parts] != [int, int]:
        raise UsageError(f"--shard {shard!r} must be two whole numbers, as in (1, 4)")
    if time_limit is not None and not (
        isinstance(time_limit, (int, float)) and type(time_limit) is not bool and time_limit > 0
    ):
        raise UsageError(f"--time-limit {time_limit!r} must be a number of seconds above 0")


def _tell(counts: Mapping[str, int], left: int) -> None:
    from ..reports.analysis.naming import count

    bad = [state for state in RETRIED if counts[state]]
    if bad:
        found = " and ".join(f"{count(counts[state], 'cell')} {state}" for state in bad)
        say(f"{found}: the column `error` says why; retry={bad} trains them again")
    if left:
        say(f"{count(left, 'cell')} left: the same call goes on")
