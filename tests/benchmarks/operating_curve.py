"""The gate's operating curve: how often it alarms, and how often it sees a slow-down.

    cd tests && python -m benchmarks.operating_curve                   simulated noise
    cd tests && python -m benchmarks.operating_curve --timings T.npz   and resampled timings
    cd tests && python -m benchmarks.operating_curve --noise load      one model only

Prints Markdown tables; a number of gates is followed by its exact 95 % interval (Clopper-Pearson).
A gate has eight benchmarks, and the default plan. An alarm is a regression of any benchmark of a
gate of identical builds; the other columns are of the one benchmark that is slowed.
"""

import argparse
import functools
from pathlib import Path

import numpy as np
from benchmarks.gates import PASS, REGRESSION, resampled, simulated, verdicts
from benchmarks.noise import MODELS
from scipy.stats import binomtest
from sgbench.results.statistics.sequential import SequentialPlan

PLAN = SequentialPlan(benchmarks=8)
SLOWDOWNS = (-0.2, 0.0, 0.05, 0.10, 0.20, 0.50)
IDENTICAL = f"any of {PLAN.benchmarks}, identical"
CHUNK = 500  # gates at a time, for memory
EARLIER = (12, 16)  # sessions, for a budget that ends early
HEADINGS = (
    *("slow-down", "regression", "pass", "inconclusive", "sessions (median, 95 %)"),
    *(f"regression within {n}" for n in EARLIER),
)


def share(hits, total):
    """Return a share in percent and its interval."""
    low, high = binomtest(int(hits), total).proportion_ci(0.95)
    return f"{100 * hits / total:.2f} [{100 * low:.2f}, {100 * high:.2f}]"


def alarms(name, draw, gates):
    """Return the row of identical builds: gates with an alarm, gates that pass whole."""
    hits = passed = 0
    taken, early = [], np.zeros(len(EARLIER), int)
    for start in range(0, gates, CHUNK):
        size = min(CHUNK, gates - start)
        verdict, sessions = verdicts(draw(size, PLAN.benchmarks), PLAN)
        hits += (verdict == REGRESSION).any(1).sum()
        early += [((verdict == REGRESSION) & (sessions <= n)).any(1).sum() for n in EARLIER]
        passed += (verdict == PASS).all(1).sum()
        taken.append(sessions.max(1))
    return _row(name, hits, passed, np.concatenate(taken), gates, early)


def detections(name, draw, gates):
    """Return the row of one benchmark that is slowed: its verdicts."""
    parts = [verdicts(draw(min(CHUNK, gates - n), 1), PLAN) for n in range(0, gates, CHUNK)]
    verdict = np.concatenate([part[0][:, 0] for part in parts])
    taken = np.concatenate([part[1][:, 0] for part in parts])
    hits, passed = (verdict == REGRESSION).sum(), (verdict == PASS).sum()
    early = [((verdict == REGRESSION) & (taken <= n)).sum() for n in EARLIER]
    return _row(name, hits, passed, taken, gates, early)


def _row(name, hits, passed, taken, gates, early):
    rest = gates - hits - passed
    middle, most = np.median(taken), np.quantile(taken, 0.95)
    shares = [share(n, gates) for n in (hits, passed, rest)]
    return (name, *shares, f"{middle:.0f}, {most:.0f}", *(share(n, gates) for n in early))


def table(title, rows):
    """Return a Markdown table."""
    lines = [f"**{title}**", "", f"| {' | '.join(HEADINGS)} |", "|---" * len(HEADINGS) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows), ""])


def _simulated(rng, model, slowdown, gates, benchmarks):
    return simulated(rng, model, PLAN, gates, benchmarks, slowdown)


def _resampled(rng, ratios, gates, benchmarks, *, swapped=False):
    return resampled(rng, ratios, PLAN, gates, benchmarks, swapped=swapped)


def simulate(name, gates, seed):
    """Return the table of a noise model."""
    rng, model = np.random.default_rng(seed), MODELS[name]
    rows = [alarms(IDENTICAL, functools.partial(_simulated, rng, model, 0.0), gates)]
    for slowdown in SLOWDOWNS:
        draw = functools.partial(_simulated, rng, model, slowdown)
        rows += [detections(f"{100 * slowdown:+.0f} %", draw, gates)]
    return table(f"{name}: {model.__doc__}", rows)


def recorded(path):
    """Return {slow-down: log ratios [programs, sessions, blocks]} and the programs' names."""
    with np.load(path) as file:
        slowdowns = file["slowdowns"]
        programs = [name for name in file.files if name != "slowdowns"]
        ratios = np.log(np.stack([file[name] for name in programs], axis=1))
    return {float(s): ratios[n] for n, s in enumerate(slowdowns)}, programs


def resample(path, gates, seed):
    """Return the table of recorded sessions."""
    rng = np.random.default_rng(seed)
    ratios, programs = recorded(path)
    same = ratios[0.0]
    rows = [
        alarms(f"{IDENTICAL}, {how}", functools.partial(_resampled, rng, same, swapped=swap), gates)
        for how, swap in (("as recorded", False), ("swapped at random", True))
    ]
    for slowdown, by_program in ratios.items():
        for program, one in zip(programs, by_program, strict=True):
            real = np.exp(np.median(np.median(one, axis=1))) - 1
            name = f"{program} {100 * slowdown:+.0f} % (in all {100 * real:+.1f} %)"
            rows += [detections(name, functools.partial(_resampled, rng, one[None]), gates)]
    sessions = same.shape[1]
    spreads = np.std(np.median(same, axis=2), axis=1)
    each = ", ".join(f"{p} {100 * s:.1f} %" for p, s in zip(programs, spreads, strict=True))
    return table(f"{sessions} sessions (they differ by: {each})", rows)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--gates", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--timings", type=Path)
    parser.add_argument("--noise", nargs="*", choices=MODELS, default=list(MODELS))
    asked = parser.parse_args()
    for name in asked.noise:
        print(simulate(name, asked.gates, asked.seed), flush=True)
    if asked.timings:
        print(resample(asked.timings, asked.gates, asked.seed), flush=True)


if __name__ == "__main__":
    main()
