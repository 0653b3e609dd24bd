"""The table of M's diagnosis: how well its gradients align with the true ones, by layer."""

import math
import statistics
from collections.abc import Iterable, Sequence

from ..analysis.evidence.details import Detail
from ..analysis.evidence.runs import by_layer
from .table import Table, entry

NOTE = (
    "At the last evaluation, means over seeds. Cosine: of the gradient that M predicts and the true"
    " one, 1 where they have the same direction. Loss: M's regression loss. Bottom and top: the"
    " hidden layers next to the input and to the classifier; median: of all hidden layers."
)
_LAYERS = ("bottom", "median", "top")


def diagnosis_table(details: Iterable[Detail]) -> Table | None:
    """Return the table, a row for each place with the protocol's M; None where none has any."""
    rows: dict[tuple[str, ...], tuple[Detail, list[float], list[float]]] = {}
    for one in details:
        if one.kind != "place" or not one.in_table:
            continue
        if cosines := by_layer(one.runs, "cosines"):
            same = tuple(run.record for run in one.runs)  # a cell may have several results
            rows.setdefault(same, (one, cosines, by_layer(one.runs, "losses")))
    if not rows:
        return None
    several = any(len(cosines) > 1 for _, cosines, _ in rows.values())
    layers = _LAYERS if several else ("hidden layer",)
    return Table(
        caption="The synthetic gradient beside the true one, at the end of training",
        stubs=("place",),
        columns=tuple((what, layer) for what in ("cosine", "loss of M") for layer in layers),
        rows=tuple(
            (
                (one.name,),
                (
                    *(entry(f"{value:.2f}", key=one.key) for value in _some(cosines, layers)),
                    *(entry(f"{value:.3g}") for value in _some(losses, layers)),
                ),
            )
            for one, cosines, losses in rows.values()
        ),
    )


def _some(values: Sequence[float], layers: Sequence[str]) -> Sequence[float]:
    if len(layers) == 1 or not values:
        return values or [math.nan] * len(layers)
    return values[0], statistics.median(values), values[-1]
