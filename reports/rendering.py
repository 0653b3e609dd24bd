"""Draws the figures of a report, several at a time where there are enough of them.

Free of matplotlib until it draws.
"""

import functools
import signal
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from .drawing import Drawing

_EACH = 4
"""Figures that are worth a process: its start takes as long as one or two of them."""


def rendered(
    drawings: Sequence[Drawing], formats: Sequence[str], workers: int = 1
) -> list[dict[str, bytes]]:
    """Return each picture in each of `formats` (png, svg, pdf), each a file's content.

    Args:
        drawings: what to draw.
        formats: as of `figures.render`.
        workers: processes at most. With more than one the caller's main module is imported anew
            in each: it must not do anything then.
    """
    draw = functools.partial(_draw, formats=tuple(formats))
    workers = min(workers, len(drawings) // _EACH)
    if workers > 1:
        try:
            context = get_context("spawn")
            with ProcessPoolExecutor(workers, mp_context=context, initializer=_leave) as pool:
                return list(pool.map(draw, drawings))
        except BrokenProcessPool:
            pass  # one was killed, for memory mostly: one at a time takes less
    return list(map(draw, drawings))


def _draw(drawing: Drawing, formats: Sequence[str]) -> dict[str, bytes]:
    from . import figures

    return figures.render(drawing, formats)


def _leave() -> None:
    """Leave Ctrl-C to the process that waits for this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
