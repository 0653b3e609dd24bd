"""Feed-forward networks: hidden layers and a classifier, trained by a rule's `step` (Table 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import registry
from ...contract import FROZEN_ALL, UNREPEATABLE
from ...errors import UsageError
from ..family import Family, unfit
from .stages import check_stages, schedules_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from contextlib import AbstractContextManager

    import torch

    from ...cell import Cell
    from ...contract import Rule
    from ...datasets import Loaded
    from .program import FeedForwardProgram

TRAINING_VERSION = 1
"""Raised when the loop, the optimiser, the layers or the seeding change what a cell computes."""
DECOUPLED_TRAINING_VERSION = 1
"""The same for cells whose layers have update masks: those, and synthetic inputs, too."""
STAGED_TRAINING_VERSION = 1
"""The same for cells whose network is cut into stages."""
CONVOLUTIONS_CHANGED = 1
"""Raised when convolutional layers change what a cell computes; added to the version above."""
LAYER_FIELDS = ("activation", "norm", "dropout")
"""Fields of a fully connected network's hidden layers, of cells that are trained whole."""
PROTOCOL_FIELDS = (
    *("jitter", "flip", "input_norm", "optimizer", "loss_function", "last_batch", "zero_init"),
)
"""Fields of how a network of either kind is trained, of cells that are trained whole."""
BFLOAT16_CHANGED = 1
"""Raised when the arithmetic of precision=bf16 changes; added for cells that have it."""


class FeedForwardFamily:
    """The family; see `family.Family`."""

    name = "feedforward"
    label = "feed-forward"
    networks: tuple[str, ...] = ("cnn", "fcn")
    data_kinds: tuple[str, ...] = ("images",)
    unit = "example"
    size_field = "depth"

    def fields(self, values: Mapping[str, Any]) -> Collection[str]:
        """Return the optional fields that such a cell has."""
        rule, decoupled = registry.RULES.declared(values["rule"]), values.get("decoupled")
        found = ["depth", "split", "evaluate_at"]
        found += ["hidden_units"] if values["network"] == "fcn" else ["filters", "kernel_size"]
        if decouples(values["rule"]):
            found.append("decoupled")
        if decoupled is not None:
            found.append("p_update")
        if rule.has_models:
            found += ["sg_layers", "sg_scale"]
            found += ["sg_units"] * (values.get("sg_layers") != 0)
        if decoupled is None and values.get("stages") is None:
            found += PROTOCOL_FIELDS
            found += ["patience"] * (values.get("patience") is not None)  # else no early stopping
            found += LAYER_FIELDS * (values["network"] == "fcn")
        if values["network"] == "fcn" and decoupled is None and schedules_of(rule.name):
            found.append("stages")
        if values.get("stages") is not None:
            found += ["schedule", "delay", "straggler"]
            found += ["sg_at"] * (rule.has_models and values.get("schedule") in UNREPEATABLE)
        if decoupled == "both" or values.get("schedule") == "completely_unlocked":
            found += ["si_layers"] + ["si_units"] * (values.get("si_layers") != 0)
        return found

    def check(self, values: Mapping[str, Any]) -> None:
        """Raise UsageError where decoupling, depth, network or stages do not fit the rule."""
        rule, decoupled = registry.RULES.declared(values["rule"]), values.get("decoupled")
        if decoupled is not None and not decouples(rule.name):
            able = filter(decouples, registry.rules_of(self.name))
            raise UsageError(
                f"decoupled={decoupled} does not apply to rule={rule.name}, which has no"
                f" decoupled_step; leave it out, or choose rule from: {', '.join(able)}"
            )
        if decoupled == "both" and values["network"] != "fcn":
            raise UsageError(
                f"decoupled=both does not fit network={values['network']}: synthetic inputs are of"
                " network=fcn; decoupled=update fits"
            )
        depth, least = values.get("depth"), max(rule.least_depth, 3 if decoupled else 2)
        if depth is not None and depth < least:
            raise UsageError(
                f"depth={depth} is too shallow for rule={rule.name}"
                + (f", decoupled={decoupled}" if decoupled else "")
                + f": it needs {least - 1} hidden layers; give depth={least} or more"
            )
        _check_frozen(rule, values)
        if values.get("patience") == 0:
            raise UsageError("patience=0 never ends training; leave it out, or give 1 or more")
        check_stages(values)

    def data_steps(self, values: Mapping[str, Any]) -> int:
        """Return 1: an iteration is a batch."""
        del values
        return 1

    def training_version(self, values: Mapping[str, Any]) -> int:
        """Return the version of the code that trains such a cell."""
        decoupled = values.get("decoupled") is not None
        version = DECOUPLED_TRAINING_VERSION if decoupled else TRAINING_VERSION
        if values.get("stages") is not None:
            version = STAGED_TRAINING_VERSION
        version += BFLOAT16_CHANGED if values["precision"] == "bf16" else 0
        return version + (CONVOLUTIONS_CHANGED if values["network"] == "cnn" else 0)

    def program(
        self,
        cells: Sequence[Cell],
        data: Loaded,
        device: torch.device,
        clock: Callable[[], float] = lambda: 0.0,
    ) -> FeedForwardProgram:
        """Return the program that trains `cells`; UsageError where `data` is not images."""
        from ...datasets import Data
        from .program import FeedForwardProgram

        if not isinstance(data, Data):
            raise unfit(cells[0], data)
        if cells[0].stages is not None:
            raise UsageError(
                f"stages={cells[0].stages}: a network that is cut into stages is trained by"
                " `sgbench run` only; leave stages out"
            )
        return FeedForwardProgram(cells, data, device, clock)

    def memory(self, cell: Cell, replicas: int) -> int:
        """Return about how many bytes the training of a program of such cells takes."""
        from .estimates import memory

        return memory(cell, replicas)

    def work(self, cell: Cell) -> float:
        """Return about how many multiplications the cell's training takes."""
        from .estimates import work

        return work(cell)

    def grad_mode(self) -> AbstractContextManager[object]:
        """Return inference mode, where every call costs least."""
        import torch

        return torch.inference_mode()


def decouples(rule: str) -> bool:
    """Tell whether a rule says what happens where layers have update masks."""
    return hasattr(registry.RULES.module(rule), "decoupled_step")


FAMILY: Family = FeedForwardFamily()


def _check_frozen(rule: Rule, values: Mapping[str, Any]) -> None:
    """Raise UsageError where the layers that never learn do not fit depth or decoupling."""
    name, depth, decoupled = rule.frozen_below, values.get("depth"), values.get("decoupled")
    if depth is None or name in (0, FROZEN_ALL):
        return
    given = values.get(str(name))
    found = rule.frozen(depth - 1, {} if given is None else {str(name): given})
    what = f"{name}={found}" if isinstance(name, str) else f"rule={rule.name}"
    if found and decoupled is not None:
        raise UsageError(f"{what} does not go with decoupled={decoupled}; leave one of them out")
    if isinstance(name, str) and found > depth - 2:
        raise UsageError(
            f"{what} freezes all {depth - 1} hidden layers of depth={depth};"
            f" give at most {depth - 2}"
        )
    if found > depth - 1:
        raise UsageError(
            f"{what} freezes {found} hidden layers (RULE.frozen_below), and depth={depth} has"
            f" {depth - 1}; give depth={found + 1} or more"
        )
