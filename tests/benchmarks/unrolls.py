"""Table 2's cells for the benchmarks, and the plain baseline.

The baseline is what a PyTorch user would write: `nn.LSTM` on one-hot inputs, autograd,
`torch.optim.Adam` with its defaults.
"""

from itertools import pairwise

import torch
from sgbench.bench.cell import Cell
from sgbench.bench.families.recurrent.network import RecurrentReplicas
from sgbench.reproductions.exhibits.exhibit import expand, load
from torch import Tensor, nn
from torch.nn import functional


def quick_unroll(rule: str, T: int, **changes) -> Cell:
    """Return the Copy cell of Table 2 at `quick` of that rule and T, seed 0."""
    cells = expand(load("table2"), "quick", changes, seeds=1)
    return next(c for c in cells if (c.dataset, c.rule, c.T) == ("copy", rule, T))


class EagerUnroll(nn.Module):
    """BPTT or DNI over T steps, the state carried over.

    Args:
        cell: what to train.
        symbols: size of the input vocabulary.
        classes: number of classes of the readout.
    """

    def __init__(self, cell: Cell, symbols: int, classes: int) -> None:
        super().__init__()
        self.cell, self.symbols, units = cell, symbols, cell.hidden_units
        self.core = nn.LSTM(symbols, units)
        self.core.bias_hh_l0.requires_grad_(False).zero_()  # one bias, as ours
        self.readout = nn.Linear(units, classes)
        self.model = None
        if cell.sg_layers is not None:
            sizes = [units] + [cell.sg_units] * cell.sg_layers
            hidden = [part for a, b in pairwise(sizes) for part in (nn.Linear(a, b), nn.ReLU())]
            self.model = nn.Sequential(*hidden, nn.Linear(sizes[-1], 2 * units))
        self.to(getattr(torch, cell.precision))
        trained = [p for p in self.parameters() if p.requires_grad]
        self.optimizer = torch.optim.Adam(trained, lr=cell.learning_rate)
        zero = torch.zeros(1, cell.batch_size, units, dtype=getattr(torch, cell.precision))
        self.state = (zero, zero.clone())

    def update(self, inputs: Tensor, targets: Tensor) -> None:
        """Do one update on codes and targets [T, B]."""
        self.optimizer.zero_grad()
        x = functional.one_hot(inputs, self.symbols).to(self.readout.weight.dtype)
        start = [part.detach().requires_grad_(self.model is not None) for part in self.state]
        outputs, state = self.core(x, tuple(start))
        logits = self.readout(outputs).flatten(0, 1)
        loss = functional.cross_entropy(
            logits, targets.flatten(), ignore_index=-1, reduction="sum"
        ) / len(inputs[0])
        self.state = tuple(part.detach() for part in state)
        if self.model is None:
            loss.backward()
        else:
            self._synthetic(loss, start, state)
        self.optimizer.step()

    def _synthetic(self, loss: Tensor, start: list[Tensor], state: tuple[Tensor, ...]) -> None:
        cell, batch = self.cell, self.cell.batch_size
        with torch.no_grad():
            said = (self.model(state[0][0]) / cell.sg_scale).unsqueeze(0).chunk(2, 2)
        rest = torch.autograd.grad(state, start, said, retain_graph=True)
        factored = [cell.sg_factor * part for part in said]
        torch.autograd.backward([loss, *state], [None, *factored])
        target = [
            part.grad + (1 - cell.sg_factor) * more for part, more in zip(start, rest, strict=True)
        ]
        predicted = self.model(start[0][0].detach())
        error = predicted - cell.sg_scale * torch.cat(target, 2)[0]
        (error.square().sum() / batch).backward()

    def load(self, network: RecurrentReplicas) -> None:
        """Take the weights of replica 0."""
        named, units = network.weights.named, self.cell.hidden_units
        i, f, o, g = named["core.weight"][0].split(units)
        weight = torch.cat([i, f, g, o])  # torch's order of gates
        with torch.no_grad():
            self.core.bias_ih_l0.copy_(weight[:, 0])
            self.core.weight_ih_l0.copy_(weight[:, 1 : 1 + self.symbols])
            self.core.weight_hh_l0.copy_(weight[:, 1 + self.symbols :])
            layers = [("readout", self.readout)]
            if self.model is not None:
                *hidden, last = [part for part in self.model if isinstance(part, nn.Linear)]
                layers += [(f"sg.hidden{j}", part) for j, part in enumerate(hidden)]
                layers.append(("sg.output", last))
            for name, part in layers:
                part.weight.copy_(named[f"{name}.weight"][0])
                part.bias.copy_(named[f"{name}.bias"][0])
