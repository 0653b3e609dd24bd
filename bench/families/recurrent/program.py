"""The program of recurrent cells: unrolls of streams, a curriculum, and held-out text.

A generated task has a curriculum that is climbed; a text is evaluated by the bits per character of
its held-out parts.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from torch import Tensor

from ... import registry
from ...cell import Cell
from ...datasets import Episodes, Text
from ...nn.adam import Adam
from ...outcome import CurvePoint, EvaluatedPoints, Solved, defined
from ..program import ProfiledAttribute, Program, State
from .bits_per_character import bits_per_character
from .curriculum import windows
from .estimates import PROBE_STEPS, PROBE_STREAMS
from .network import RecurrentReplicas, softmax_loss
from .streams import EpisodeStream, TextStream

NATS = math.log(2)
"""Nats in a bit."""
_REPLACED = ("state", "loss", "sg_loss", "aux_loss")


class RecurrentProgram(Program):
    """The training state of R recurrent cells.

    Args:
        cells: one for each replica; they may differ in replica axes only.
        data: their task or text.
        device: where to train.
        clock: tells the seconds of training so far.
    """

    def __init__(
        self,
        cells: Sequence[Cell],
        data: Episodes | Text,
        device: torch.device,
        clock: Callable[[], float] = lambda: 0.0,
    ) -> None:
        super().__init__(cells, device, clock)
        self.data = data
        self.T, self.streams = cells[0].need("T"), cells[0].batch_size
        if isinstance(data, Text):
            self.stream = TextStream(cells, data, device)
        else:
            self.stream = EpisodeStream(cells, data, device)
        self.network = RecurrentReplicas(cells, self.stream.symbols, self.stream.classes, device)
        self.weights, self.kept = self.network.weights, self.network.kept
        flat = self.weights.flat
        self.adam = Adam(flat, self.weights.grads, [slice(0, flat.shape[1])])
        self._rule = registry.RULES.module(cells[0].rule)
        count = len(cells)
        # loss and counted symbols: since the last evaluation, and in the window
        self.sums = torch.zeros(4, count, dtype=torch.float64, device=device)
        self.diverged = torch.zeros(count, dtype=torch.int64, device=device)
        self.count = torch.zeros((), dtype=torch.int64, device=device)
        """The updates done, as the device knows them."""
        self.best: list[float | None] = [None] * count
        self.waited = [0] * count
        self.best_weights = flat.clone() if isinstance(data, Text) else flat[:, :0]

    def inputs(self) -> tuple[Tensor, Tensor]:
        """Return the codes and targets [R, T, B] of the next T steps of the streams."""
        found = self.stream.peek(self.T, self.streams)
        self.stream.advance(self.T)
        return found

    def learn(self, inputs: Tensor, targets: Tensor) -> None:
        """Do one update on codes and targets [R, T, B]."""
        self._rule.unroll(self.network, inputs, targets)
        self.move()
        self.count.add_(1)
        loss = self.network.loss.double()
        counted = (targets >= 0).sum((1, 2), dtype=torch.float64)
        self.sums.add_(torch.stack((loss, counted, loss, counted)))
        bad = (loss - loss != 0) & (self.diverged == 0)  # of infinity and of NaN it is NaN
        self.diverged.masked_fill_(bad, self.count)

    def advance(self) -> None:
        """Count an update, and climb the curriculum where there is one."""
        super().advance()
        if isinstance(self.stream, EpisodeStream):
            self._climb(self.stream)

    def update(self, inputs: Tensor, targets: Tensor) -> None:
        """Do one update on codes and targets [R, T, B] that are no part of the streams."""
        self.set_rates()
        self.learn(inputs, targets)
        super().advance()

    def replaced(self) -> list[Tensor]:
        """Return the carried state and the losses of the last unroll."""
        return [getattr(self.network, name) for name in _REPLACED]

    def replace(self, tensors: Sequence[Tensor]) -> None:
        """Go on with another state and other losses."""
        for name, tensor in zip(_REPLACED, tensors, strict=True):
            setattr(self.network, name, tensor)

    @property
    def phase(self) -> int:
        """Which of its tapes the network runs on next."""
        return self.network.phase

    def turn(self) -> None:
        """Go on to the next tape."""
        self.network.next_tape()

    def _climb(self, stream: EpisodeStream) -> None:
        """Raise the level of every replica whose window ends here, at few enough bits."""
        least, below = self.cells[0].need("solve_window"), self.cells[0].need("solve_bits")
        begins, ends = list[int](), list[int]()
        for r in range(len(self.cells)):
            level, since = stream.task.levels[stream.level[r]], stream.time - stream.began[r]
            window = windows(len(level.source), self.T, least)
            if since == window.first or window.ends(since):
                begins.append(r)
            if window.ends(since):
                ends.append(r)
        if not begins:
            return
        sums = cast("list[list[float]]", self.sums[2:].T.tolist()) if ends else []
        self._forget_window(begins)
        for r in ends:
            level, (loss, counted) = stream.task.levels[stream.level[r]], sums[r]
            if not counted or not loss / counted / NATS < below:
                continue
            if self.progression[r] and self.progression[r][-1].length == level.length:
                continue  # the last level, solved again
            solved = Solved(
                length=level.length,
                symbols=level.copied,
                repeats=level.repeats,
                iteration=self.iteration,
                data_steps=self.iteration * self.T,
                seconds=self.clock(),
            )
            self.progression[r].append(solved)
            stream.raise_level(r)

    def _forget_window(self, replicas: Sequence[int]) -> None:
        """Begin the sums of a window anew."""
        if len(replicas) == len(self.cells):
            self.sums[2:] = 0
        else:
            self.sums[2:, replicas] = 0

    def longest(self, replica: int) -> int:
        """Return T_task of the longest level that a replica has solved, 0 before the first."""
        solved = self.progression[replica]
        return solved[-1].length if solved else 0

    def evaluate_all(self) -> EvaluatedPoints:
        """Evaluate every replica: return the point of its curve, and when it diverged."""
        loss, counted = (cast("list[float]", row.tolist()) for row in self.sums[:2])
        self.sums[:2] = 0
        held = self._validate()
        if held is not None:  # what no longer predicts has diverged, whatever it was trained on
            bad = ~torch.isfinite(torch.tensor(held, device=self.diverged.device))
            self.diverged.masked_fill_(bad & (self.diverged == 0), self.iteration)
        cosines = self.probe()
        diverged = cast("list[int]", self.diverged.tolist())
        sg, aux = (
            cast("list[float]", x.tolist()) for x in (self.network.sg_loss, self.network.aux_loss)
        )
        found: EvaluatedPoints = []
        for r in range(len(self.cells)):
            train = loss[r] / counted[r] if counted[r] else math.nan
            bits = train / NATS if held is None else held[r]
            point = CurvePoint(
                iteration=self.iteration,
                seconds=self.clock(),
                bits=bits,
                train_loss=train if counted[r] else None,
                longest=self.longest(r) if held is None else None,
                sg_loss=None if self.network.model is None else [sg[r]],
                sg_cosine=None if cosines is None else defined([cosines[r]]),
                aux_loss=None if self.network.auxiliary is None else aux[r],
            )
            found.append((point, diverged[r] or None))
        return found

    def _validate(self) -> list[float] | None:
        """Return the bits per character of the validation text; None for a generated task."""
        if not isinstance(self.data, Text):
            return None
        bits = bits_per_character(self.network, self.data.valid)
        for r, value in enumerate(bits):
            lowest, stopped = self.best[r], self.stopped(r)
            if stopped:
                continue
            if lowest is None or value < lowest:
                self.best[r], self.waited[r] = value, 0
                self.best_weights[r] = self.network.weights.flat[r]
            else:
                self.waited[r] += 1
        return bits

    def stopped(self, replica: int) -> bool:
        """True once a replica has waited `patience` evaluations for a lower validation error."""
        if not isinstance(self.data, Text):
            return False  # a task has no held-out text
        patience: int = self.cells[replica].need("patience")
        return 0 < patience <= self.waited[replica]

    def results(self) -> list[dict[str, Any]]:
        """Return the final numbers of every replica, by the names of `Outcome`'s fields."""
        if not isinstance(self.data, Text):
            return [{"longest": self.longest(r)} for r in range(len(self.cells))]
        test: list[float | None] = [None] * len(self.cells)
        if self.cells[0].split == "test":
            flat = self.network.weights.flat
            last = flat.clone()
            flat.copy_(self.best_weights)
            test = [*bits_per_character(self.network, self.data.test)]
            flat.copy_(last)
        pairs = zip(self.best, test, strict=True)
        return [{"validation_bits": valid, "test_bits": bits} for valid, bits in pairs]

    def probe(self) -> list[float] | None:
        """Return the cosine of the synthetic gradient at the carried state with the true gradient.

        The true one is that of the next `PROBE_STEPS` steps' losses on the first `PROBE_STREAMS`
        streams, at the weights as they are; NaN where one of the two is zero, None without M.
        """
        network = self.network
        if network.model is None:
            return None
        streams = min(PROBE_STREAMS, self.streams)
        inputs, targets = self.stream.peek(PROBE_STEPS, streams)
        tape = network.core.tape(PROBE_STEPS, streams)
        state = network.state[:, :, :streams].contiguous()
        network.core.forward(tape, inputs, state)
        logits = network.readout.evaluate(tape.outputs.flatten(2))
        _, delta = softmax_loss(logits, targets.flatten(1))
        weight: Tensor = network.weights.named["readout.weight"]
        operand, product = network.core.arithmetic.operand, network.core.arithmetic.product
        outputs = product(operand(weight).mT, operand(delta))
        deltas = outputs.view(-1, network.core.units, PROBE_STEPS, streams)
        true = network.core.pull(tape, deltas, None)
        assert true is not None
        said = network.synthetic_gradient(state).flatten(1).double()
        cosine = torch.cosine_similarity(said, true.flatten(1).double(), 1, eps=0)
        return cast("list[float]", cosine.tolist())

    def profiled_attributes(self) -> list[ProfiledAttribute]:
        """Return what the parts of a step's profile are."""
        network, models = self.network, ("synthetic_gradient", "learn_synthetic_gradient")
        core = (("forward", "forward"), ("pull", "backward"), ("learn", "backward"))
        return [
            ProfiledAttribute(network, "readout", "forward", "backward"),
            *(ProfiledAttribute(network.core, method, part) for method, part in core),
            *(ProfiledAttribute(network, method, "m") for method in (*models, "auxiliary_deltas")),
        ]

    def _own_state(self) -> State:
        return {
            "network": self.network.carried(),
            "stream": self.stream.state(),
            "progression": [[solved.to_dict() for solved in some] for some in self.progression],
            "sums": self.sums.T,
            "diverged": self.diverged,
            "best": self.best,
            "waited": self.waited,
            "best_weights": self.best_weights,
        }

    def _restore_own(self, state: State) -> None:
        self.network.carry(state["network"])
        self.stream.restore(state["stream"])
        self.progression = [[Solved(**s) for s in some] for some in state["progression"]]
        self.best, self.waited = state["best"], state["waited"]
        self.count.fill_(self.iteration)
        self.sums.copy_(state["sums"].T)
        for name in ("diverged", "best_weights"):
            getattr(self, name).copy_(state[name])
