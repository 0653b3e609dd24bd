"""The program of pairs of networks: cycles of digits, and the evaluation of both counts.

An iteration is a cycle of T * T steps of data, whatever the rule: what is updated within it, and
how often, is the rule's.
"""

from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from torch import Tensor

from ... import registry
from ...cell import Cell
from ...datasets import Data
from ...nn.adam import Adam
from ...outcome import CurvePoint, EvaluatedPoints, defined
from ..program import ProfiledAttribute, Program, State
from .digit_streams import EVALUATED_CYCLES, EVALUATED_STREAMS, WARM_UP, DigitStreams
from .network import PairReplicas


class PairProgram(Program):
    """The training state of R pairs.

    Args:
        cells: one for each replica; they may differ in replica axes only.
        data: their dataset.
        device: where to train.
        clock: tells the seconds of training so far.
    """

    def __init__(
        self,
        cells: Sequence[Cell],
        data: Data,
        device: torch.device,
        clock: Callable[[], float] = lambda: 0.0,
    ) -> None:
        super().__init__(cells, device, clock)
        self.streams = DigitStreams(cells, data, device)
        self.network = PairReplicas(cells, self.streams.pixels, device)
        self.weights, self.kept = self.network.weights, self.network.kept
        self._parts = list(self.network.parts)
        self.adam = Adam(self.weights.flat, self.weights.grads, list(self.network.parts.values()))
        self._rule = registry.RULES.module(cells[0].rule)
        self._held: tuple[list[float], list[float]] = ([], [])
        self.summed = torch.zeros(len(cells), dtype=torch.float64, device=device)
        """Mean losses of A and B, added up over the cycles since the last evaluation, nats."""
        self.cycles = 0
        self.diverged = torch.zeros(len(cells), dtype=torch.int64, device=device)
        self.count = torch.zeros((), dtype=torch.int64, device=device)
        """The cycles done, as the device knows them."""

    def _move(self, part: str) -> None:
        """Update the weights of a, b or m with their gradients."""
        moving = [name == part for name in self._parts]
        self.move([moving] * len(self.cells))

    def inputs(self) -> tuple[Tensor, ...]:
        """Return the next T * T steps of the streams: a `digit_streams.Cycle`."""
        return self.streams.training(self.iteration)

    def update(self, digits: Tensor, odd: Tensor, threes: Tensor) -> None:
        """Do one cycle on what a `digit_streams.Cycle` holds, and is no part of the streams."""
        self.set_rates()
        self.learn(digits, odd, threes)
        self.advance()

    def learn(self, digits: Tensor, odd: Tensor, threes: Tensor) -> None:
        """Do one cycle on what a `digit_streams.Cycle` holds."""
        self.network.clear()
        with torch.enable_grad():
            for part in self._rule.cycle(self.network, digits, odd, threes):
                self._move(part)
        self.count.add_(1)
        own, other = self.network.losses.double()
        loss = own / self.network.T + other
        self.summed += loss
        self.diverged.masked_fill_(~torch.isfinite(loss) & (self.diverged == 0), self.count)

    def advance(self) -> None:
        """Count a cycle."""
        super().advance()
        self.cycles += 1

    def replaced(self) -> list[Tensor]:
        """Return the carried states of A and B."""
        return [tensor for state in self.network.states.values() for tensor in state]

    def replace(self, tensors: Sequence[Tensor]) -> None:
        """Go on from other states."""
        pairs = zip(tensors[::2], tensors[1::2], strict=True)
        self.network.states = dict(zip(self.network.states, pairs, strict=True))

    def evaluate(self) -> tuple[list[float], list[float], list[float]]:
        """Return the percent of A's and of B's counts that are wrong, and their mean losses added.

        On streams of held-out digits, by the running statistics, from states of rest.
        """
        network, T, R = self.network, self.network.T, len(self.cells)
        wrong = torch.zeros(2, R, dtype=torch.float64, device=self.summed.device)
        with network.apart("evaluate", network.rest(EVALUATED_STREAMS)), torch.no_grad():
            for number in range(WARM_UP + EVALUATED_CYCLES):
                if number == WARM_UP:
                    network.clear()
                    wrong.zero_()
                found = self.streams.held(number)
                odd, threes = found.odd.expand(R, -1, -1), found.threes.expand(R, -1)
                for window in range(T):
                    digits = found.digits[:, window].expand(R, -1, -1, -1)
                    logits, message = network.run_a_window(digits)
                    network.loss("a", logits, odd[:, window])
                    wrong[0] += (logits.argmax(1) != odd[:, window]).sum(1)
                    network.step_b(message, window)
                logits = network.b_logits()
                network.loss("b", logits, threes)
                wrong[1] += (logits.argmax(1) != threes).sum(1)
            own, other = network.losses.double() / EVALUATED_CYCLES
        counted = EVALUATED_CYCLES * EVALUATED_STREAMS / 100
        return (
            _numbers(wrong[0] / (counted * T)),
            _numbers(wrong[1] / counted),
            _numbers(own / T + other),
        )

    def evaluate_all(self) -> EvaluatedPoints:
        """Evaluate every replica: return the point of its curve, and when it diverged."""
        *errors, losses = self.evaluate()
        self._held = errors[0], errors[1]
        sg_loss, sg_cosine = self.probe()
        bad = ~torch.isfinite(torch.tensor(losses, device=self.diverged.device))
        self.diverged.masked_fill_(bad & (self.diverged == 0), self.iteration)
        diverged = cast("list[int]", self.diverged.tolist())
        trained = _numbers(self.summed / max(1, self.cycles))
        self.summed.zero_()
        self.cycles = 0
        return [
            (
                CurvePoint(
                    iteration=self.iteration,
                    seconds=self.clock(),
                    train_loss=trained[r],
                    error_a=errors[0][r],
                    error_b=errors[1][r],
                    sg_loss=None if sg_loss is None else [sg_loss[r]],
                    sg_cosine=None if sg_cosine is None else defined([sg_cosine[r]]),
                ),
                diverged[r] or None,
            )
            for r in range(len(self.cells))
        ]

    def results(self) -> list[dict[str, Any]]:
        """Return the final numbers of every replica, by the names of `Outcome`'s fields.

        They are of the last `evaluate_all`.
        """
        return [{"error_a": a, "error_b": b} for a, b in zip(*self._held, strict=True)]

    def probe(self) -> tuple[list[float] | None, list[float] | None]:
        """Return M's loss, and the cosine of its predictions and the true gradients.

        Of a fixed cycle of training digits, from the states as they are carried, at the weights
        as they are; all T messages taken as one vector. The cosine is NaN where one of the two
        is zero; None without M.
        """
        network = self.network
        if network.model is None:
            return None, None
        found, messages = self.streams.probe(), list[Tensor]()
        with network.apart("batch_only", network.states), torch.enable_grad():
            for window in range(network.T):
                _, message = network.run_a_window(found.digits[:, window])
                messages.append(message.detach().requires_grad_())
                network.step_b(messages[-1], window)
            loss = network.loss("b", network.b_logits(), found.threes)
            true = network.learn("", [loss], at=messages)
            loss = network.sg_loss(messages, true).detach()
            said = [network.synthetic_gradient(message) for message in messages]
        one, other = (torch.cat(some, 1).flatten(1).double() for some in (said, true))
        return _numbers(loss), _numbers(torch.cosine_similarity(one, other, 1, eps=0))

    def profiled_attributes(self) -> list[ProfiledAttribute]:
        """Return what the parts of a step's profile are."""
        parts = {
            **dict.fromkeys(("run_a_window", "step_b", "b_logits", "loss"), "forward"),
            "learn": "backward",
            "synthetic_gradient": "m",
            "learn_synthetic_gradient": "m",
        }
        return [ProfiledAttribute(self.network, method, part) for method, part in parts.items()]

    def _own_state(self) -> State:
        return {
            "states": {name: {"h": h, "c": c} for name, (h, c) in self.network.states.items()},
            "summed": self.summed,
            "cycles": self.cycles,
            "diverged": self.diverged,
        }

    def _restore_own(self, state: State) -> None:
        self.cycles = state["cycles"]
        self.count.fill_(self.iteration)
        for name, held in state["states"].items():
            self.network.states[name] = held["h"].to(self.device), held["c"].to(self.device)
        self.summed.copy_(state["summed"])
        self.diverged.copy_(state["diverged"])


def _numbers(values: Tensor) -> list[float]:
    return cast("list[float]", values.tolist())
