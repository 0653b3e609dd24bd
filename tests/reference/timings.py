"""Timings that nothing had to be timed for."""

import dataclasses

from sgbench.bench.hardware import machine_class
from sgbench.bench.outcome import Machine
from sgbench.reproductions.running.timing_run import id_of
from sgbench.results.timings import SCHEMA_VERSION, Timing

MACHINE = Machine(
    device="A processor",
    threads=1,
    matmul="onednn",
    matmul_error=1e-7,
    torch="2.13.0",
    python="3.11.7",
    numpy="2.4.6",
    platform="Linux x86_64",
)
SHARES = {"forward": 0.3, "backward": 0.4, "m": 0.1, "update": 0.1, "other": 0.1}


def timing_of(cell, step=0.01, limit=0.8, replicas=1, jitter=(0.99, 1.0, 1.01), **changes):
    """The timing of a cell whose step takes so many seconds, of which the limit is a part."""
    rounds = {"step": [step * j for j in jitter], "limit": [limit * step * j for j in jitter]}
    rounds |= {part: [share * step * j for j in jitter] for part, share in SHARES.items()}
    rounds |= {"matmul": [5e10 for _ in jitter], "copy": [1e10 for _ in jitter]}
    cells = tuple(dataclasses.replace(cell, seed=seed) for seed in range(replicas))
    fields = {
        "schema": SCHEMA_VERSION,
        "id": id_of(cells),
        "exhibit": "table1",
        "scale": "quick",
        "session": "one",
        "cell": cells[0].to_dict(),
        "replicas": replicas,
        "rounds": rounds,
        "steps": 5,
        "limit_by": "onednn",
        "flops": 1e9,
        "bytes": 2e8,
        "adam_bytes": 1e8,
        "peak_bytes": 50 * 2**20,
        "compile_seconds": 0.0,
        "load_before": 0.1,
        "load_after": 0.2,
        "cores": 2,
        **dataclasses.asdict(MACHINE),
        "machine_class": machine_class(MACHINE),
        "rule_source": cells[0].source_hashes()["rule"],
        "dataset_source": cells[0].source_hashes()["dataset"],
        "sgbench": "0.1.0",
        "git_revision": "0" * 40,
        "git_dirty": False,
        "measured": "2026-01-01T00:00:00+00:00",
    }
    return Timing(**(fields | changes))
