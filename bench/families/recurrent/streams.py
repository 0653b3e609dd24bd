"""Endless streams of symbols for a recurrent program: B in parallel a replica.

What stands at a step depends on the seed, the step and (in a curriculum) the level alone: it is
the same whatever the rule and however long an unroll is, and going on in the middle takes no more
than the step's number.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ...cell import Cell
from ...datasets import Episodes, Text
from ...errors import UsageError
from ...nn.seeding import generator

AHEAD = 128  # steps of a generated task that are read at once


class _Ahead(NamedTuple):
    """The part of the streams that has been read ahead."""

    time: int = 0
    of: tuple[int, ...] = ()


class EpisodeStream:
    """Episodes of a generated task, one after another, at each replica's level of the curriculum.

    When a level begins every stream begins anew, each a little later than the one before: at any
    step the streams are at all positions of an episode. Until then a stream reads blanks.

    Args:
        cells: one for each replica.
        task: the task.
        device: where codes and targets are wanted.
    """

    def __init__(self, cells: Sequence[Cell], task: Episodes, device: torch.device) -> None:
        self.task, self.symbols, self.classes = task, task.symbols, task.classes
        self.device, self.streams = device, cells[0].batch_size
        self.seeds = [cell.seed for cell in cells]
        self.time, self.level, self.began = 0, [0] * len(cells), [0] * len(cells)
        self._drawn: list[dict[tuple[int, int], Tensor]] = [{} for _ in cells]
        self._ahead = (_Ahead(), *torch.empty(2, 0, 0, 0))

    def peek(self, steps: int, streams: int) -> tuple[Tensor, Tensor]:
        """Return the coming codes and targets [R, steps, streams].

        They are read `AHEAD` steps at once: small unrolls would spend more on reading few.
        """
        ahead, codes, targets = self._ahead
        at = self.time - ahead.time
        of = (streams, *self.level, *self.began)
        if of != ahead.of or not 0 <= at <= codes.shape[1] - steps:
            count, at = max(steps, AHEAD), 0
            read: dict[tuple[int, int, int], tuple[Tensor, Tensor]] = {}
            for r, same in enumerate(self._same()):  # replicas of a seed and level see the same
                if same not in read:
                    read[same] = self._read(r, count, streams)
            pairs = [read[same] for same in self._same()]
            codes, targets = (
                torch.stack(some).to(self.device) for some in zip(*pairs, strict=True)
            )
            self._ahead = (_Ahead(self.time, of), codes, targets)
        return codes[:, at : at + steps], targets[:, at : at + steps]

    def _same(self) -> list[tuple[int, int, int]]:
        """Return for each replica what its streams depend on: seed, level, and when it began."""
        return list(zip(self.seeds, self.level, self.began, strict=True))

    def advance(self, steps: int) -> None:
        """Go on by so many steps."""
        self.time += steps

    def raise_level(self, replica: int) -> bool:
        """Begin the next level now; False where there is none (the last one goes on)."""
        if self.level[replica] + 1 == len(self.task.levels):
            return False
        self.level[replica] += 1
        self.began[replica] = self.time
        return True

    def _read(self, replica: int, steps: int, streams: int) -> tuple[Tensor, Tensor]:
        level = self.task.levels[self.level[replica]]
        source, constant, wanted = (
            torch.tensor(part) for part in (level.source, level.constant, level.wanted)
        )
        length = len(source)
        delay = torch.arange(streams) * length // self.streams
        time = torch.arange(steps) + (self.time - self.began[replica])
        since = time.unsqueeze(1) - delay  # [steps, streams], negative before a stream begins
        episode, position = since.div(length, rounding_mode="floor"), since % length
        first, last = int(episode.min()), int(episode.max())
        drawn = torch.stack([self._symbols(replica, e) for e in range(first, last + 1)])
        stream, place = torch.arange(streams).expand_as(since), episode - first

        def symbol(number: Tensor) -> Tensor:
            return drawn[place, number[position].clamp(min=0), stream]

        here, target = source[position], wanted[position]
        codes = torch.where(here >= 0, symbol(source), constant[position])
        codes = torch.where(episode < 0, constant[-1], codes)  # an episode ends in blanks
        targets = torch.where((target >= 0) & (episode >= 0), symbol(wanted), -1)
        self._forget(replica, first)
        return codes, targets

    def _symbols(self, replica: int, episode: int) -> Tensor:
        """Return what the streams' episodes of this number are of: classes [N, B]."""
        key, kept = (self.level[replica], episode), self._drawn[replica]
        if key not in kept:
            copied = self.task.levels[key[0]].copied
            source = generator(self.seeds[replica], f"episode/{key[0]}/{episode}")
            size = (copied, self.streams)
            kept[key] = torch.randint(self.task.classes, size, generator=source)
        return kept[key]

    def _forget(self, replica: int, first: int) -> None:
        kept, level = self._drawn[replica], self.level[replica]
        for key in [k for k in kept if k[0] != level or k[1] < first]:
            del kept[key]

    def state(self) -> dict[str, Any]:
        """Return what a resumed run needs to go on at the same step."""
        return {"time": self.time, "level": [*self.level], "began": [*self.began]}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up what `state` returned."""
        self.time, self.level, self.began = state["time"], state["level"], state["began"]


class TextStream:
    """A text read at B places at once, evenly apart, over and over; a target is the next symbol.

    Args:
        cells: one for each replica; its seed gives the place where its first stream begins.
        text: the text.
        device: where it is kept.
    """

    def __init__(self, cells: Sequence[Cell], text: Text, device: torch.device) -> None:
        self.symbols = self.classes = len(text.alphabet)
        self.codes = torch.as_tensor(text.train).to(device).long()
        size, streams = len(self.codes), cells[0].batch_size
        if streams > size:
            raise UsageError(f"batch_size={streams} is more than the {size} characters of the text")
        offsets = [
            int(torch.randint(size, (), generator=generator(c.seed, "order"))) for c in cells
        ]
        apart = torch.arange(streams, device=device) * (size // streams)
        self._begin = torch.tensor(offsets, device=device).view(-1, 1, 1) + apart
        self.time = 0

    def peek(self, steps: int, streams: int) -> tuple[Tensor, Tensor]:
        """Return the coming codes and targets [R, steps, streams]."""
        ahead = torch.arange(steps, device=self.codes.device).view(1, -1, 1) + self.time
        at = (self._begin[:, :, :streams] + ahead) % len(self.codes)
        return self.codes[at], self.codes[(at + 1) % len(self.codes)]

    def advance(self, steps: int) -> None:
        """Go on by so many steps."""
        self.time += steps

    def state(self) -> dict[str, Any]:
        """Return what a resumed run needs to go on at the same step."""
        return {"time": self.time}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up what `state` returned."""
        self.time = state["time"]
