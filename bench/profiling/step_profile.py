"""Profile of a step: seconds of its forward, backward, M and update parts, and the rest.

    stopwatch = Stopwatch(clock)
    with watching(program, stopwatch):
        program.step()
    seconds = stopwatch.take()

forward: layers, cores and readouts as they run; backward: their pullbacks (of two networks all of
autograd); m: synthetic-gradient models, their predictions and their learning, with synthetic
inputs and auxiliary outputs; update: Adam. The rest (drawing a batch, the loss) is in no part.
"""

import functools
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, cast

from torch import Tensor

from ..families.feedforward.network import Head
from ..families.program import ProfiledAttribute, Program
from ..nn.layers import LayerStack, Pullback
from ..nn.synthetic_gradient import SyntheticGradient
from .clock import Clock

PARTS = ("forward", "backward", "m", "update")


class Stopwatch:
    """Adds up the time of each part; what is called within a part belongs to it."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._within = clock, False
        self._marks: list[tuple[str, Any, Any]] = []

    def time(self, part: str, do: Callable[..., Any], *args: Any, **named: Any) -> Any:
        """Return what `do` returns, and note how long it takes."""
        if self._within:
            return do(*args, **named)
        self._within, start = True, self._clock.mark()
        try:
            return do(*args, **named)
        finally:
            self._marks.append((part, start, self._clock.mark()))
            self._within = False

    def take(self) -> dict[str, float]:
        """Return the seconds of each part since the last call."""
        found: dict[str, float] = dict.fromkeys(PARTS, 0.0)
        for part, start, end in self._marks:
            found[part] += self._clock.between(start, end)
        self._marks.clear()
        return found


class _Layer(LayerStack):
    """A sequence that is timed."""

    def __init__(self, sequence: LayerStack, watch: Stopwatch, forward: str, backward: str) -> None:
        super().__init__(*sequence.parts)
        self._watch, self._forward, self._backward = watch, forward, backward

    def __call__(self, x: Tensor) -> tuple[Tensor, Pullback]:
        """Run, timed."""
        h, pullback = self._watch.time(self._forward, super().__call__, x)

        def pull(delta: Tensor, need_input: bool = True, feedback: Tensor | None = None) -> Any:
            return self._watch.time(
                self._backward, pullback, delta, need_input=need_input, feedback=feedback
            )

        return h, pull


class _Model(SyntheticGradient):
    """An M that is timed."""

    def __init__(self, model: SyntheticGradient, watch: Stopwatch) -> None:
        super().__init__(model.sequence, model.with_labels, model.scale)
        self._watch = watch

    def __call__(self, h: Tensor, one_hot: Tensor) -> tuple[Tensor, Callable[[Tensor], None]]:
        """Say and learn, timed."""
        said, learn = self._watch.time("m", super().__call__, h, one_hot)
        return said, lambda target: self._watch.time("m", learn, target)


class _Head(Head):
    """A head that is timed."""

    def __init__(self, head: Head, watch: Stopwatch, part: str) -> None:
        super().__init__(head.architecture, head.replicas, _Layer(head.sequence, watch, part, part))


@contextmanager
def watching(program: Program, watch: Stopwatch) -> Generator[None]:
    """Time the parts of the steps that `program` does inside."""
    changed: list[tuple[Any, str, bool, Any]] = []
    for timed in (
        ProfiledAttribute(program, "move", "update"),
        *program.profiled_attributes(),
    ):
        owner, name = timed.owner, timed.attribute
        value = getattr(owner, name)
        changed.append((owner, name, name in vars(owner), value))
        setattr(owner, name, _watched(value, watch, timed))
    try:
        yield
    finally:
        for owner, name, own, value in reversed(changed):
            if own:
                setattr(owner, name, value)
            else:
                delattr(owner, name)


def _watched(value: Any, watch: Stopwatch, timed: ProfiledAttribute) -> Any:
    """Return the timed twin of a layer, a model, a head, a list of them, or a method."""
    if isinstance(value, list):
        return [_watched(one, watch, timed) for one in cast("list[Any]", value)]
    if isinstance(value, LayerStack):
        return _Layer(value, watch, timed.part, timed.pullback or timed.part)
    if isinstance(value, SyntheticGradient):
        return _Model(value, watch)
    if isinstance(value, Head):
        return _Head(value, watch, timed.part)
    return functools.partial(watch.time, timed.part, value)
