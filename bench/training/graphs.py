"""A program's step on a GPU: recorded once as a CUDA graph, and replayed.

A step of these networks is a few hundred small kernels, and starting each from Python takes longer
than most of them run. A graph starts all of them at once. It does again what was recorded, on the
memory it was recorded with: inputs are copied into tensors that stay, and what a step would replace
by new tensors is copied back (`Program.replaced`).

A program whose step can't be recorded (a rule that asks for a number, that draws random ones from
the host, or that replaces what it keeps) goes on eagerly. Either way the numbers are the same.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch import Tensor

from ..errors import exhausted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..families.program import Program

WARM_UP = 3
"""Eager steps of a kind before it is recorded: libraries allocate their workspaces in them."""
RECORDED_AFTER = 3 * (WARM_UP + 1)
"""Steps after which all kinds that come often are recorded: of those there are two at most, and a
few steps at the beginning are of others."""


class Recorder(Protocol):
    """What records work on a device."""

    def eagerly(self, do: Callable[[], object]) -> str:
        """Do it now, as it will be recorded; return why it can't be recorded, empty if it can."""
        ...

    def record(self, do: Callable[[], object]) -> Callable[[], object]:
        """Return what does it again, without doing it now.

        Raises RuntimeError where that is not possible.
        """
        ...


class CudaRecorder:
    """Records CUDA graphs; they share their memory.

    Args:
        device: the GPU.
    """

    def __init__(self, device: torch.device) -> None:
        self._device, self._stream = device, torch.cuda.Stream(device)
        self._pool: Any = torch.cuda.graph_pool_handle()

    def eagerly(self, do: Callable[[], object]) -> str:
        """Do it in a stream of its own, as recording asks for, and see whether it waits."""
        outside = torch.cuda.current_stream(self._device)
        self._stream.wait_stream(outside)
        with torch.cuda.stream(self._stream), warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            torch.cuda.set_sync_debug_mode("warn")
            try:
                do()
            finally:
                torch.cuda.set_sync_debug_mode("default")
        outside.wait_stream(self._stream)
        waits = [str(one.message) for one in seen if "synchronizing" in str(one.message)]
        return waits[0] if waits else ""

    def record(self, do: Callable[[], object]) -> Callable[[], object]:
        """Return a graph's replay."""
        graph, outside = torch.cuda.CUDAGraph(), torch.cuda.current_stream(self._device)
        try:
            with torch.cuda.graph(graph, pool=self._pool, stream=self._stream):
                do()
        except BaseException:
            torch.cuda.set_stream(outside)  # a capture that fails leaves its own
            raise
        return graph.replay


class RecordedStep:
    """The steps of a program, replayed once they have been recorded.

    Args:
        program: the program.
        recorder: of its device.

    Attributes:
        refused: why steps are not recorded; empty where they are.
    """

    def __init__(self, program: Program, recorder: Recorder) -> None:
        self.program, self.recorder = program, recorder
        self.refused = ""
        self._replays: dict[Any, Callable[[], object]] = {}
        self._inputs: dict[Any, Sequence[Tensor]] = {}
        self._done: dict[Any, int] = {}
        self._held: list[Tensor] = []

    def __call__(self) -> None:
        """Do one iteration on the data that comes next."""
        program = self.program
        if self.refused:
            program.step()
            return
        program.set_rates()
        self._hold()
        given = program.inputs()
        kind = (program.phase, *(tensor.shape for tensor in given))
        replay = self._replays.get(kind)
        if replay is not None:
            self._fill(kind, given)
            program.turn()
            replay()
        elif self._done.get(kind, 0) < WARM_UP:
            self._done[kind] = self._done.get(kind, 0) + 1
            self._warm_up(given)
        else:
            self._record(kind, given)
        program.advance()

    def _warm_up(self, given: Sequence[Tensor]) -> None:
        """Do a step that is not recorded yet; see whether it could be."""
        before = dict(self.program.kept)
        why = self.recorder.eagerly(lambda: self._learn(given))
        if self.program.draws:
            why = "it draws random numbers"
        elif any(self.program.kept.get(name) is not kept for name, kept in before.items()):
            why = "it replaces what it keeps (network.kept), in place of writing into it"
        if why:
            self._refuse(why)

    def _refuse(self, why: str) -> None:
        self.refused = " ".join(why.split())
        rule = self.program.cells[0].rule
        warnings.warn(f"steps of {rule} are not recorded: {self.refused}", stacklevel=2)

    def _record(self, kind: Any, given: Sequence[Tensor]) -> None:
        """Record a kind of step and do it; eagerly where it can't be recorded."""
        phase = self.program.phase
        self._inputs[kind] = [tensor.clone() for tensor in given]
        try:
            self._replays[kind] = self.recorder.record(lambda: self._learn(self._inputs[kind]))
        except RuntimeError as error:
            if exhausted(error):
                raise
            self._refuse(str(error))
            if self.program.weights.running is not None:
                self.program.weights.running.forget()
            self.program.replace(self._held)
            while self.program.phase != phase:
                self.program.turn()
            self.program.learn(*given)
        else:
            self._replays[kind]()

    def _fill(self, kind: Any, given: Sequence[Tensor]) -> None:
        for held, tensor in zip(self._inputs[kind], given, strict=True):
            held.copy_(tensor)

    def _learn(self, given: Sequence[Tensor]) -> None:
        self.program.learn(*given)
        self._hold()

    def _hold(self) -> None:
        """Put what was replaced where the next step reads it."""
        now = self.program.replaced()
        if not self._held:
            self._held = [tensor.clone() for tensor in now]
        for held, tensor in zip(self._held, now, strict=True):
            if tensor is not held:
                held.copy_(tensor)
        self.program.replace(self._held)


def stepper(program: Program) -> Callable[[], None]:
    """Return what does the next iteration of a program: on a GPU recorded steps."""
    if program.device.type != "cuda":
        return program.step
    return RecordedStep(program, CudaRecorder(program.device))
