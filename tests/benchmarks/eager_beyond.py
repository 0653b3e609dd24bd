"""The baseline of the rules that came after the paper: the same maths, as a PyTorch user writes it.

Modules, autograd a layer at a time, `torch.optim.Adam`; `test_eager.py` holds them against ours.
"""

from collections.abc import Iterator

import torch
from benchmarks.eager import Eager
from sgbench.bench.cell import Cell
from sgbench.bench.datasets import Data
from torch import Tensor, nn
from torch.nn import functional

RULES = (
    *("deep_supervision", "fa", "dfa", "drtp", "local_pred", "local_sim", "local_predsim"),
    *("mono_forward", "forward_forward"),
)
HEADS = ("deep_supervision", "local_pred", "local_predsim")
SIM_WEIGHT, THRESHOLD = 0.99, 1.0  # the rules' defaults


class Backwards(torch.autograd.Function):
    """W x, whose gradient at x goes through a fixed matrix in place of W."""

    @staticmethod
    def forward(ctx, x, weight, feedback):
        ctx.save_for_backward(x, feedback)
        return functional.linear(x, weight)

    @staticmethod
    def backward(ctx, delta):
        x, feedback = ctx.saved_tensors
        return delta @ feedback, delta.T @ x, None


class Beyond(Eager):
    """A fully connected network that a rule of `RULES` trains.

    Args:
        cell: what to train; its learning rate is never dropped.
        data: the dataset.
        kept: the rule's own fixed matrices, by name.
        wrong: the numbers of U(0, 1) [B] by which Forward-Forward draws wrong labels.
    """

    def __init__(self, cell: Cell, data: Data, kept: dict[str, Tensor], wrong=None) -> None:
        super().__init__(cell, data)
        width, classes = cell.hidden_units, data.classes
        self.kept, self.wrong = kept, wrong or torch.rand
        one = [nn.Linear(width, classes) for _ in self.hidden]
        self.heads = nn.ModuleList(one if cell.rule in HEADS else [])
        outputs = classes if cell.rule == "mono_forward" else width
        linear = [nn.Linear(width, outputs, bias=False) for _ in self.hidden]
        mapped = cell.rule in ("local_sim", "local_predsim", "mono_forward")
        self.maps = nn.ModuleList(linear if mapped else [])
        self.to(getattr(torch, cell.precision)).train()
        self.optimizer = torch.optim.Adam(list(self.learning()), lr=cell.learning_rate)
        self.rule = getattr(self, f"_{cell.rule}")

    def learning(self) -> Iterator[Tensor]:
        """Yield the weights that the rule trains."""
        own = self.cell.rule in ("mono_forward", "forward_forward")
        for name, weight in self.named_parameters():
            if not (own and name.startswith("classifier")):
                yield weight

    def state(self) -> dict[str, Tensor]:
        """Return {name: parameter or running statistic}, named as in `FeedForwardReplicas`."""
        heads = {f"head{i}.output": head for i, head in enumerate(self.heads)}
        maps = {f"map{i}": linear for i, linear in enumerate(self.maps)}
        return super().state() | self.named(heads | maps)

    def _deep_supervision(self, x: Tensor, labels: Tensor) -> None:
        loss = 0
        for layer, head in zip(self.hidden, self.heads, strict=True):
            x = layer(x)
            loss = loss + functional.cross_entropy(head(x), labels)
        (loss + functional.cross_entropy(self.classifier(x), labels)).backward()

    def _fa(self, x: Tensor, labels: Tensor) -> None:
        for i, layer in enumerate(self.hidden):
            if i:
                x = Backwards.apply(x, layer.linear.weight, self.kept[f"feedback{i}"])
                x = functional.relu(layer.norm(x))
            else:
                x = layer(x)
        top, last = self.classifier[1], self.kept[f"feedback{len(self.hidden)}"]
        logits = Backwards.apply(x, top.weight, last) + top.bias
        functional.cross_entropy(logits, labels).backward()

    def _dfa(self, x: Tensor, labels: Tensor) -> None:
        outputs = []
        for layer in self.hidden:
            outputs.append(layer(x))
            x = outputs[-1].detach()
        logits = self.classifier(x)
        functional.cross_entropy(logits, labels).backward()
        with torch.no_grad():
            error = (logits.softmax(1) - self._one_hot(labels, logits)) / len(labels)
        for i, h in enumerate(outputs):
            h.backward(error @ self.kept[f"feedback{i}"].T)

    def _drtp(self, x: Tensor, labels: Tensor) -> None:
        target = self._one_hot(labels, x) / len(labels)
        for i, layer in enumerate(self.hidden):
            h = layer(x)
            h.backward(target @ self.kept[f"feedback{i}"].T)
            x = h.detach()
        functional.cross_entropy(self.classifier(x), labels).backward()

    def _local_pred(self, x: Tensor, labels: Tensor) -> None:
        for layer, head in zip(self.hidden, self.heads, strict=True):
            h = layer(x)
            functional.cross_entropy(head(h), labels).backward()
            x = h.detach()
        functional.cross_entropy(self.classifier(x), labels).backward()

    def _local_sim(self, x: Tensor, labels: Tensor) -> None:
        target = similarity(self._one_hot(labels, x))
        for layer, linear in zip(self.hidden, self.maps, strict=True):
            h = layer(x)
            functional.mse_loss(similarity(linear(h)), target).backward()
            x = h.detach()
        functional.cross_entropy(self.classifier(x), labels).backward()

    def _local_predsim(self, x: Tensor, labels: Tensor) -> None:
        target = similarity(self._one_hot(labels, x))
        for layer, head, linear in zip(self.hidden, self.heads, self.maps, strict=True):
            h = layer(x)
            pred = functional.cross_entropy(head(h), labels)
            sim = functional.mse_loss(similarity(linear(h)), target)
            ((1 - SIM_WEIGHT) * pred + SIM_WEIGHT * sim).backward()
            x = h.detach()
        functional.cross_entropy(self.classifier(x), labels).backward()

    def _mono_forward(self, x: Tensor, labels: Tensor) -> None:
        for layer, matrix in zip(self.hidden, self.maps, strict=True):
            h = layer(x)
            functional.cross_entropy(matrix(h), labels).backward()
            x = h.detach()

    def _forward_forward(self, x: Tensor, labels: Tensor) -> None:
        drawn = (self.wrong(len(labels)) * (self.classes - 1)).long()
        wrong = (labels + 1 + drawn.clamp(max=self.classes - 2)) % self.classes
        h = torch.cat([self._painted(x, labels), self._painted(x, wrong)])
        sign = torch.ones(len(h), dtype=h.dtype)
        sign[: len(labels)] = -1
        for layer in self.hidden:
            h = layer(h)
            above = h.square().sum(1) - THRESHOLD * h.shape[1]
            functional.softplus(sign * above).mean().backward()
            h = h.detach()
            h = h / (h.square().mean(1, keepdim=True).sqrt() + 1e-8)

    def _painted(self, x: Tensor, labels: Tensor) -> Tensor:
        found = x.clone()
        found[:, : self.classes] = self._one_hot(labels, x)
        return found

    def _one_hot(self, labels: Tensor, like: Tensor) -> Tensor:
        return functional.one_hot(labels, self.classes).to(like.dtype)


def similarity(z: Tensor) -> Tensor:
    """Return how alike the rows of z [B, F] are, [B, B]."""
    centred = z - z.mean(1, keepdim=True)
    unit = centred / (centred.norm(dim=1, keepdim=True) + 1e-8)
    return (unit @ unit.T).clamp(-1, 1)
