"""The table of M's diagnosis: how well its gradients align with the true ones, by layer."""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from ..analysis.evidence.details import Detail
from ..analysis.evidence.runs import by_layer
from ..analysis.wording import NONE
from .table import Table, entry

NOTE = (
    "At the last evaluation, means over seeds. Cosine: of the gradient that M predicts and the true"
    " one, 1 where they have the same direction, on training examples. Held-out: the same on other"
    " ones, much lower where M knows the training examples by heart. Loss: M's regression loss."
    " Bottom and top: the hidden layers next to the input and to the classifier; median: of all"
    " hidden layers."
)
_LAYERS = ("bottom", "median", "top")
_NUMBERS: Mapping[str, Literal["cosines", "held_cosines", "losses"]] = {
    "cosine": "cosines",
    "held-out cosine": "held_cosines",
    "loss of M": "losses",
}
_FORMS = {"loss of M": ".3g"}


def diagnosis_table(details: Iterable[Detail]) -> Table | None:
    """Return the table, a row for each place with the protocol's M; None where none has any."""
    rows: dict[tuple[str, ...], tuple[Detail, dict[str, list[float]]]] = {}
    for one in details:
        if one.kind != "place" or not one.in_table:
            continue
        if by_layer(one.runs, "cosines"):
            same = tuple(run.record for run in one.runs)  # a cell may have several results
            numbers = {what: by_layer(one.runs, name) for what, name in _NUMBERS.items()}
            rows.setdefault(same, (one, numbers))
    if not rows:
        return None
    several = any(len(numbers["cosine"]) > 1 for _, numbers in rows.values())
    layers = _LAYERS if several else ("hidden layer",)
    shown = [what for what in _NUMBERS if any(numbers[what] for _, numbers in rows.values())]
    return Table(
        caption="The synthetic gradient beside the true one, at the end of training",
        stubs=("place",),
        columns=tuple((what, layer) for what in shown for layer in layers),
        rows=tuple(
            (
                (one.name,),
                tuple(
                    entry(
                        NONE if math.isnan(value) else f"{value:{_FORMS.get(what, '.2f')}}",
                        key=one.key if what == "cosine" else "",
                    )
                    for what in shown
                    for value in _some(numbers[what], layers)
                ),
            )
            for one, numbers in rows.values()
        ),
    )


def _some(values: Sequence[float], layers: Sequence[str]) -> Sequence[float]:
    if len(layers) == 1 or not values:
        return values or [math.nan] * len(layers)
    return values[0], statistics.median(values), values[-1]
