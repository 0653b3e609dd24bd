"""Similarity matching: how alike the examples of a batch are, in a layer and by their labels.

    S(z) = clamp(u u^T, -1, 1)      u: rows of z, centred over features, by (their norm + 1e-8)
    loss = mean over all pairs of examples of (S(V h) - S(y))^2

V is a trained linear map. Of convolutional maps z is each map's standard deviation over positions,
the map itself where it has one position (Nokland & Eidnes 2019, arXiv 1901.06656, and the authors'
code, local-loss).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

EPSILON = 1e-8
"""Added to a norm, as in the authors' code."""


def similarity(z: Tensor) -> Tensor:
    """Return S [R, B, B] of features [R, F, B]."""
    unit, _, _ = _unit(z)
    return (unit.mT @ unit).clamp_(-1, 1)


def loss_gradient(z: Tensor, target: Tensor) -> Tensor:
    """Return the gradient at features z [R, F, B] of the loss towards a similarity [R, B, B]."""
    unit, norm, scale = _unit(z)
    found = unit.mT @ unit
    inside = found.abs() <= 1
    error = found.clamp_(-1, 1).sub_(target).mul_(inside)
    delta = unit @ error.mul_(4 / error.shape[1] ** 2)  # S is symmetric: 2 (S - T) from either side
    # through u = c / (|c| + epsilon), then through the centring
    along = (delta * unit).sum(1, keepdim=True) * scale / norm.clamp(min=torch.finfo(z.dtype).tiny)
    delta = delta.sub_(unit * along).div_(scale)
    return delta.sub_(delta.mean(1, keepdim=True))


def loss(z: Tensor, target: Tensor) -> Tensor:
    """Return the loss [R]: the mean squared difference of S of z [R, F, B] and a target."""
    return (similarity(z) - target).square().mean((1, 2))


def of_maps(maps: Tensor, replicas: int) -> Tensor:
    """Return the standard deviation over positions, [R, F, B], of maps [B, R * F, H, W]."""
    seen = _by_map(maps, replicas)
    single = seen.shape[3] == 1
    return (seen.squeeze(3) if single else seen.std(3)).permute(1, 2, 0)


def pull_to_maps(maps: Tensor, delta: Tensor) -> Tensor:
    """Return the gradient at maps [B, R * F, H, W] of one at their deviations, [R, F, B]."""
    seen, delta = _by_map(maps, delta.shape[0]), delta.permute(2, 0, 1).unsqueeze(3)
    if seen.shape[3] == 1:
        return _laid_out(delta, maps)
    deviation, mean = torch.std_mean(seen, 3, keepdim=True)
    least = torch.finfo(maps.dtype).tiny
    share = (seen - mean) / (deviation.clamp(min=least) * (seen.shape[3] - 1))
    return _laid_out(share * delta, maps)


def _laid_out(delta: Tensor, maps: Tensor) -> Tensor:
    return delta.reshape(maps.shape).contiguous(memory_format=torch.channels_last)


def _by_map(maps: Tensor, replicas: int) -> Tensor:
    """Return maps [B, R * F, H, W] as [B, R, F, positions]."""
    return maps.reshape(maps.shape[0], replicas, -1, maps.shape[2] * maps.shape[3])


def _unit(z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return centred rows by their norms [R, F, B], the norms [R, 1, B], and those + epsilon."""
    centred = z - z.mean(1, keepdim=True)
    norm = centred.square().sum(1, keepdim=True).sqrt()
    scale = norm + EPSILON
    return centred / scale, norm, scale
