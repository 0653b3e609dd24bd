"""The driver's side of staged runs: it starts the stages' processes, watches them and asks them.

Under `torchrun` each process serves one stage, but for the first, which drives and starts a child for its
stage (`torchrun`).
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from . import torchrun
from .process import cores
from .stores import open_store

if TYPE_CHECKING:
    from collections.abc import Callable

POLL_SECONDS = 0.02
END_SECONDS = 5.0
_LOOPBACK = {"linux": "lo", "darwin": "lo0"}


class StagesError(Exception):
    """A staged run failed; the message says which stage and why."""

    def __init__(self, reason: str, iterations: int) -> None:
        super().__init__(reason)
        self.iterations = iterations


class StageGroup:
    """The processes of S stages; they stay until `close`.

    Args:
        size: S.

    Raises UsageError where the stages that torchrun started are not as many.
    """

    def __init__(self, size: int) -> None:
        self.size, self._number = size, 0
        self._children: list[tuple[int, subprocess.Popen[bytes], Any]] = []
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        pipes: dict[tuple[int, int], tuple[int, int]] = {}
        if torchrun.rank() is None:
            host = "127.0.0.1"
            self.store, port = open_store(host, 0, serve=True)
            ranks = range(size)
            memory = Path("/dev/shm")
            shared = memory if os.access(memory, os.W_OK) else None
            self._folder = tempfile.TemporaryDirectory(prefix="sgbench-stages-", dir=shared)
            for rank in range(size - 1):  # from the first to the second, to read and to write
                pipes[rank, rank + 1], pipes[rank + 1, rank] = os.pipe(), os.pipe()
        else:
            torchrun.check(size)
            host = torchrun.host()
            self.store, port = torchrun.store()
            ranks = range(1)
        for rank in ranks:
            self._start(rank, host, port, pipes)
        for ends in pipes.values():
            for end in ends:
                os.close(end)  # so that a stage that ends is noticed

    def _start(
        self, rank: int, host: str, port: int, pipes: dict[tuple[int, int], tuple[int, int]]
    ) -> None:
        available = cores()
        core = available[rank % len(available)] if available else -1
        name, errors = f"{__package__}.process", tempfile.TemporaryFile()  # noqa: SIM115
        variables = dict(os.environ)
        if torchrun.rank() is None and sys.platform in _LOOPBACK:
            variables.setdefault("GLOO_SOCKET_IFNAME", _LOOPBACK[sys.platform])
        own = [
            (peer, pipes[peer, rank][0], pipes[rank, peer][1])
            for peer in (rank - 1, rank + 1)
            if (peer, rank) in pipes
        ]
        folder = "" if self._folder is None else self._folder.name
        place = [host, port, rank, self.size, core, folder, *(n for ends in own for n in ends)]
        child = subprocess.Popen(
            [sys.executable, "-m", name, *map(str, place)],
            pass_fds=[end for _, *ends in own for end in ends],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=variables | {"OMP_NUM_THREADS": "1", "USE_LIBUV": "1"},
            process_group=0,  # Ctrl-C is the driver's to hear
        )
        self._children.append((rank, child, errors))

    def run(
        self, job: dict[str, Any], should_stop: Callable[[int], bool]
    ) -> list[dict[str, Any]] | None:
        """Have a cell trained; return what each stage found, None where it is to stop.

        Args:
            job: as `session.run` takes it.
            should_stop: is told the updates done about twice a second; True asks to stop.

        Raises StagesError where a stage fails or ends, UsageError where the user is to mend it.
        """
        number, polled = self._number, 0.0
        self._number += 1
        self.store.set(f"job/{number}", json.dumps(job))
        found: dict[int, dict[str, Any]] = {}
        while len(found) < self.size:
            self._check_children()
            for rank in range(self.size):
                if rank not in found and self.store.check([f"result/{number}/{rank}"]):
                    found[rank] = json.loads(self.store.get(f"result/{number}/{rank}"))
                    self._raise_what_is_said(found[rank])
            if time.monotonic() - polled > 0.5:
                polled = time.monotonic()
                if should_stop(self._iterations()):
                    return None
            time.sleep(POLL_SECONDS)
        return [found[rank] for rank in range(self.size)]

    def _iterations(self) -> int:
        """Return the updates that the bottom stage has told of."""
        key = f"progress/{self._number - 1}"
        return int(self.store.get(key)) if self.store.check([key]) else 0

    def _check_children(self) -> None:
        """Raise where a process has ended: what a stage said of it, if one did, else how."""
        ended = [(rank, child, errors) for rank, child, errors in self._children if child.poll()]
        if not ended:
            return
        for other in range(self.size):
            key = f"result/{self._number - 1}/{other}"
            if self.store.check([key]):
                self._raise_what_is_said(json.loads(self.store.get(key)))
        rank, child, errors = ended[0]
        errors.seek(0)
        last = errors.read().decode(errors="replace").strip().rpartition("\n")[2]
        code = child.returncode
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else "ended"
        words = f"stage {rank} {how}" + (f": {last}" if last else "")
        raise StagesError(words, self._iterations())

    def _raise_what_is_said(self, answer: dict[str, Any]) -> None:
        """Raise the error of a stage's answer, if it is one."""
        if answer.get("usage"):
            raise UsageError(answer["usage"])
        if "error" in answer:
            raise StagesError(answer["error"], self._iterations())

    def close(self) -> None:
        """End the processes."""
        with contextlib.suppress(Exception):  # the store may be gone
            self.store.set(f"job/{self._number}", json.dumps(None))
        until = time.monotonic() + (END_SECONDS if self._number else 0.0)
        for _, child, errors in self._children:
            if child.stdin is not None:
                child.stdin.close()  # it ends with its standard input
            try:
                child.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            errors.close()
        self._children.clear()
        if self._folder is not None:
            self._folder.cleanup()
