"""The words of figures: labels of axes, legends and values of fields."""

from collections.abc import Iterable
from typing import Any

from ....bench.cell import Cell
from ....bench.configuration import hyperparameters
from ....bench.registry import RULES
from ....reproductions.exhibits.field_text import format_value
from ....reproductions.exhibits.schema import Exhibit

_AXES = {
    "T": "T (steps of an unroll)",
    "bytes": "bytes read and written by all operations",
    "bits": "bits per character (validation text)",
    "data_steps": "time steps of data",
    "depth": "depth (layers with weights)",
    "error": "{split} error (%)",
    "error_a": "{split} error of A's counts (%)",
    "error_b": "{split} error of B's counts (%)",
    "flops": "multiplications and additions of products",
    "iteration": "iterations (updates of the weights)",
    "layer": "hidden layer",
    "learning_rate": "learning rate",
    "longest": "longest T_task solved (steps)",
    "passes": "passes over the training examples",
    "p_update": "p_update (probability that a layer is active)",
    "seconds": "training time (s)",
    "test_bits": "test bits per character",
    "test_error": "test error (%)",
    "train_error": "training error (%)",
    "sg_cosine": "cosine with {target}",
    "sg_held_cosine": "cosine with {target}, held-out examples",
    "sg_layers": "hidden layers of M",
    "sg_loss": "M's loss (squared error, sum over units)",
    "sg_scale": "sg_scale S (M regresses S times the gradient)",
    "updates": "updates of a layer (mean over layers)",
    "validation_error": "validation error (%)",
}


def axis(name: str, cell: Cell | None = None) -> str:
    """Return the label of an axis: of a field, of a rule's own hyperparameter or of a result.

    Args:
        name: what the axis shows.
        cell: one of the cells that are shown: what results are called depends on it.
    """
    own = hyperparameters().get(name)
    if own is not None:
        return f"{own.label} ({own.about})" if own.about else own.label
    split = (cell.split if cell is not None else None) or "test"
    if cell is not None and cell.patience:
        split = "validation"  # whose error decides when training ends
    longer = cell is not None and cell.family == "recurrent"
    target = "a longer unroll" if longer else "the true gradient"
    return _AXES.get(name, name.replace("_", " ")).format(split=split, target=target)


def quantity(name: str, cell: Cell | None = None) -> str:
    """Return what an axis shows, without its unit; arguments as of `axis`."""
    return axis(name, cell).partition(" (")[0]


def legend(name: str) -> str:
    """Return what lines differ in, as short as a legend has room for."""
    return quantity(name)


def label(exhibit: Exhibit, field: str, value: Any) -> str:
    """Return how a field's value is written; nothing where it does not apply and has no label."""
    if value is None and not exhibit.has_label(field, value):
        return ""
    return exhibit.label(field, f"{value:g}" if isinstance(value, float) else value)


def told(exhibit: Exhibit, field: str, value: Any) -> str:
    """Return a field's value where nothing names the field: its label, else as `--set` takes it."""
    if exhibit.has_label(field, value):
        return label(exhibit, field, value)
    return assignment(field, value)


def assignment(field: str, value: Any) -> str:
    """Return a field and its value, as `--set` takes them; nothing where it does not apply."""
    return "" if value is None else f"{field}={format_value(field, value)}"


def colors(rules: Iterable[str]) -> dict[str, str]:
    """Return the colour that each of some rules declares, `#rrggbb`."""
    return {rule: RULES.declared(rule).color for rule in dict.fromkeys(rules)}


def rank(rule: str) -> tuple[object, ...]:
    """Return the sort key of a rule: baselines first, then those without M, with M, with labels."""
    declared = RULES.declared(rule)
    models = (declared.has_models, declared.models_see_labels)
    return (not declared.baseline, *models, declared.label.lower())
