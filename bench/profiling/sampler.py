"""The gate's end in each revision: steps programs on command and says how long they took.

    python -m sgbench.bench.sampler

Reads a JSON object a line from stdin and answers each with one on stdout. A later revision's gate
talks to this one, so what a command is called and answers does not change without `WIRE_VERSION`.

    {"do": "build", "name", "cell", "device", "threads", "matmul"}    {"ok": true}
    {"do": "sample", "name", "steps"}                                 {"seconds": s}

What cannot be done is answered with {"error": why}. On a CPU the clock is the process's own, of
its one thread: it stands still while something else has the core. On a GPU it is the device's.
"""

import json
import os
import sys
import time
from typing import Any

from ..cell import Cell
from ..configuration import FIELDS
from ..families.family import family_for
from .clock import clock_of
from .synthetic_data import program_for

WIRE_VERSION = 1


class Sampler:
    """The programs built so far, by name."""

    def __init__(self) -> None:
        self._programs: dict[str, tuple[Any, str]] = {}

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Do one command."""
        try:
            if asked["do"] == "build":
                return self._build(asked)
            return {"seconds": self._sample(asked["name"], asked["steps"])}
        except Exception as error:  # whatever a revision's code raises is its answer
            return {"error": " ".join(f"{type(error).__name__}: {error}".split())}

    def _build(self, asked: dict[str, Any]) -> dict[str, Any]:
        # Another revision's cell may have fields that this one lacks: those that do not apply to
        # it are None, and left out.
        fields = {k: v for k, v in asked["cell"].items() if v is not None or k in FIELDS}
        cell = Cell.from_dict(fields)
        program = program_for((cell,), asked["device"], asked["threads"], asked["matmul"])
        name = asked["name"]
        self._programs[name] = program, asked["device"]
        self._sample(name, 2)  # first touches
        return {"ok": True}

    def _sample(self, name: str, steps: int) -> float:
        """Return the seconds that one of `steps` steps took."""
        program, device = self._programs[name]
        step, clock = program.step, clock_of(device, time.process_time)
        with family_for(program.cells[0]).grad_mode():
            start = clock.mark()
            for _ in range(steps):
                step()
            return clock.between(start, clock.mark()) / steps


def main() -> None:
    """Answer until stdin ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
    sampler = Sampler()
    print(json.dumps({"protocol": WIRE_VERSION}), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(sampler.answer(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
