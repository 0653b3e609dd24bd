"""The clocks that programs are timed by: the device's own.

    start = clock.mark()
    …
    seconds = clock.between(start, clock.mark())

A mark waits for nothing, so what is measured runs as it does in training; `between` may wait.
"""

import time
from collections.abc import Callable
from typing import Any, Protocol

import torch


class Clock(Protocol):
    """A clock: two marks and the seconds between them."""

    def mark(self) -> Any:
        """Return a mark in the work of the device, here."""
        ...

    def between(self, start: Any, end: Any) -> float:
        """Return the seconds from one mark to a later one."""
        ...


class CpuClock:
    """The clock of a CPU, whose work is done when a call returns.

    `now` tells the time: by the wall, or `time.process_time`, which stands still while other
    processes have the core.
    """

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self._now = now

    def mark(self) -> float:
        """Return the time."""
        return self._now()

    def between(self, start: float, end: float) -> float:
        """Return the seconds from `start` to `end`."""
        return end - start


class EventClock:
    """The clock of a GPU: events in its stream."""

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def mark(self) -> torch.cuda.Event:
        """Return an event that comes when all that was asked for before is done."""
        event = torch.cuda.Event(enable_timing=True)
        event.record(torch.cuda.current_stream(self._device))
        return event

    def between(self, start: torch.cuda.Event, end: torch.cuda.Event) -> float:
        """Wait for `end`; return the seconds from `start` to it."""
        end.synchronize()
        return start.elapsed_time(end) / 1000


def clock_of(device: str, now: Callable[[], float] = time.perf_counter) -> Clock:
    """Return the clock of `cpu`, which tells the time by `now`, or of `cuda:i`."""
    return CpuClock(now) if device == "cpu" else EventClock(torch.device(device))
