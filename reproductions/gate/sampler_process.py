"""A process of a build that steps programs on command: the gate's side of `bench/sampler.py`."""

import contextlib
import json
import os
import subprocess
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

from ...bench.errors import UsageError
from .builds import Build


class SamplerError(Exception):
    """A build refused a command; the message is the build's own."""


class SamplerProcess:
    """A running `python -m sgbench.bench.sampler` of a build."""

    def __init__(self, build: Build) -> None:
        """Start the process; do not wait for it to be ready."""
        self.build = build
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  closed by `close`
        self._process = subprocess.Popen(
            **build.command("-m", "sgbench.bench.sampler"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            encoding="utf-8",
        )
        self._ready = False

    def wait(self) -> None:
        """Return when the process is ready. Raises UsageError where it ends instead."""
        if not self._ready:
            self._ready = True
            self._read()

    def pin(self, cores: Collection[int]) -> None:
        """Run on `cores` only from now on; where there are none to choose from, on any."""
        if not cores:
            return
        with contextlib.suppress(OSError):  # the process has ended, which the next `ask` reports
            for thread in Path(f"/proc/{self._process.pid}/task").iterdir():
                os.sched_setaffinity(int(thread.name), cores)

    def ask(self, **command: Any) -> dict[str, Any]:
        """Return the answer to a command.

        Raises:
            SamplerError: the build answers with an error.
            UsageError: the process has ended.
        """
        self.wait()
        try:
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(command) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # `_read` reports its last words, which are on stderr
        answer = self._read()
        if "error" in answer:
            raise SamplerError(answer["error"])
        return answer

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line:
            return json.loads(line)
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace").strip().splitlines()
        last = said[-1] if said else f"exit code {self._process.wait()}"
        raise UsageError(f"the {self.build.name}, {self.build.words}, cannot be timed: {last}")

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()
        self._errors.close()
