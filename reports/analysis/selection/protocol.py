"""How a scale's protocol differs from the paper's, in words that stand beside its numbers."""

from collections.abc import Sequence
from typing import Any

from ....bench.cell import Cell
from ....bench.configuration import hyperparameters
from ....reproductions.exhibits.schema import Exhibit
from ..wording import number

PAPER = "paper"
"""The scale that is the paper's own protocol: only its numbers are held against the paper's."""

_SCHEDULE = {
    "split": "{} split",
    "iterations": "{} iterations",
    "batch_size": "batch {}",
    "learning_rate": "rate {}",
    "drops": "drops at {}",
    "drop_factor": "drop factor {}",
    "evaluate_at": "also evaluated at {}",
    "sg_scale": "sg_scale {}",
    "sg_factor": "sg_factor {}",
    "solve_bits": "solved under {} bits",
    "solve_window": "over {} steps",
    "patience": "patience {}",
    "optimizer": "{}",
    "loss_function": "{} loss",
    "last_batch": "last batch {}",
    "activation": "{}",
    "norm": "norm {}",
    "dropout": "dropout {}",
    "jitter": "jitter {}",
    "flip": "flip {}",
    "input_norm": "inputs {}",
    "zero_init": "zero at the start: {}",
    "precision": "{}",
}
_SIZES = {
    "hidden_units": "{} hidden units",
    "filters": "{} filters",
    "kernel_size": "kernel {}",
    "sg_units": "{} units in M",
    "si_layers": "{} hidden layers in I",
    "si_units": "{} units in I",
}


def difference(
    exhibit: Exhibit, scale: str, ours: Sequence[Cell], theirs: Sequence[Cell]
) -> str | None:
    """Return `scale: …; paper: …`, the settings that differ; None where nothing does.

    Those of ours that the paper does not state are told apart.

    Fields that the grid itself varies are left out, and so are the sizes of networks on a dataset
    that only one of the scales has: they could be compared with nothing.

    Args:
        exhibit: the exhibit.
        scale: the scale that `ours` are of.
        ours: cells, all of the scale or those that the words are about.
        theirs: the same of the paper's scale; none where there is no such scale.
    """
    if scale == PAPER or not theirs:
        return None
    words: tuple[list[str], list[str]] = ([], [])
    chosen: list[str] = []
    datasets = _values(ours, "dataset"), _values(theirs, "dataset")
    if not set(datasets[0]) <= set(datasets[1]):
        for side, values in zip(words, datasets, strict=True):
            side.append(", ".join(exhibit.label("dataset", value) for value in values))
    shared = {(c.dataset, c.network) for c in ours} & {(c.dataset, c.network) for c in theirs}
    own = {name: f"{one.label} {{}}" for name, one in hyperparameters().items()}
    for name, phrase in {**_SCHEDULE, **own, **_SIZES}.items():
        both = [ours, theirs]
        if name in _SIZES:
            both = [[c for c in cells if (c.dataset, c.network) in shared] for cells in both]
        values = [_values(cells, name) for cells in both]
        varied = any(len(exhibit.scale(s).values(name)) > 1 for s in (scale, PAPER))
        if varied or not all(values) or set(values[0]) == set(values[1]):
            continue
        stated = words[1] if name not in exhibit.unstated else chosen
        for side, some in zip((words[0], stated), values, strict=True):
            none = name == "drops" and some == [()]
            side.append("no drops" if none else phrase.format(" or ".join(map(number, some))))
    if not words[0]:
        return None
    if chosen:
        lead = "and " if words[1] else ""
        words[1].append(f"{lead}chosen by us, as the paper does not say: {', '.join(chosen)}")
    return f"{scale}: {', '.join(words[0])}; {PAPER}: {', '.join(words[1])}"


def _values(cells: Sequence[Cell], name: str) -> list[Any]:
    values = dict.fromkeys(cell.chosen(name) for cell in cells)
    return [value for value in values if value is not None]
