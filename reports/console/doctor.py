"""What this machine can do and what each exhibit would take on it, as text."""

from collections.abc import Iterator, Mapping
from typing import Any

from ...bench.errors import one_line
from ..analysis.naming import count, duration
from ..tables.formats.text import text_table
from ..tables.table import simple_table
from .terminal import bold, wrap

_GIB = 2**30
_BASIS = {
    "measured": "records of this class of machine",
    "elsewhere": "records of other machines",
    "work": "the work of other cells on the same data",
}
_INDENT = 11
UNKNOWN = "unknown"


def doctor_text(found: Mapping[str, Any], width: int) -> str:
    """Return the values of `machine_check.check_machine` as text for a terminal of some width."""
    lines: list[str] = []
    for name, texts in _sections(found):
        for number, text in enumerate(texts):
            head = bold(f"{name if number == 0 else '':{_INDENT}}")
            first, *rest = wrap(one_line(text), width, _INDENT)
            lines += [head + first[_INDENT:], *rest]
    lines += ["", _exhibits(found["exhibits"])]
    lines += [*wrap(_bases(found["exhibits"], found["device"]), width, 0), ""]
    for problem in found["problems"]:
        first, *rest = wrap(one_line(problem), width, _INDENT)
        lines += [bold(f"{'problem':{_INDENT}}") + first[_INDENT:], *rest]
    return "\n".join(lines) + "\n"


def _sections(found: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    versions = dict(found["versions"])
    revision = versions.pop("revision")
    own = f"sgbench {versions.pop('sgbench')}" + (f" at {revision[:10]}" if revision else "")
    others = ", ".join(f"{name} {version or 'missing'}" for name, version in versions.items())
    yield "versions", [f"{own}, {others}"]
    yield "processor", [_processor(found["processor"])]
    memory = found["memory"]
    yield "memory", [f"{_gib(memory['free'])} free of {_gib(memory['total'])}"]
    yield "products", list(_products(found["products"]))
    gpus = found["gpus"]
    texts = [f"{g['name']}, {_gib(g['free'])} free of {_gib(g['total'])}" for g in gpus["devices"]]
    yield "GPU", texts or [f"none: {gpus['why']}"]
    yield "data", [_data(one) for one in found["data"]]
    cache, store = found["cache"], found["store"]
    place = f"{cache['folder']}, {_writable(cache['writable'])}"
    yield "cache", ["none" if cache["folder"] is None else place]
    number = store["records"]
    there = UNKNOWN if number is None else count(number, "record")
    there = there if store["exists"] else "not made yet"
    yield "store", [f"{store['path']}, {there}, {_writable(store['writable'])}"]
    yield "machine", [found["machine_class"] or UNKNOWN]


def _processor(found: Mapping[str, Any]) -> str:
    quota = "no quota" if found["quota"] is None else f"a quota of {found['quota']:g}"
    load = UNKNOWN if found["load"] is None else f"{found['load']:.1f}"
    return (
        f"{found['model']}, {found['usable']} of {found['cores'] or UNKNOWN} cores usable, {quota},"
        f" load {load}; {count(found['jobs'], 'program')} at a time, of one thread each"
    )


def _products(found: Mapping[str, Any]) -> Iterator[str]:
    if not found["back_ends"]:
        yield UNKNOWN
        return
    for one in found["back_ends"]:
        chosen = (
            ", chosen" + (" earlier" if found["kept"] else "")
            if one["name"] == found["chosen"]
            else ""
        )
        same = "" if one["distinct"] else ", the same as the default"
        yield (
            f"{one['name']}: {one['flops'] / 1e9:,.0f} GFLOP/s on one thread, relative error"
            f" {one['error']:.1e}{same}{chosen}"
        )
    if found["chosen"] not in [one["name"] for one in found["back_ends"]]:
        yield f"{found['chosen']}: chosen earlier, and not there now"
    yield f"bfloat16: {found['bfloat16']}"


def _data(found: Mapping[str, Any]) -> str:
    place = "" if found["folder"] is None else f" in {found['folder']}"
    remedy = "" if found["remedy"] is None else f": {found['remedy']}"
    return f"{found['name']}: {found['state']}{remedy or place}"


def _writable(known: bool) -> str:
    return "writable" if known else "not writable"


def _gib(size: int) -> str:
    return f"{size / _GIB:,.1f} GiB"


def _exhibits(rows: list[dict[str, Any]]) -> str:
    heads = ["exhibit", "scale", "cells", "time", "missing", "time for these", "data"]
    texts = [
        [
            row["exhibit"],
            row["scale"],
            f"{row['cells']:,}",
            _taking(row["seconds"], at_most=row["at_most"]),
            f"{row['to_run']:,}",
            _taking(row["seconds_left"], at_most=row["at_most_left"]) if row["to_run"] else "",
            f"no {', '.join(row['no_data'])}" if row["no_data"] else "there",
        ]
        for row in rows
    ]
    return text_table(simple_table(heads, texts, stubs=2))


def _bases(rows: list[dict[str, Any]], device: str) -> str:
    known = dict.fromkeys(basis for row in rows for basis in row["basis"])
    if not known:
        return f"times on {device} are unknown: sgbench run EXHIBIT --dry-run measures one"
    words = ", ".join(_BASIS[name] for name in _BASIS if name in known)
    return f"times are estimates by {words}; sgbench run EXHIBIT --dry-run measures"


def _taking(seconds: float | None, *, at_most: bool) -> str:
    bound = "at most " if at_most else ""
    return UNKNOWN if seconds is None else bound + duration(seconds)
