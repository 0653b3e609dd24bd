"""Checks of how a rule trains: alone and with others, stopped and resumed, by its seed alone."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..training import checkpoint
from .checks import Failed
from .harness import RuleHarness, differing, first_and_count, harness_of, restored
from .settings import Setting

TOLERANCE = 1e-9  # of float64: the order of sums differs by processor and number of replicas


def runs(setting: Setting) -> None:
    """Train a few steps in float64 and float32, at the least depth, with the smallest M."""
    shapes: list[dict[str, Any]] = [
        {},
        {"precision": "float32"},
        {"depth": max(2, setting.rule.least_depth)},
    ]
    if setting.rule.has_models:
        shapes.append({"sg_layers": 0})
    for changes in shapes:
        found = harness_of(setting, setting.cell(**changes))
        before, kept = found.tensors(), _shapes(found.program.kept)
        found.step(3)
        found.program.probe()
        after = found.tensors()
        what = ", ".join(f"{name}={value}" for name, value in changes.items()) or "float64"
        for name, tensor in after.items():
            if not torch.isfinite(tensor).all():
                raise Failed(f"{what}: after 3 updates {name} is not finite")
        if not [name for name in differing(before, after) if name.startswith("weight")]:
            raise Failed(f"{what}: 3 updates move no weight")
        if _shapes(found.program.kept) != kept:
            raise Failed(f"{what}: the tensors of network.kept change their names or shapes")


def writes_gradients(setting: Setting) -> None:
    """An update writes the gradient of every weight that the optimiser moves."""
    found = harness_of(setting)
    found.step(2)  # an auxiliary output learns from the second unroll on
    found.forget_gradients()
    found.step(1)
    missing = [
        name.removeprefix("weight ")
        for name, tensor in found.tensors().items()
        if name.startswith("weight") and tensor.isnan().any()
    ]
    if missing:
        raise Failed(
            f"an update leaves no gradient for {first_and_count(missing)}, or one that is NaN"
        )


def replicas(setting: Setting) -> None:
    """Each replica of a program is as the same cell alone."""
    cells = [setting.cell(0), setting.cell(1, second=True), setting.cell(2)]
    together = harness_of(setting, *cells)
    together.step(4)
    stacked = together.tensors()
    for replica, cell in enumerate(cells):
        alone = harness_of(setting, cell)
        alone.step(4)
        for name, tensor in alone.tensors().items():
            distance = _distance(stacked[name][replica], tensor[0])
            if not distance <= TOLERANCE:
                raise Failed(
                    f"{name}: replica {replica + 1} of 3 is {distance:.1g} from the same cell"
                    " alone; replicas must not mix: their dimension comes first"
                )


def paired_seeds(setting: Setting) -> None:
    """Initial weights and batches are the baseline's; what is drawn follows from the seed."""
    found, other = harness_of(setting), harness_of(setting.baseline())
    unlike = differing(other.program.weights.named, found.program.weights.named)
    if unlike:
        raise Failed(
            f"{first_and_count(unlike)}: initial values differ from the baseline's for the same"
            " seed"
        )
    before = _generators()
    again = harness_of(setting)
    for some in (found, other, again):
        some.step(3)
    if _generators() != before:
        raise Failed("a global random generator was used; draw in `setup(network, draw)` instead")
    random_kept = differing(found.program.kept, again.program.kept)
    if random_kept:
        raise Failed(
            f"kept tensor {first_and_count(random_kept)} is not the same for the same seed"
        )
    for mine, theirs in zip(found.draw(), other.draw(), strict=True):
        if not torch.equal(mine, theirs):
            raise Failed("after 3 updates its batches are not those of the baseline")


def resumes(setting: Setting) -> None:
    """A run that is stopped, saved and resumed is as one that was never stopped."""
    cells = (setting.cell(0), setting.cell(1))
    straight, stopped, other = (harness_of(setting, *cells) for _ in range(3))
    straight.step(4)
    stopped.step(2)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.pt"
        checkpoint.save(path, "check", stopped.program.state())
        state = checkpoint.load(path, "check")
    if state is None:
        raise Failed("its state cannot be saved: network.kept may hold tensors alone")
    other.step(1)  # what a rule keeps outside of its program would show
    resumed = restored(setting, state, *cells)
    resumed.step(2)
    unlike = differing(straight.tensors(), resumed.tensors())
    if unlike:
        raise Failed(
            f"{first_and_count(unlike)} differs after a stop; keep in network.kept all that"
            " lasts from step to step"
        )


def keeps_to_itself(setting: Setting) -> None:
    """The function of a rule moves no weight and keeps its arguments; a probe changes nothing."""
    found = harness_of(setting)
    found.step(1)
    arguments = found.draw()
    given, before = [one.clone() for one in arguments], found.tensors()
    _check_parts(found, arguments)
    found.write(arguments)
    touched = [n for n in differing(before, found.tensors()) if not n.startswith(("run", "kept"))]
    if touched:
        raise Failed(
            f"it changes the {first_and_count(touched)}: a rule writes gradients, and no more"
        )
    if not all(map(torch.equal, given, arguments)):
        raise Failed("it changes its arguments in place")
    plain, probed = harness_of(setting), harness_of(setting)
    for _ in range(3):
        plain.step(1)
        written = probed.program.weights.grads.clone()
        probed.program.probe()
        probed.program.weights.grads.copy_(written)  # `writes_gradients` is about what is left
        probed.step(1)
    unlike = differing(plain.tensors(), probed.tensors())
    if unlike:
        raise Failed(
            f"{first_and_count(unlike)} differs where training is watched; targets must change"
            " nothing"
        )


def one_pass(setting: Setting) -> None:
    """The running statistics of the layers move by one training pass, as the baseline's do."""
    found, other = harness_of(setting), harness_of(setting.baseline())
    for some in (found, other):
        some.write(some.draw())
    unlike = differing(other.program.weights.statistics, found.program.weights.statistics)
    if unlike:
        raise Failed(
            f"after one update the running statistic {first_and_count(unlike)} is not that of one"
            " training pass; evaluation uses it"
        )


def _check_parts(found: RuleHarness, arguments: tuple[Tensor, ...]) -> None:
    """Hold what a `cycle` yields against the parts of the network."""
    parts = getattr(found, "parts", None)
    if parts is None:
        return
    for part in parts(arguments):
        if part not in found.network.parts:
            known = ", ".join(found.network.parts)
            raise Failed(f"cycle yields {part!r}, which is no part of the network: {known}")


def _shapes(tensors: dict[str, Tensor]) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in tensors.items()}


def _distance(one: Tensor, other: Tensor) -> float:
    """Return the largest difference, relative to the larger of 1 and the largest value."""
    if not one.numel():
        return 0.0
    return float((one - other).abs().max() / max(1.0, float(other.abs().max())))


def _generators() -> tuple[object, ...]:
    """Return the states of the global generators, to be compared."""
    ours = torch.get_rng_state().numpy().tobytes()
    return random.getstate(), ours, str(np.random.get_state())
