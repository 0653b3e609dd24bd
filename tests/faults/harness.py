"""What the tests of faults share: how often, how long and how much, and the table of what was done.

SGBENCH_FAULTS=100 pytest -m slow tests/faults     in full, as docs/faults.md has it; hours
pytest -m slow tests/faults                        one in a hundred of everything
"""

import contextlib
import os
import re
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings

SHARE = float(os.environ.get("SGBENCH_FAULTS", "1"))  # percent of the full counts
PATIENCE = 5.0  # seconds of a processor that anything may take to refuse an input
BLOCKED = 600.0  # seconds in all, on a machine that does other work
MEMORY = 2**29  # bytes that a file may make the process grow by
STATUS = Path("/proc/self/status")


@dataclass
class Row:
    """A line of the table."""

    what: str
    times: int = 0
    lost: int = 0
    seconds: float = 0.0


rows: list[Row] = []


def times(full, least=2):
    """Return how often something is done that is done `full` times in full."""
    return max(least, round(full * SHARE / 100))


def fuzzed(full, **changes):
    """Hypothesis's settings for `full` inputs: no shrinking, which would take longer than them."""
    return settings(
        max_examples=times(full, 25),
        deadline=None,  # `patient` looks at the time, and ends what hangs
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.reuse, Phase.generate),
        **changes,
    )


def check_words(error):
    """Fail where an error is not one line that a terminal can show."""
    text = str(error)
    assert text.isprintable(), repr(text)
    assert len(text) < 2000


class Hang(BaseException):
    """Something took too long. No Exception: what is tested may catch those."""


@contextlib.contextmanager
def patient(seconds=PATIENCE):
    """Interrupt what is inside after so many seconds of the processor, or BLOCKED in all."""

    def stop(number, frame):
        raise Hang(f"not done in {seconds:g} s")

    timers = {
        signal.ITIMER_PROF: (signal.SIGPROF, seconds),
        signal.ITIMER_REAL: (signal.SIGALRM, BLOCKED),
    }
    before = {number: signal.signal(number, stop) for number, _ in timers.values()}
    for timer, (_, limit) in timers.items():
        signal.setitimer(timer, limit)
    try:
        yield
    finally:
        for timer, (number, _) in timers.items():
            signal.setitimer(timer, 0)
            signal.signal(number, before[number])


@contextlib.contextmanager
def frugal(most=MEMORY):
    """Fail where the process grows by more than `most` bytes inside, even for a moment."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew from what there is
    before = _status("VmRSS")
    yield
    grown = _status("VmHWM") - before
    assert grown <= most, f"grew by {grown / 2**20:,.0f} MiB"


def _status(name):
    return 1024 * int(re.search(rf"^{name}:\s+(\d+) kB", STATUS.read_text(), re.MULTILINE)[1])


class Tally:
    """Counts what a test does; as a context, also how long it takes."""

    def __init__(self, what):
        found = [row for row in rows if row.what == what]
        self.row = found[0] if found else Row(what)
        rows.extend([] if found else [self.row])
        self.began = time.monotonic()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.row.seconds += time.monotonic() - self.began

    def __call__(self, number=1, lost=0):
        self.row.times += number
        self.row.lost += lost


def table():
    """Return the rows as a Markdown table."""
    lines = ["| what was done | times | lost | seconds |", "|---|---|---|---|"]
    for row in rows:
        lost = row.lost or "nothing"
        lines.append(f"| {row.what} | {row.times:,} | {lost} | {row.seconds:,.0f} |")
    return "\n".join(lines)
