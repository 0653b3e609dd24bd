"""The report of timings: how near programs are to the machine's limit, and what rules cost.

    build(timings, records, scale=None, formats=("md", "png"))

The same timings and records give the same bytes, in whatever order they come.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import pandas as pd

from ...bench.errors import UsageError
from ...reproductions.exhibits.schema import CUSTOM
from ...results.record import Record
from ...results.timings import Timing
from ..analysis import cost_to_accuracy
from ..analysis.speeds import Speed, grids, notes, speeds, values
from ..figures.parallel import rendered
from ..figures.throughput import drawings
from ..tables.latex import tex_table
from ..tables.table import Grid, escape_markdown, markdown_table, plain, text_table
from .report import FORMATS, IMAGES, Report, check_formats

NAME = "throughput"
_TITLE = "Throughput of what is trained"
_READING = (
    "ms: of an update (of two_lstms a cycle). Of limit: what the machine takes for the update's"
    " products and Adam alone, over what the update takes. x backprop: the update's time over that"
    " of backprop (bptt, end_to_end) at the same sizes. GFLOP: of products, counted; GB: what all"
    " operations read and write. MiB: tensors, data included, at the fullest. ?: unsteady."
)
_HEADINGS = {"speed": "Speed", "parts": "Parts of a step", "error": "Cost to accuracy"}


def build(
    timings: Iterable[Timing],
    records: Iterable[Record],
    scale: str | None = None,
    formats: Sequence[str] = FORMATS,
    workers: int = 1,
) -> Report:
    """Return the report.

    Args:
        timings: of any exhibit; the machine class with the most is reported.
        records: of any exhibit, for the times to an error; what --set changed is left out.
        scale: which timings and records; all if None.
        formats: of `report.FORMATS`.
        workers: processes that draw many figures, at most (`rendering.rendered`).

    Raises UsageError where a format is unknown or there is no timing.
    """
    check_formats(formats)
    wanted = (timing for timing in timings if scale in (None, timing.scale))
    latest = {(t.id, t.machine_class): t for t in sorted(wanted, key=lambda t: (t.measured, t.id))}
    kept = list(latest.values())  # two exhibits may have the same program
    if not kept:
        raise UsageError(
            f"no timings{f' of scale {scale}' if scale else ''}: `sgbench time table1` takes some"
        )
    machines = Counter(timing.machine_class for timing in kept)
    machine = min(machines, key=lambda name: (-machines[name], name))
    here = [timing for timing in kept if timing.machine_class == machine]
    found = speeds(here)
    trained = (r for r in records if (r.scale == scale if scale else r.scale != CUSTOM))
    reached = cost_to_accuracy.reached(trained, here)
    tables = grids(found) + ([("error", cost_to_accuracy.grid(reached))] if reached else [])
    others = sum(machines.values()) - len(here)
    about = notes(found)
    if others:
        about.append(f"{others} timings of other machine classes are left out")
    words = {"speed": [_READING, *about], "error": [cost_to_accuracy.NOTE]}
    files: dict[str, bytes] = {}
    pictures: list[tuple[str, str]] = []
    if images := [form for form in IMAGES if form in formats]:
        shown = drawings(found, reached)
        for drawing, drawn in zip(shown, rendered(shown, images, workers), strict=True):
            for form, content in drawn.items():
                files[f"{NAME}-{drawing.name}.{form}"] = content
            pictures.append((f"{NAME}-{drawing.name}.{images[0]}", drawing.title))
    if "md" in formats:
        files[f"{NAME}.md"] = _markdown(machine, tables, words, pictures).encode()
    if "tex" in formats:
        files[f"{NAME}.tex"] = _tex(tables, words).encode()
    if "csv" in formats:
        files[f"{NAME}.csv"] = _csv(found).encode()
        if reached:
            files[f"{NAME}-error.csv"] = _error_csv(reached).encode()
    return Report(
        text=_text(machine, tables, words), files=dict(sorted(files.items())), unreproduced=()
    )


Tables = Sequence[tuple[str, Grid]]
Words = dict[str, list[str]]


def _markdown(
    machine: str, tables: Tables, words: Words, pictures: Sequence[tuple[str, str]]
) -> str:
    blocks = [f"# {_TITLE}", escape_markdown(machine)]
    for name, grid in tables:
        blocks += [f"## {_HEADINGS[name]}", escape_markdown(f"{grid.caption}.")]
        blocks += [markdown_table(grid).rstrip(), *map(escape_markdown, words.get(name, ()))]
    shown = [f"![{escape_markdown(title)}]({file})" for file, title in pictures]
    return "\n\n".join([*blocks, *(["## Figures", *shown] if shown else [])]) + "\n"


def _tex(tables: Tables, words: Words) -> str:
    parts = [tex_table(grid, f"tab:{NAME}-{name}", words.get(name, ())) for name, grid in tables]
    return "% needs \\usepackage{booktabs}\n" + "\n".join(parts)


def _text(machine: str, tables: Tables, words: Words) -> str:
    blocks = [f"{_TITLE}\n{plain(machine)}"]
    for name, grid in tables:
        lines = "\n".join(plain(line) for line in words.get(name, ()))
        blocks.append("\n".join(filter(None, (f"{grid.caption}.", text_table(grid), lines))))
    return "\n\n".join(block.rstrip() for block in blocks) + "\n"


def _csv(found: Sequence[Speed]) -> str:
    frame = pd.DataFrame([values(speed) for speed in found], dtype=object)
    return frame.to_csv(index=False, lineterminator="\n")


def _error_csv(reached: Sequence[cost_to_accuracy.Reached]) -> str:
    lines = [
        {
            "name": one.name,
            **{field: one.cell.value(field) for field in _FIELDS},
            "factor": one.factor,
            "target": one.target,
            "quantity": cost_to_accuracy.quantity(one.cell),
            "seeds": one.seeds,
            "iterations": one.iterations,
            "seconds": one.seconds,
            "seconds_by_timing": one.timed,
        }
        for one in reached
    ]
    return pd.DataFrame(lines, dtype=object).to_csv(index=False, lineterminator="\n")


_FIELDS = ("dataset", "network", "depth", "T", "rule", "sg_layers", "decoupled", "p_update")
