"""The fields of a record that are lists: the types of their rows, and their checks."""

import itertools
import operator
from collections.abc import Mapping
from typing import Any

from ..bench.outcome import SPAN_KINDS, CurvePoint, Solved, Span, StageRow
from .files.schema import RecordError, check_items, check_rows, json_types

FRACTIONS = ("drops", "evaluate_at")
"""Fields that are tuples of numbers."""
POINT_TYPES = json_types(CurvePoint)
SOLVED_TYPES = json_types(Solved)
ROW_TYPES = {
    "progression": SOLVED_TYPES,
    "curve": POINT_TYPES,
    "pipeline": json_types(StageRow),
    "timeline": json_types(Span),
}
"""The fields that are lists of rows: the JSON types of a row, in the schema's order."""
_FLOATS = frozenset({float})
_FLOATS_OR_NULL = frozenset({float, type(None)})
_ITEMS = {
    "sg_loss": _FLOATS_OR_NULL,
    "sg_cosine": _FLOATS_OR_NULL,
    "sg_held_cosine": _FLOATS_OR_NULL,
    "sg_weight_cosine": _FLOATS_OR_NULL,
    "sg_ridge_cosine": _FLOATS_OR_NULL,
    "updates": frozenset({int}),
}


def check_lists(fields: Mapping[str, Any]) -> None:
    """Raise RecordError where a list of a record's `fields` holds what it must not."""
    for name in FRACTIONS:
        check_items(name, fields[name] or (), _FLOATS)
    for name, kinds in ROW_TYPES.items():
        check_rows(name, fields[name], kinds)
    for name, kinds in _ITEMS.items():
        lists = filter(None, map(operator.itemgetter(name), fields["curve"]))
        check_items(f"curve.{name}", itertools.chain.from_iterable(lists), kinds)
    unknown = {span["kind"] for span in fields["timeline"]}.difference(SPAN_KINDS)
    if unknown:
        raise RecordError(
            f"timeline.kind={min(unknown)!r:.80} must be one of {', '.join(SPAN_KINDS)}"
        )
