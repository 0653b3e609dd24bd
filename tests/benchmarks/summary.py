"""The table of ratios that `make bench` prints, from the rows that the benchmarks report."""

import os
import platform

import torch
from sgbench.bench.hardware import device_model

RULES = ("no_bprop", "backprop", "dni", "cdni")
LIMIT = "products (convolutions) at the step's shapes and one fused Adam, nothing else"


def text(rows: dict[str, list[dict]]) -> str:
    """Return the summary of {part: rows}."""
    machine = f"{device_model('cpu')}, {torch.backends.cpu.get_cpu_capability()}"
    load = f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    lines = [
        f"{machine}, torch {torch.__version__}, Python {platform.python_version()}; load {load}"
    ]
    for part, write in WRITERS.items():
        if part in rows:
            lines += ["", *write(rows[part])]
    return "\n".join(lines)


def _steps(rows: list[dict]) -> list[str]:
    head = (
        "network",
        "rule",
        "batch",
        "steps/s",
        "x eager",
        "time/limit",
        "eager/limit",
        "limit by",
    )
    body = [
        (
            row["network"],
            row["rule"],
            str(row["batch"]),
            f"{row['per_second']:.1f}",
            _spread(row["eager_over_ours"]),
            _spread(row["ours_over_limit"]),
            _spread(row["eager_over_limit"]),
            f"{row['limit']} ({_milliseconds(row['milliseconds'])})",
        )
        for row in rows
    ]
    return [
        "One training step: one thread, float32, CPU time; median and quartiles over rounds.",
        f"limit: {LIMIT}; eager/limit is the most that `x eager` could be.",
        *_table(head, body),
    ]


def _spread(ratio: tuple[float, float, float]) -> str:
    middle, low, high = ratio
    return f"{middle:.2f} [{low:.2f}, {high:.2f}]"


def _milliseconds(taken: dict[str, float]) -> str:
    limits = {n.removeprefix("limit "): ms for n, ms in taken.items() if n.startswith("limit ")}
    return ", ".join(f"{name} {ms:.2f} ms" for name, ms in limits.items())


def _evaluation(rows: list[dict]) -> list[str]:
    head = ("rule", "one evaluation", "all of the schedule")
    body = [_share(rule, [r for r in rows if r["rule"] == rule]) for rule in RULES]
    body.append(_share("whole grid", rows))
    return [
        "Evaluation in percent of training, MNIST FCN at `quick`, every depth and M.",
        "One: 10,000 test images. All: every evaluation with its probe, and the train sample.",
        *_table(head, [line for line in body if line]),
    ]


def _share(name: str, rows: list[dict]) -> tuple[str, ...]:
    training = sum(row["training"] for row in rows)
    if not training:
        return ()
    return (name, *(f"{100 * sum(r[k] for r in rows) / training:.1f} %" for k in ("one", "all")))


def _jobs(rows: list[dict]) -> list[str]:
    head = ("rule", "jobs 1", "jobs 2", "gain", "load")
    body = [
        (
            row["rule"],
            *(f"{row['per_second'][workers]:.1f}" for workers in (1, 2)),
            f"{row['gain']:.2f}",
            f"{row['load']:.1f}",
        )
        for row in rows
    ]
    title = "Cell-iterations a second, MNIST FCN depth 4, start-up left out (wall-clock time)."
    return [title, *_table(head, body)]


def _start(rows: list[dict]) -> list[str]:
    head = ("plan", "jobs 1", "jobs 2", "more", "load")
    body = [
        (
            row["plan"],
            *(f"{row['seconds'][workers]:.1f} s" for workers in (1, 2)),
            f"{row['more']:+.1f} s",
            f"{row['load']:.1f}",
        )
        for row in rows
    ]
    return [
        "The whole command `sgbench run`, small FCNs on digits (wall-clock time).",
        *_table(head, body),
    ]


def _masks(rows: list[dict]) -> list[str]:
    head = ("decoupled", "steps/s at p = 1", "at p = 0.2", "gain")
    body = [
        (
            row["decoupled"],
            f"{row['per_second']['p = 1.0']:.1f}",
            f"{row['per_second']['p = 0.2']:.1f}",
            _spread(row["gain"]),
        )
        for row in rows
    ]
    title = (
        "One network with update masks, MNIST FCN depth 4, DNI, M 1 x 1024: one thread, CPU time."
    )
    return [title, *_table(head, body)]


def _population(rows: list[dict]) -> list[str]:
    names = ("processes", "stack", "eager, lean", "eager")
    head = ("decoupled", *names, "x eager, lean", "x eager", "x stack", "load")
    body = [
        (
            row["decoupled"],
            *(f"{row['per_second'][name]:.1f}" for name in names),
            *(f"{row['gains'][name]:.2f}" for name in ("eager, lean", "eager", "stack")),
            f"{row['load']:.1f}",
        )
        for row in rows
    ]
    return [
        "Network-iterations a second of a population, p_update spread over (0, 1] (wall-clock).",
        "processes: two of one thread, a network each; stack: all in one program, two threads;",
        "eager: one after another, two threads, all forward passes (lean: those that are needed).",
        *_table(head, body),
    ]


def _compile(rows: list[dict]) -> list[str]:
    head = ("what", "compiling", "x as written", "pays from")
    body = [
        (
            row["what"],
            f"{row['seconds']:.0f} s",
            _spread(row["gain"]),
            "never" if row["pays"] is None else f"{row['pays']:,.0f} updates",
        )
        for row in rows
    ]
    title = "The core's T steps and their pullback through torch.compile, cold; CPU time."
    return [title, *_table(head, body)]


def _profile(rows: list[dict]) -> list[str]:
    body = [
        (row["program"] if n == 0 else "", part, f"{ms:.2f}", f"{100 * ms / row['total']:.0f} %")
        for row in rows
        for n, (part, ms) in enumerate(row["parts"].items())
        if ms >= 0.005 * row["total"]
    ]
    title = (
        "Where a step's time goes: one thread, float32, CPU time, medians; under 0.5 % left out."
    )
    return [title, *_table(("program", "part", "ms", "share"), body)]


def _bf16(rows: list[dict]) -> list[str]:
    head = ("program", "x float32", "bfloat16 products by")
    body = [(r["program"], _spread(r["ratio"]), r["by"]) for r in rows]
    title = "Steps a second with precision=bf16 over those with float32: one thread, CPU time."
    return [title, *_table(head, body)]


def _bf16_products(rows: list[dict]) -> list[str]:
    rates = ("float32, GFLOP/s", "bfloat16, GFLOP/s")
    head = ("three products", *rates, "x float32", "x, with conversions", "x, float32 by oneDNN")
    body = [
        (
            *(r["shape"], f"{r['rates']['float32']:.0f}", f"{r['rates']['bf16']:.0f}"),
            *(_spread(r[name]) for name in ("alone", "layer", "within")),
        )
        for r in rows
    ]
    title = (
        "A layer's products on bfloat16 operands beside float32's: alone, with the conversions of"
        " operands and results, and of float32 operands that oneDNN may round itself."
    )
    return [title, *_table(head, body)]


WRITERS = {
    "step": _steps,
    "profile": _profile,
    "bf16": _bf16,
    "bf16 products": _bf16_products,
    "evaluation": _evaluation,
    "jobs": _jobs,
    "start": _start,
    "compile": _compile,
    "mask": _masks,
    "population": _population,
}


def _table(head: tuple[str, ...], body: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(head, *body, strict=True)]
    lines = [head, tuple("-" * width for width in widths), *body]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
