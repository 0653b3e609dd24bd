"""The baseline: the same networks and rules, as a PyTorch user would write them.

Modules, autograd a layer at a time, `torch.optim.Adam` with its defaults, convolutions in torch's
default memory layout, batches indexed from uint8 tensors. The maths is ours, to rounding:
`test_eager.py` holds the two against each other.
"""

from itertools import pairwise

import torch
from sgbench.bench.cell import Cell
from sgbench.bench.datasets import Data
from torch import Tensor, nn
from torch.nn import functional


class Hidden(nn.Module):
    """Linear or convolution, batch norm, ReLU and, in a CNN's hidden layers, pooling."""

    def __init__(self, linear: nn.Module, norm: nn.Module, pool: nn.Module | None = None) -> None:
        super().__init__()
        self.linear, self.norm = linear, norm
        self.pool = pool or nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.pool(functional.relu(self.norm(self.linear(x))))


class Eager(nn.Module):
    """A network, its Ms, its optimiser and its data.

    Args:
        cell: what to train; its learning rate is never dropped.
        data: the dataset.
    """

    def __init__(self, cell: Cell, data: Data) -> None:
        super().__init__()
        self.cell, self.classes = cell, data.classes
        self.fully_connected = cell.network == "fcn"
        self.images = torch.as_tensor(data.train_images)
        self.labels = torch.as_tensor(data.train_labels)
        if self.fully_connected:
            self.images = self.images.flatten(1)
        self.pixel_max = data.pixel_max
        width = cell.hidden_units if self.fully_connected else cell.filters
        sizes = [self.images.shape[1]] + [width] * (cell.depth - 1)
        self.hidden = nn.ModuleList(
            self._hidden(inputs, outputs, self._pool(i))
            for i, (inputs, outputs) in enumerate(pairwise(sizes))
        )
        with torch.no_grad():
            h = torch.zeros(2, *self.images.shape[1:])
            for layer in self.hidden.eval():
                h = layer(h)
        self.classifier = nn.Sequential(nn.Flatten(), nn.Linear(h[0].numel(), data.classes))
        self.models = nn.ModuleList()
        if cell.sg_layers is not None:
            self.models.extend(self._model(width) for _ in self.hidden)
        self.to(getattr(torch, cell.precision)).train()
        trained = self.classifier if cell.rule == "no_bprop" else self
        self.optimizer = torch.optim.Adam(trained.parameters(), lr=cell.learning_rate)
        self.order, self.position = torch.randperm(len(self.images)), 0
        rules = {"no_bprop": self._no_bprop, "backprop": self._backprop}
        self.rule = rules.get(cell.rule, self._synthetic)

    def _linear(self, inputs: int, outputs: int, *, bias: bool) -> nn.Module:
        if self.fully_connected:
            return nn.Linear(inputs, outputs, bias=bias)
        kernel = self.cell.kernel_size
        return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=bias)

    def _hidden(self, inputs: int, outputs: int, pool: nn.Module | None = None) -> nn.Module:
        norm = nn.BatchNorm1d if self.fully_connected else nn.BatchNorm2d
        return Hidden(self._linear(inputs, outputs, bias=False), norm(outputs), pool)

    def _pool(self, layer: int) -> nn.Module | None:
        if self.fully_connected:
            return None
        return (nn.AvgPool2d if layer else nn.MaxPool2d)(3, 2, 1)

    def _model(self, width: int) -> nn.Module:
        labels = self.classes if self.cell.rule == "cdni" else 0
        sizes = [width + labels] + [self.cell.sg_units] * self.cell.sg_layers
        hidden = [self._hidden(a, b) for a, b in pairwise(sizes)]
        output = self._linear(sizes[-1], width, bias=True)
        nn.init.zeros_(output.weight)
        nn.init.zeros_(output.bias)
        return nn.Sequential(*hidden, output)

    def step(self) -> None:
        """Do one update on the next batch of a random order."""
        if self.position + self.cell.batch_size > len(self.order):
            self.order, self.position = torch.randperm(len(self.images)), 0
        self.update(self.order[self.position : self.position + self.cell.batch_size])
        self.position += self.cell.batch_size

    def update(self, index: Tensor) -> None:
        """Do one update on the training examples `index` [B]."""
        x = self.images[index].to(getattr(torch, self.cell.precision)) / self.pixel_max
        self.optimizer.zero_grad()
        self.rule(x, self.labels[index])
        self.optimizer.step()

    def _no_bprop(self, x: Tensor, labels: Tensor) -> None:
        with torch.no_grad():
            for layer in self.hidden:
                x = layer(x)
        functional.cross_entropy(self.classifier(x), labels).backward()

    def _backprop(self, x: Tensor, labels: Tensor) -> None:
        for layer in self.hidden:
            x = layer(x)
        functional.cross_entropy(self.classifier(x), labels).backward()

    def _synthetic(self, x: Tensor, labels: Tensor) -> None:
        """DNI and cDNI: each layer updates with what its M predicts, M learns from above."""
        scale, below = self.cell.sg_scale, None
        for layer, model in zip(self.hidden, self.models, strict=True):
            x = x.detach().requires_grad_(below is not None)
            h = layer(x)
            prediction = model(self._seen(h.detach(), labels))
            h.backward(prediction.detach() / scale)
            if below is not None:
                self._regress(below, scale * x.grad)
            below, x = prediction, h
        x = x.detach().requires_grad_()
        functional.cross_entropy(self.classifier(x), labels).backward()
        self._regress(below, scale * x.grad)

    def _seen(self, h: Tensor, labels: Tensor) -> Tensor:
        """What M reads: h, and for cDNI the labels, one-hot, as more features or channels."""
        if self.cell.rule != "cdni":
            return h
        one_hot = functional.one_hot(labels, self.classes).to(h.dtype)
        if not self.fully_connected:
            one_hot = one_hot[:, :, None, None].expand(-1, -1, *h.shape[2:])
        return torch.cat([h, one_hot], 1)

    @staticmethod
    def _regress(prediction: Tensor, target: Tensor) -> None:
        """Take M's gradients: the squared error, summed over units, averaged over the batch."""
        ((prediction - target).square().sum() / len(target)).backward()

    def state(self) -> dict[str, Tensor]:
        """Return {name: parameter or running statistic}, named as in `FeedForwardReplicas`."""
        named = {f"hidden{i}": layer for i, layer in enumerate(self.hidden)}
        named["classifier"] = self.classifier[1]
        for i, (*hidden, output) in enumerate(self.models):
            named |= {f"sg{i}.hidden{j}": layer for j, layer in enumerate(hidden)}
            named[f"sg{i}.output"] = output
        return self.named(named)

    @staticmethod
    def named(parts: dict[str, nn.Module]) -> dict[str, Tensor]:
        """Return {name: tensor} of all that the parts have, each part by its name."""
        found = {}
        for name, part in parts.items():
            linear = part
            if isinstance(part, Hidden):
                linear, norm = part.linear, part.norm
                found |= {f"{name}.gamma": norm.weight, f"{name}.beta": norm.bias}
                found |= {f"{name}.mean": norm.running_mean, f"{name}.variance": norm.running_var}
            found[f"{name}.weight"] = linear.weight
            if linear.bias is not None:
                found[f"{name}.bias"] = linear.bias
        return found
