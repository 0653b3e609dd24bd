"""Figures drawn in several processes at once, where there are enough of them.

Free of matplotlib until something is drawn.
"""

import contextlib
import functools
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import active_children, get_context, parent_process

from .spec import AnyDrawing

_EACH = 4
"""Figures per process: its start takes as long as drawing one or two of them."""


def rendered(
    drawings: Sequence[AnyDrawing],
    formats: Sequence[str],
    workers: int = 1,
    sheet: str = "screen",
) -> list[dict[str, bytes]]:
    """Return each picture in each of `formats` (png, svg, pdf), each a file's content.

    Args:
        drawings: what to draw.
        formats: as of `figures.drawing.render`.
        workers: processes at most. Each imports the caller's main module anew, so that module
            must do nothing when it is imported.
        sheet: as of `figures.drawing.render`.
    """
    draw = functools.partial(_draw, formats=tuple(formats), sheet=sheet)
    workers = min(workers, len(drawings) // _EACH)
    if workers > 1:
        with contextlib.suppress(BrokenProcessPool):  # one was killed, mostly for lack of memory
            return _side_by_side(draw, drawings, workers)
    return list(map(draw, drawings))


def _side_by_side(
    draw: Callable[[AnyDrawing], dict[str, bytes]],
    drawings: Sequence[AnyDrawing],
    workers: int,
) -> list[dict[str, bytes]]:
    others, context = set(active_children()), get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_follow) as pool:
        try:
            return list(pool.map(draw, drawings))
        except BaseException:  # Ctrl-C: do not wait for what is being drawn
            for child in set(active_children()) - others:
                child.kill()
            raise


def _draw(drawing: AnyDrawing, formats: Sequence[str], sheet: str) -> dict[str, bytes]:
    from .drawing import render

    return render.render(drawing, formats, sheet)


def _follow() -> None:
    """Leave Ctrl-C to the parent process, and end when the parent has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def end() -> None:
        if (parent := parent_process()) is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=end, daemon=True).start()
