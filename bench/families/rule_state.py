"""State of a rule in a network: its hyperparameters, and the tensors that it keeps."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from .. import registry
from ..cell import Cell
from ..errors import UsageError
from ..nn.draws import Draws
from ..nn.synthetic_gradient import by_replica


def hyperparameters(
    cells: Sequence[Cell], device: torch.device, spread: Callable[[Tensor], Tensor]
) -> dict[str, float | Tensor]:
    """Return the rule's own numbers: one each, or a tensor where the replicas differ.

    One that the cells do without has its default.

    Args:
        cells: one for each replica.
        device: where tensors live.
        spread: gives a tensor [R] the shape that broadcasts on h.
    """
    found: dict[str, float | Tensor] = {}
    for one in registry.RULES.declared(cells[0].rule).hyperparameters:
        given = (dict(cell.hyperparameters).get(one.name, one.default) for cell in cells)
        values = [value for value in given if value is not None]
        if values:
            found[one.name] = by_replica(values, cells[0], device, spread)
    return found


def kept(network: object, cells: Sequence[Cell], device: torch.device) -> dict[str, Tensor]:
    """Return the tensors that the rule keeps for a network, by name; none without `setup`.

    Raises UsageError where `setup` returns anything but tensors whose first dimension is R.
    """
    rule = cells[0].rule
    setup = getattr(registry.RULES.module(rule), "setup", None)
    if setup is None:
        return {}
    found = dict(setup(network, Draws(cells, device)))
    for name, tensor in found.items():
        if not isinstance(tensor, Tensor) or tensor.shape[:1] != (len(cells),):
            raise UsageError(
                f"rule {rule}: setup returns {name!r}, which is no tensor [R, …] with"
                f" R = {len(cells)} replicas; take it from draw, or stack one a replica"
            )
    return found
