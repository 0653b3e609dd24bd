"""A staged network as a simulation takes it: how long its stages take, and how they wait."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from ...errors import UsageError, did_you_mean
from ...families.feedforward.stages import HEADS, MODELS
from .engine import Channel, Program
from .schedules import SCHEDULES, UNLOCKED, UNLOCKED_BY, Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MICRO_BATCHES = 4
INBOX = 2
"""Unread messages that an inbox holds in the unlocked schedules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageTimes:
    """Measured seconds of one update of a stage on a whole batch, as in a record's `pipeline`.

    In `data_parallel` a stage is a process: its times are those of the whole network on its share
    of the batch (`whole_network`).

    Attributes:
        forward_seconds: the forward pass.
        backward_seconds: the backward pass.
        model_seconds: all work of M, heads and synthetic inputs; only unlocked schedules have it.
        update_seconds: the optimiser.
        message_seconds: a message to the next stage, one way, with its handling at both ends and
            without delay: of h's size, in `gpipe` and `1f1b` of a micro-batch's (taken to last as
            long where it was not measured, since latency is most of it); of data_parallel an
            all-reduce of the gradients.
        layers: of the stage, the classifier included; its work is spread evenly over them.
        overhead_seconds: of an update beside the four: its batch's labels, and the Python of its
            schedule, which a straggler does as quickly as others.
        target_seconds: the part of an unlocked update that is done only where a target has come.
        send_seconds: the part of a message's time in which it keeps its sender busy.
        read_seconds: likewise its receiver.
        together: the factor by which computing takes longer while all stages compute.
        part_forward_seconds: the forward pass of a micro-batch, since small batches are less
            efficient; not given: its share of `forward_seconds`, as of a record of `gpipe` or
            `1f1b`, whose times are those of all its micro-batches.
        part_backward_seconds: likewise of the backward pass.
    """

    forward_seconds: float
    backward_seconds: float
    model_seconds: float = 0.0
    update_seconds: float = 0.0
    message_seconds: float = 0.0
    layers: int = 1
    overhead_seconds: float = 0.0
    target_seconds: float = 0.0
    send_seconds: float = 0.0
    read_seconds: float = 0.0
    together: float = 1.0
    part_forward_seconds: float | None = None
    part_backward_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """A staged network: how long its stages take and how they wait for one another.

    Attributes:
        stages: their times, bottom first.
        schedule: one of `schedules.SCHEDULES`.
        delay: milliseconds added to every message.
        straggler: the factor by which all computing of the last stage takes longer.
        micro_batches: of a batch, in `gpipe` and `1f1b`.
        inbox: the unread messages that an inbox holds, in the unlocked schedules.
        learns_from: what a stage learns from in the schedule `unlocked`, of
            `schedules.UNLOCKED_BY`.
    """

    stages: Sequence[StageTimes]
    schedule: str
    delay: float = 0.0
    straggler: float = 1.0
    micro_batches: int = MICRO_BATCHES
    inbox: int = INBOX
    learns_from: str = MODELS

    @property
    def late(self) -> int:
        """The number of stages, from the bottom, that learn from what comes late."""
        alone = self.schedule not in UNLOCKED or self.learns_from == HEADS
        return 0 if alone else len(self.stages) - 1

    def program(self, at: Place) -> Program:
        """Return what a stage does."""
        known = UNLOCKED_BY[self.learns_from] if self.schedule == "unlocked" else None
        return (known or SCHEDULES[self.schedule])(at)


def measured_times(rows: Iterable[Mapping[str, Any]]) -> tuple[StageTimes, ...]:
    """Return the times of the stages in a record's `pipeline`, bottom first.

    What a record of an older schema does not have is taken to cost nothing.
    """
    names = [one.name for one in fields(StageTimes)]
    return tuple(
        StageTimes(**{name: row[name] for name in names if row.get(name) is not None})
        for row in rows
    )


def whole_network(
    stages: Sequence[StageTimes], processes: int, all_reduce_seconds: float
) -> tuple[StageTimes, ...]:
    """Return the stages of `data_parallel` that train a network which is cut into `stages`.

    Args:
        stages: the network's.
        processes: how many share a batch; each has the whole network.
        all_reduce_seconds: of the sum of all their gradients, without delay.
    """
    whole = StageTimes(
        forward_seconds=sum(stage.forward_seconds for stage in stages) / processes,
        backward_seconds=sum(stage.backward_seconds for stage in stages) / processes,
        update_seconds=sum(stage.update_seconds for stage in stages),
        message_seconds=all_reduce_seconds,
        layers=sum(stage.layers for stage in stages),
    )
    return (whole,) * processes


def check(pipeline: Pipeline, updates: int) -> None:
    """Raise UsageError where a value does not fit: one line, with the remedy."""
    if pipeline.schedule not in SCHEDULES:
        hint = did_you_mean(pipeline.schedule, SCHEDULES)
        raise UsageError(f"schedule={pipeline.schedule!r} is not known{hint}")
    if pipeline.learns_from not in UNLOCKED_BY:
        hint = did_you_mean(pipeline.learns_from, UNLOCKED_BY)
        raise UsageError(f"learns_from={pipeline.learns_from!r} is not known{hint}")
    if not pipeline.stages:
        raise UsageError("stages is empty: give the times of one stage at least")
    least: list[tuple[str, float | None, int]] = [("delay", pipeline.delay, 0)]
    least += [
        (name, getattr(pipeline, name), 1) for name in ("straggler", "micro_batches", "inbox")
    ]
    least.append(("updates", updates, 1))
    for number, stage in enumerate(pipeline.stages):
        for one in fields(stage):
            bound = int(one.name == "layers")
            least.append((f"{one.name} of stage {number}", getattr(stage, one.name), bound))
        if stage.forward_seconds == 0:
            raise UsageError(f"forward_seconds of stage {number} must be above 0: measure it")
    for name, value, bound in least:
        if value is not None and not (math.isfinite(value) and value >= bound):
            raise UsageError(f"{name} is {value!r}: give a number of at least {bound}")


def places_of(pipeline: Pipeline) -> list[Place]:
    """Return the place of each stage, bottom first, with the straggler's times as they are."""
    count = len(pipeline.stages)
    parts = pipeline.micro_batches
    all_reduce = max(stage.message_seconds for stage in pipeline.stages)
    # around a ring, each process sends 2 (S - 1) messages, one after another
    all_reduce += 2 * (count - 1) * pipeline.delay / 1000

    def place(number: int, times: StageTimes, slower: float) -> Place:
        overhead, target = times.overhead_seconds, min(times.target_seconds, times.model_seconds)

        def part(seconds: float, measured: float | None) -> float:
            own = seconds / parts if measured is None else measured
            return own * slower + overhead / (2 * parts)

        return Place(
            number=number,
            stages=count,
            parts=parts,
            layers=times.layers,
            forward_seconds=times.forward_seconds * slower + overhead,
            backward_seconds=times.backward_seconds * slower,
            model_seconds=(times.model_seconds - target) * slower,
            target_seconds=target * slower,
            update_seconds=times.update_seconds * slower,
            part_forward_seconds=part(times.forward_seconds, times.part_forward_seconds),
            part_backward_seconds=part(times.backward_seconds, times.part_backward_seconds),
            all_reduce_seconds=all_reduce,
        )

    slower = [1.0] * (count - 1) + [pipeline.straggler]
    return [place(number, pipeline.stages[number], slower[number]) for number in range(count)]


def channels_of(pipeline: Pipeline) -> dict[tuple[int, int], Channel]:
    """Return the ways up and down between neighbours, by sender and receiver."""
    channels: dict[tuple[int, int], Channel] = {}
    if pipeline.schedule == "data_parallel":
        return channels
    for below in range(len(pipeline.stages) - 1):
        times = pipeline.stages[below]
        handling = times.send_seconds + times.read_seconds
        for way in ((below, below + 1), (below + 1, below)):
            channels[way] = Channel(
                transfer=max(0.0, times.message_seconds - handling),
                delay=pipeline.delay / 1000,
                sending=times.send_seconds,
                reading=times.read_seconds,
                limit=pipeline.inbox if pipeline.schedule in UNLOCKED else None,
            )
    return channels


def together_of(pipeline: Pipeline) -> float:
    """Return the factor by which computing takes longer while all stages compute.

    It is the mean of the stages': one alone, measured twice, scatters to either side of 1.
    """
    return max(1.0, statistics.fmean(stage.together for stage in pipeline.stages))
