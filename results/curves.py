"""Curves as one tidy data frame: a row for each number that an evaluation gave."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, cast

from ..bench.configuration import FIELDS
from ..bench.errors import UsageError, did_you_mean
from .frame import described as of_records
from .record import TYPES

if TYPE_CHECKING:
    import pandas as pd

METRICS = {
    "error": ("%", "error on the split"),
    "loss": ("nats", "cross-entropy on the split"),
    "train_loss": ("nats", "cross-entropy on the training examples since the last evaluation"),
    "sg_loss": ("", "regression loss of the synthetic-gradient model M of a hidden layer"),
    "sg_cosine": ("", "cosine of a hidden layer's synthetic and true gradient"),
    "sg_held_cosine": ("", "the same on held-out examples, which M is not trained on (images)"),
    "sg_weight_cosine": (
        "",
        "cosine of the gradients that a hidden layer's weights get from M's prediction and from"
        " backprop, summed over thousands of examples; at the last evaluation",
    ),
    "sg_ridge_cosine": (
        "",
        "cosine with the true gradient that a ridge regression on what M sees reaches on examples"
        " it was not fitted on; at the last evaluation (fcn)",
    ),
    "updates": ("", "updates that a layer has done (decoupled)"),
    "bits": ("bits", "bits per symbol (recurrent)"),
    "longest": ("steps", "T_task of the longest level solved so far (episodes)"),
    "aux_loss": ("", "loss of the auxiliary task (dni_aux)"),
    "error_a": ("%", "counts of A that are wrong (two_lstms)"),
    "error_b": ("%", "counts of B that are wrong (two_lstms)"),
}
"""The metrics of a curve: unit and meaning."""
_LEFT_OUT = ("corpus", "evaluate_every", "evaluate_at", "drops", "drop_factor")
_OF_CELL = tuple(name for name in FIELDS if name not in _LEFT_OUT)
READING = {
    "iteration": ("", "updates done by the evaluation"),
    "seconds": ("s", "training time by then, without evaluation and compilation"),
    "metric": ("", f"what was measured: {', '.join(METRICS)}"),
    "layer": ("", "the layer it is of, from 1 at the bottom; null where it is of the network"),
    "value": ("", "the number, in the metric's unit (%, nats, bits)"),
}
"""What a reading has besides the cell that it is of: unit and meaning."""


def to_curves(records: "pd.DataFrame", metrics: Collection[str] | None = None) -> "pd.DataFrame":
    """Return a row for each number in the curves of `records`, in their order.

    Args:
        records: rows of `frame.to_frame`, with any of its columns but at least `curve`.
        metrics: which of METRICS; all if None.

    Returns:
        The columns of `records` that say what was trained, and those of READING. What was not
        measured has no row.

    Raises UsageError where `records` has no column `curve`, or a metric is unknown.
    """
    import numpy as np
    import pandas as pd

    wanted = METRICS if metrics is None else metrics
    for name in wanted:
        if name not in METRICS:
            raise UsageError(f"unknown metric {name!r}{did_you_mean(name, METRICS)}")
    if "curve" not in records.columns:
        raise UsageError("records: it has no column 'curve'; pass rows of load_records")
    rows: list[tuple[int, int, float, str, int | None, float]] = []
    for row, curve in enumerate(records["curve"]):
        for point in curve:
            at = row, point["iteration"], point["seconds"]
            for name in wanted:
                rows += [(*at, name, layer, v) for layer, v in _numbers(point[name])]
    row, iteration, seconds, metric, layer, value = zip(*rows, strict=True) if rows else ((),) * 6
    of_cell = [name for name in records.columns if _says_what(str(name))]
    cells = records[of_cell].iloc[np.array(row, dtype=np.intp)].reset_index(drop=True)
    return cells.assign(
        iteration=pd.array(iteration, dtype="Int64"),
        seconds=pd.array(seconds, dtype="Float64"),
        metric=pd.array(metric, dtype="string"),
        layer=pd.array(layer, dtype="Int64"),
        value=pd.array(value, dtype="Float64"),
    )


def described() -> list[tuple[str, str, str, str]]:
    """Return (column, dtype, unit, meaning) of each column of `to_curves`, in order."""
    of_cell = [row for row in of_records() if _says_what(row[0])]
    types = ("Int64", "Float64", "string", "Int64", "Float64")
    own = zip(READING.items(), types, strict=True)
    return of_cell + [(name, dtype, *words) for (name, words), dtype in own]


def _says_what(column: str) -> bool:
    """Tell whether a column of records says what was trained: a rule's own numbers among them."""
    return column in ("id", "exhibit", "scale", *_OF_CELL) or column not in TYPES


def _numbers(value: Any) -> list[tuple[int | None, float]]:
    """Return (layer, number) of what a point has of a metric; none where it was not measured."""
    if isinstance(value, list):
        items = enumerate(cast("list[float | None]", value), start=1)
        return [(layer, number) for layer, number in items if number is not None]
    return [] if value is None else [(None, value)]
