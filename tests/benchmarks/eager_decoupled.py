"""The baseline with update masks: decoupled layers as a PyTorch user would write them.

Every layer, M and I is a module with an optimiser of its own; a module that the mask makes active
does its backward and its optimiser's step. `lean` tells whether forward passes that nobody needs
are left out too (M's where no layer beside it is active, I's, the classifier's), or, as public code
has it, only updates go by the mask.
"""

from itertools import pairwise

import torch
from benchmarks.eager import Eager
from sgbench.bench.cell import Cell
from sgbench.bench.datasets import Data
from torch import Tensor, nn
from torch.nn import functional


class Decoupled(Eager):
    """A network whose layers go by an update mask.

    Args:
        cell: what to train; its learning rate is never dropped.
        data: the dataset.
        lean: see above.
    """

    def __init__(self, cell: Cell, data: Data, *, lean: bool = True) -> None:
        super().__init__(cell, data)
        self.lean, self.inputs = lean, nn.ModuleList()
        if cell.decoupled == "both":
            sizes = [self.images.shape[1]] + [cell.si_units] * cell.si_layers
            for _ in self.hidden:
                layers = [self._hidden(a, b) for a, b in pairwise(sizes)]
                last = nn.Linear(sizes[-1], cell.hidden_units)
                self.inputs.append(nn.Sequential(*layers, last))
            self.inputs.to(getattr(torch, cell.precision))
        blocks = [*self.hidden, self.classifier, *self.models, *self.inputs]
        self.optimizers = {
            block: torch.optim.Adam(block.parameters(), lr=cell.learning_rate) for block in blocks
        }
        self.source = torch.Generator().manual_seed(cell.seed)

    def update(self, index: Tensor, active: list[bool] | None = None) -> None:
        """Do one update on the training examples `index` [B]; the mask is drawn if not given."""
        if active is None:
            drawn = torch.rand(self.cell.depth, generator=self.source, dtype=torch.float64)
            active = (drawn < self.cell.p_update).tolist()
        x = self.images[index].to(getattr(torch, self.cell.precision)) / self.pixel_max
        labels = self.labels[index]
        scale, below, h = self.cell.sg_scale, None, x
        for i, (layer, model) in enumerate(zip(self.hidden, self.models, strict=True)):
            needed = active[i] or active[i + 1] or not self.lean
            taken = h.detach().requires_grad_(below is not None)
            if active[i] or not self.inputs:
                h = layer(taken)
            if self.inputs and needed:
                h = self._given(i, x, h, active)
            if not needed:
                below = None
                continue
            prediction = model(self._seen(h.detach(), labels))
            if active[i]:
                self.zero(layer)
                h.backward(prediction.detach() / scale)
                self._learn(below, taken, scale)
                self.optimizers[layer].step()
            below = (model, prediction)
        if active[-1] or not self.lean:
            taken = h.detach().requires_grad_()
            loss = functional.cross_entropy(self.classifier(taken), labels)
            if active[-1]:
                self.zero(self.classifier)
                loss.backward()
                self._learn(below, taken, scale)
                self.optimizers[self.classifier].step()

    def _given(self, i: int, x: Tensor, h: Tensor, active: list[bool]) -> Tensor:
        """Let I learn from h where its layer ran; return h there and I(x) elsewhere."""
        guess = self.inputs[i](x)
        if not active[i]:
            return guess
        self.zero(self.inputs[i])
        self._regress(guess, h.detach())
        self.optimizers[self.inputs[i]].step()
        return h

    def _learn(self, below: tuple[nn.Module, Tensor] | None, taken: Tensor, scale: float) -> None:
        if below is not None:
            model, prediction = below
            self.zero(model)
            self._regress(prediction, scale * taken.grad)
            self.optimizers[model].step()

    def zero(self, block: nn.Module) -> None:
        """Forget a block's gradients."""
        self.optimizers[block].zero_grad()

    def state(self) -> dict[str, Tensor]:
        """Return {name: parameter or running statistic}, named as in `FeedForwardReplicas`."""
        found = super().state()
        for i, (*hidden, last) in enumerate(self.inputs):
            found |= self.named({f"si{i}.hidden{j}": layer for j, layer in enumerate(hidden)})
            found |= self.named({f"si{i}.last": last})
        return found
