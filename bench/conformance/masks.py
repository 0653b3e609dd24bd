"""Check of update masks: layers that are active are updated, idle layers stay as they are."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..configuration import DECOUPLED
from ..errors import UsageError
from ..families.feedforward import decouples
from ..interfaces import Mask
from .checks import Failed
from .harness import RuleHarness, harness_of
from .settings import Setting

UPDATES = 6


def masks(setting: Setting) -> None:
    """Update masks are obeyed; where there is no `decoupled_step`, such cells are refused."""
    fit = [mode for mode in DECOUPLED if _allowed(setting, mode)]
    if not decouples(setting.rule.name):
        if fit:
            raise Failed(
                "it has no decoupled_step, and a cell with decoupled=update is not refused"
            )
        return
    for mode in fit:
        found = harness_of(setting, *(setting.cell(seed, decoupled=mode) for seed in (0, 1)))
        for _ in range(UPDATES):
            _update(found, mode)
    _all_active(setting)


def _allowed(setting: Setting, mode: str) -> bool:
    try:
        setting.cell(decoupled=mode)
    except UsageError:
        return False
    return True


def _update(found: RuleHarness, mode: str) -> None:
    """Do one update; hold what moved against the mask."""
    program: Any = found.program
    mask: Mask = program.update_mask.draw()
    before, counts = found.tensors(), program.adam.steps.clone()
    found.forget_gradients()
    program.update(*found.draw(), mask)
    after = found.tensors()
    for replica, layers in enumerate(mask):
        for i, active in enumerate(layers):
            name = "classifier" if i == len(layers) - 1 else f"hidden{i}"
            words = f"decoupled={mode}: {name}"
            moved = [key for key in after if f" {name}." in key and _of_layer(key, mode)]
            if active and any(after[key][replica].isnan().any() for key in moved):
                raise Failed(f"{words} is active and gets no gradient")
            if not active and any(_changed(before, after, key, replica) for key in moved):
                raise Failed(f"{words} is idle and changes")
            count = program.adam.steps[replica, i] - counts[replica, i]
            if count != int(active):
                counted = f"the optimiser counted {int(count)} updates, expected {int(active)}"
                raise Failed(f"{words}: {counted}")
    if any(tensor.isnan().any() for tensor in after.values()):
        raise Failed(f"decoupled={mode}: a model that learns gets no gradient")


def _of_layer(key: str, mode: str) -> bool:
    """Tell whether an idle layer keeps a tensor: a forward pass moves running statistics."""
    return mode == "both" or not key.startswith("running")


def _changed(before: dict[str, Tensor], after: dict[str, Tensor], key: str, replica: int) -> bool:
    return not torch.equal(before[key][replica], after[key][replica])


def _all_active(setting: Setting) -> None:
    """Hold `decoupled_step` with every layer active against `step`."""
    plain, decoupled = harness_of(setting), harness_of(setting, setting.cell(decoupled="update"))
    for some in (plain, decoupled):
        some.randomise()
    arguments = plain.draw()
    plain.write(arguments)
    depth: int = setting.cell().need("depth")
    decoupled.rule.decoupled_step(decoupled.network, *arguments, [[True] * depth])
    want = plain.gradients()
    for name, gradient in decoupled.gradients().items():
        if not torch.allclose(gradient, want[name], 1e-10, 1e-10):
            raise Failed(f"with every layer active the gradient of {name} is not that of step")
