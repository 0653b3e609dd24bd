"""Table 2's cells for the benchmarks: the plain baseline and the limit of one update.

The baseline is what a PyTorch user would write: `nn.LSTM` on one-hot inputs, autograd,
`torch.optim.Adam` with its defaults. The limit is the update's matrix products and one fused Adam.
"""

from itertools import pairwise

import torch
from benchmarks.limit import Limit
from sgbench.bench.cell import Cell
from sgbench.bench.recurrent import RecurrentNetwork
from sgbench.reproductions.exhibit import expand, load
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

    def load(self, network: RecurrentNetwork) -> None:
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


class UnrollLimit(Limit):
    """The calls of one update of BPTT or DNI.

    Args:
        cell: what is trained.
        network: its network; only shapes are read.
    """

    def __init__(self, cell: Cell, network: RecurrentNetwork) -> None:
        self.forward, self.backward = [], []
        shapes = {name: view.shape[1:] for name, view in network.weights.named.items()}
        gates, features = shapes["core.weight"]
        units, T, streams = gates // 4, cell.T, cell.batch_size
        for _ in range(T):
            self._product(gates, features, streams)
        for _ in range(T - 1 if network.model is None else 2 * T):  # M's target needs a second pull
            self._product(units, gates, streams)
        self._product(gates, T * streams, features)
        self._layer(shapes["readout.weight"], T * streams, inputs=True)
        models = [
            shape for name, shape in shapes.items() if name.startswith("sg.") and len(shape) > 1
        ]
        for n, (outputs, inputs) in enumerate(models):
            self._product(outputs, inputs, streams)  # at the end of the unroll
            self._layer((outputs, inputs), streams, inputs=n > 0)  # and learning, at its start
        self._adam(network.weights.flat.numel())

    def _layer(self, shape: tuple[int, ...], columns: int, *, inputs: bool) -> None:
        outputs, features = shape
        self._product(outputs, features, columns)
        self._product(outputs, columns, features)
        if inputs:
            self._product(features, outputs, columns)

    def _product(self, m: int, k: int, n: int) -> None:
        a, b, out = torch.randn(m, k), torch.randn(k, n), torch.empty(m, n)
        self.forward.append(lambda: torch.mm(a, b, out=out))
