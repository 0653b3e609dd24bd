"""An LSTM with batch-normalised recurrence, and the layer that makes a message (Figure 8).

    i, f, o, g = N(W x) + N(U h) + b     sigmoid of the first three, tanh of the last
    c' = f c + i g,   h' = o tanh(c')

N(y) = gamma (y - mean) / sqrt(variance + epsilon), over the batch. The paper says no more than
"batch-normalised"; this follows Cooijmans et al. 2016 (arXiv 1603.09025) but for c, which is left
as it is: gamma starts at 0.1, and each step of an unroll has its own running statistics.

Unlike `layers`, nothing here has a written-out pullback: autograd differentiates it. Everything is
[R, features, B].
"""

import torch
from torch import Tensor

from . import recurrent_blueprint
from .dense import EPSILON, MOMENTUM
from .lstm import FORGET_BIAS
from .products import matmul

GAMMA = 0.1
State = tuple[Tensor, Tensor]
"""h and c, each [R, H, B]."""


def normalise(x: Tensor, mean: Tensor, variance: Tensor, mode: str) -> Tensor:
    """Return x [R, F, B] without its mean, by its deviation.

    Args:
        x: the numbers to normalise.
        mean: running mean [R, F].
        variance: running variance [R, F].
        mode: `train` normalises by the batch and moves the running statistics, `batch_only` by the
            batch alone, `evaluate` by the running statistics.
    """
    if mode == "evaluate":
        return (x - mean.unsqueeze(2)) * (variance + EPSILON).rsqrt().unsqueeze(2)
    batch = x.shape[2]
    normal, at, rstd = torch.native_layer_norm(x, [batch], None, None, EPSILON)
    if mode == "train":
        found = rstd.detach().squeeze(2).pow(-2).sub_(EPSILON)  # biased; the running one is not
        mean.lerp_(at.detach().squeeze(2), MOMENTUM)
        variance.lerp_(found.mul_(batch / (batch - 1)), MOMENTUM)
    return normal


class Message:
    """Linear, then batch norm, of `units` to as many; the norm would subtract a bias."""

    def __init__(self, plan: recurrent_blueprint.MessageSpec) -> None:
        self.blueprint = plan

    def bind(
        self, weights: dict[str, Tensor], grads: dict[str, Tensor], stats: dict[str, Tensor]
    ) -> None:
        """Take the weights and the running statistics."""
        del grads
        self.weights, self.stats = weights, stats

    def __call__(self, h: Tensor, mode: str) -> Tensor:
        """Return the message of h, both [R, H, B]; `mode` as for `normalise`."""
        weights = self.weights
        y = matmul(weights["weight"], h)
        normal = normalise(y, self.stats["mean"], self.stats["variance"], mode)
        return normal * weights["gamma"].unsqueeze(2) + weights["beta"].unsqueeze(2)


class BatchNormLSTM:
    """The LSTM of H units on as many inputs; each step has its own running statistics.

    Weights: `input` and `hidden` [4 H, H], `bias` [4 H], in gate order i, f, o, g.
    """

    def __init__(self, plan: recurrent_blueprint.BatchNormLSTMSpec) -> None:
        self.blueprint, self.units = plan, plan.units

    def bind(
        self, weights: dict[str, Tensor], grads: dict[str, Tensor], stats: dict[str, Tensor]
    ) -> None:
        """Take the weights and the running statistics."""
        del grads
        self.weights, self.stats = weights, stats

    def initialise(self) -> None:
        """Set the gammas and the bias, which are not drawn like the weights."""
        self.weights["input_gamma"].fill_(GAMMA)
        self.weights["hidden_gamma"].fill_(GAMMA)
        self.weights["bias"].zero_()
        self.weights["bias"][:, self.units : 2 * self.units] = FORGET_BIAS

    def step(self, x: Tensor, state: State, at: int, mode: str) -> State:
        """Return the state after a step on x [R, H, B].

        Args:
            x: the input.
            state: the state before.
            at: which step of the unroll it is, from 0: whose running statistics are meant.
            mode: as for `normalise`.
        """
        h, c = state
        gates = self._part("input", x, at, mode) + self._part("hidden", h, at, mode)
        i, f, o, g = (gates + self.weights["bias"].unsqueeze(2)).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c

    def _part(self, source: str, x: Tensor, at: int, mode: str) -> Tensor:
        mean, variance = (self.stats[f"{source}_{what}"][:, at] for what in ("mean", "variance"))
        normal = normalise(matmul(self.weights[source], x), mean, variance, mode)
        return normal * self.weights[f"{source}_gamma"].unsqueeze(2)
