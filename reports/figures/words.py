"""The words of figures: labels of axes, legends and values of fields."""

from typing import Any

from ...bench.cell import Cell
from ...reproductions.exhibits.field_text import format_value
from ...reproductions.exhibits.schema import Exhibit

_AXES = {
    "T": "T (steps of an unroll)",
    "bits": "bits per character",
    "bp_lambda": "λ (0: synthetic gradients alone, 1: backprop)",
    "data_steps": "time steps of data",
    "depth": "depth (layers with weights)",
    "error": "{split} error (%)",
    "error_a": "{split} error of A's counts (%)",
    "error_b": "{split} error of B's counts (%)",
    "iteration": "iterations",
    "layer": "hidden layer",
    "learning_rate": "learning rate",
    "longest": "longest T_task solved",
    "p_update": "p_update (probability that a layer is active)",
    "seconds": "seconds of training",
    "test_bits": "test bits per character",
    "test_error": "test error (%)",
    "train_error": "training error (%)",
    "sg_cosine": "cosine",
    "sg_layers": "hidden layers of M",
    "sg_loss": "M's regression loss",
    "sg_scale": "sg_scale S (M regresses S times the gradient)",
    "updates": "updates of a layer (mean over layers)",
    "validation_error": "validation error (%)",
}
_COLORS = {  # TODO(core)
    "no_bprop": "#949494",
    "no_feedback": "#949494",
    "backprop": "#0173b2",
    "bptt": "#0173b2",
    "end_to_end": "#0173b2",
    "dni": "#d55e00",
    "cdni": "#029e73",
    "dni_aux": "#cc78bc",
}


def value(cell: Cell, name: str) -> Any:
    """TODO(core): cell.value."""
    return cell.value(name)


def axis(name: str, cell: Cell | None = None) -> str:
    """Return the label of an axis: of a field, of a rule's own hyperparameter or of a result.

    Args:
        name: what the axis shows.
        cell: one of the cells that are shown, for results that depend on the split.
    """
    split = (cell.split if cell is not None else None) or "test"
    return _AXES.get(name, name.replace("_", " ")).format(split=split)


def legend(name: str) -> str:
    """Return what lines differ in, as short as a legend has room for."""
    return axis(name).partition(" (")[0]


def label(exhibit: Exhibit, field: str, value: Any) -> str:
    """Return how a field's value is written; nothing where the field does not apply."""
    if value is None:
        return ""
    return exhibit.label(field, f"{value:g}" if isinstance(value, float) else value)


def assignment(field: str, value: Any) -> str:
    """Return a field and its value, as `--set` takes them; nothing where it does not apply."""
    return "" if value is None else f"{field}={format_value(field, value)}"


def colors(rules: Any) -> dict[str, str]:
    """Return the colour of each of some rules, `#rrggbb`."""
    return {rule: _COLORS.get(rule, "#ca9161") for rule in dict.fromkeys(rules)}
