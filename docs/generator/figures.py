"""Figures of exhibits as files beside the pages: drawn from published records, by reports.

A file that looks the same is left as it is, so that another machine's last bits change nothing.
"""

import functools
import io
import re
from pathlib import Path

import numpy as np
from PIL import Image
from sgbench.reports.figures.claims import drawing as claims_drawing
from sgbench.reports.figures.parallel import rendered
from sgbench.reports.figures.series import drawings
from sgbench.reports.figures.spec import AnyDrawing
from sgbench.reproductions.exhibits.exhibit import load
from sgbench.results.files.atomic_io import write_atomic

from . import other, sources
from .markers import MarkerError

TUNE = "tune"
FOLDER = "figures"
"""Below docs/."""
_WIDEST = 1600  # pixels: sharp on a page of 800, and small enough to be kept in git
_LIKE = 6.0  # root mean square of 255, over pixels: antialiasing of another build of freetype
_BLOCK, _SAME_COLOUR = 8, 30.0  # pixels; of 255, over a block: a line that moved a pixel, or less


def title(exhibit: str, scale: str, name: str, where: tuple[str, ...]) -> str:
    """Return what a figure shows, and what it finds: the text that stands for it.

    `tune` as the exhibit and a study as the scale are one, too.
    """
    if exhibit == TUNE:
        return other.study_figure(scale, name)[0]
    found = _find(exhibit, scale, name, where).title
    declared = load(exhibit).figures
    shows = next((f.title for f in declared if name.startswith(f"{f.name}-")), found)
    _, _, about = shows.partition(" ")  # "Test error against passes": or validation error
    return found if about in found else f"{shows}. {found}"


def picture(exhibit: str, scale: str, name: str, where: tuple[str, ...]) -> bytes:
    """Return a figure as PNG with a palette, at most `_WIDEST` pixels wide."""
    if exhibit == TUNE:
        content = other.study_figure(scale, name)[1]
    else:
        [found] = rendered([_find(exhibit, scale, name, where)], ("png",))
        content = found["png"]
    image = Image.open(io.BytesIO(content)).convert("RGB")
    if image.width > _WIDEST:
        height = round(image.height * _WIDEST / image.width)
        image = image.resize((_WIDEST, height), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.quantize(128, dither=Image.Dither.NONE).save(buffer, "png", optimize=True)
    return buffer.getvalue()


def _find(exhibit: str, scale: str, name: str, where: tuple[str, ...]) -> AnyDrawing:
    found = {one.name: one for one in _drawings(exhibit, scale, where)}
    if name not in found:
        raise MarkerError(f"{exhibit} {scale} has no figure {name!r}: {', '.join(found) or 'none'}")
    return found[name]


@functools.cache
def _drawings(exhibit: str, scale: str, where: tuple[str, ...]) -> list[AnyDrawing]:
    found = sources.selection(exhibit, scale, where)
    of_claims = claims_drawing(found, sources.claims_in(found))
    staged = sources.stages(exhibit, scale)
    return [
        *(staged.drawings if staged is not None else []),
        *drawings(found, timings=other.timings()),
        *([] if of_claims is None else [of_claims]),
    ]


def file_name(exhibit: str, scale: str, name: str, where: tuple[str, ...]) -> str:
    """Return the name of a figure's file, the same for the same marker."""
    picked = re.sub("[^A-Za-z0-9.]+", "-", "-".join(("", *where)))
    return f"{exhibit}-{scale}-{name}{picked}.png"


def update(path: Path, content: bytes, *, check: bool) -> bool:
    """Write a picture unless the file looks the same; return whether. `check`: write nothing."""
    if path.is_file() and _alike(path.read_bytes(), content):
        return False
    if not check:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, content)
    return True


def _alike(one: bytes, other: bytes) -> bool:
    a, b = (Image.open(io.BytesIO(content)).convert("RGB") for content in (one, other))
    if a.size != b.size:
        return False
    difference = np.asarray(a, dtype=float) - np.asarray(b, dtype=float)
    return float(np.sqrt(np.mean(difference**2))) < _LIKE and _coloured_alike(difference)


def _coloured_alike(difference: np.ndarray) -> bool:
    """Tell whether no block of pixels differs in its colour, as that of a line; text has none."""
    height, width = (size // _BLOCK * _BLOCK for size in difference.shape[:2])
    blocks = difference[:height, :width].reshape(height // _BLOCK, _BLOCK, -1, _BLOCK, 3)
    colours = np.diff(blocks.mean((1, 3)), axis=-1)
    return float(np.abs(colours).max(initial=0.0)) < _SAME_COLOUR
