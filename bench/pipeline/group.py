"""The driver's side of staged runs: it starts the stages' processes, watches them and asks them.

Under `torchrun` each process serves one stage, but for the first, which drives and starts a child
for its stage (`torchrun`).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from . import torchrun
from .cores import cores
from .messages.stores import open_store

if TYPE_CHECKING:
    from collections.abc import Callable

POLL_SECONDS = 0.05
SETTLE_SECONDS = 0.2
"""How long after the first error others are waited for: the cause may be heard later."""
END_SECONDS = 5.0
LEAST_MEMORY = 2**30
"""Free bytes of /dev/shm below which messages lie in files of the temporary folder."""
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

    Raises UsageError where the stages that torchrun started are not as many, or have ended, and
    where the system has no such processes.
    """

    def __init__(self, size: int) -> None:
        self.size, self._number = size, 0
        self._children: list[tuple[int, subprocess.Popen[bytes], Any]] = []
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        pipes: dict[tuple[int, int], tuple[int, int]] = {}
        if os.name == "nt":
            raise UsageError("staged networks are not trained on Windows: leave stages out")
        if torchrun.rank() is None:
            host = "127.0.0.1"
            self.store, port = open_store(host, 0, serve=True)
            self._folder = tempfile.TemporaryDirectory(prefix="sgbench-stages-", dir=_memory())
            ranks = range(size)
        else:
            torchrun.check(size)
            host = torchrun.host()
            self.store, port = torchrun.store()
            if self.store.check(["job/0"]):
                raise UsageError(
                    "the stages that torchrun started ended with an earlier cell: start it again"
                )
            ranks = range(1)
        try:
            for rank in range(size - 1) if self._folder is not None else ():
                for pair in ((rank, rank + 1), (rank + 1, rank)):  # from the first to the second
                    pipes[pair] = os.pipe()
                    os.set_blocking(pipes[pair][1], False)
            for rank in ranks:
                self._start(rank, host, port, pipes)
        except BaseException:
            self.close()
            raise
        finally:
            for ends in pipes.values():
                for end in ends:
                    os.close(end)  # so that a stage that ends is noticed

    def _start(
        self, rank: int, host: str, port: int, pipes: dict[tuple[int, int], tuple[int, int]]
    ) -> None:
        available = cores()
        core = available[rank % len(available)] if available else -1
        name = f"{__package__}.process"
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - open until the process is closed
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
                    if "error" in found[rank]:
                        raise self._failure()
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
        """Raise where a process has ended."""
        if any(child.poll() is not None for _, child, _ in self._children):
            raise self._failure()

    def _failure(self) -> StagesError | UsageError:
        """Return why a run failed: a killed stage, or what the first stage to fail said, or how.

        The neighbours of a stage that fails say that they lost it.
        """
        time.sleep(SETTLE_SECONDS)
        ended = [one for one in self._children if one[1].poll() is not None]
        killed = [one for one in ended if one[1].returncode < 0]
        keys = [f"result/{self._number - 1}/{rank}" for rank in range(self.size)]
        said = [json.loads(self.store.get(key)) for key in keys if self.store.check([key])]
        errors = sorted((one for one in said if "error" in one), key=lambda one: one["at"])
        if errors and not killed:
            if errors[0]["usage"]:
                return UsageError(errors[0]["usage"])
            return StagesError(errors[0]["error"], self._iterations())
        rank, child, output = (killed or ended)[0]
        output.seek(0)
        last = output.read().decode(errors="replace").strip().rpartition("\n")[2]
        code = child.returncode
        how = f"was killed by {_signal_name(-code)}" if code < 0 else "ended"
        words = f"stage {rank} {how}" + (f": {last}" if last and not killed else "")
        return StagesError(words, self._iterations())

    def close(self) -> None:
        """End the processes."""
        with contextlib.suppress(Exception):  # the store may be gone
            self.store.set(f"job/{self._number}", json.dumps(None))
        until = time.monotonic() + (END_SECONDS if self._number else 0.0)
        for _, child, _ in self._children:
            if child.stdin is not None:
                child.stdin.close()  # it ends with its standard input
        for _, child, errors in self._children:
            try:
                child.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            errors.close()
        self._children.clear()
        if self._folder is not None:
            self._folder.cleanup()


def _memory() -> Path | None:
    """Return a folder in memory with room for messages; None for the usual temporary folder."""
    folder = Path("/dev/shm")
    if not os.access(folder, os.W_OK) or shutil.disk_usage(folder).free < LEAST_MEMORY:
        return None
    return folder


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
