"""Records real timings of two identical and of slowed builds, for the gate's operating curve.

    cd tests && python -m benchmarks.record_timings timings.npz --minutes 10

A session is a fresh pair of processes; for each program and each slow-down (of the candidate's
step: 0, 5, 10, 20, 50 % of its time in repeated products) it has blocks of four turns, ABBA and
BAAB in turn, one process at a time. Which of the pair starts first alternates.
"""

import argparse
import json
import math
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from sgbench.bench import matmul

SLOWDOWNS = (0.0, 0.05, 0.10, 0.20, 0.50)
BLOCKS, TURN_SECONDS, CALIBRATING = 4, 0.03, 15
ORDERS = ("ABBA", "BAAB")


class Process:
    """One of a pair (`benchmarks.slowed`), that takes turns."""

    def __init__(self, back_end):
        command = [sys.executable, "-m", "benchmarks.slowed", back_end]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parent.parent,
        )

    def ready(self):
        """Wait until the programs are built; return their names."""
        return json.loads(self.process.stdout.readline())

    def turn(self, program, calls, share=0.0):
        """Return (CPU, wall) seconds a call."""
        told = {"program": program, "calls": calls, "share": share}
        print(json.dumps(told), file=self.process.stdin, flush=True)
        taken = json.loads(self.process.stdout.readline())
        return taken["cpu"], taken["wall"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def calibrate(back_end):
    """Return {program: (calls a turn, slow-down if every product is done twice)}."""
    process, found = Process(back_end), {}
    for program in process.ready():
        seconds = statistics.median(process.turn(program, 1)[0] for _ in range(CALIBRATING))
        calls = max(1, math.ceil(TURN_SECONDS / seconds))
        turns = [
            (process.turn(program, calls, 1.0)[0], process.turn(program, calls)[0])
            for _ in range(CALIBRATING)
        ]
        found[program] = (calls, statistics.median(twice / once for twice, once in turns) - 1)
    process.close()
    return found


def session(back_end, calibrated, baseline_first):
    """Return {program: [slow-downs, blocks, turns by their build (a, a, b, b), CPU and wall]}."""
    first, second = Process(back_end), Process(back_end)
    pair = dict(zip("AB" if baseline_first else "BA", (first, second), strict=True))
    first.ready(), second.ready()
    taken = {}
    for program, (calls, doubled) in calibrated.items():
        for process in pair.values():
            process.turn(program, calls)  # warm again
        taken[program] = np.array(
            [
                [
                    block(pair, ORDERS[n % 2], program, calls, slowdown / doubled)
                    for n in range(BLOCKS)
                ]
                for slowdown in SLOWDOWNS
            ]
        )
    first.close(), second.close()
    return taken


def block(pair, order, program, calls, share):
    """Return the turns' seconds, the baseline's two and the candidate's two, in order."""
    turns = {"A": [], "B": []}
    for side in order:
        taken = pair[side].turn(program, calls, share if side == "B" else 0.0)
        turns[side].append(taken)
    return [*turns["A"], *turns["B"]]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=10)
    asked = parser.parse_args()
    start = time.monotonic()
    back_end = matmul.choose(matmul.measure(rounds=25)).name
    calibrated = calibrate(back_end)
    print(back_end, calibrated, file=sys.stderr, flush=True)
    sessions = []
    while time.monotonic() - start < 60 * asked.minutes:
        sessions.append(session(back_end, calibrated, baseline_first=len(sessions) % 2 == 0))
        print(f"session {len(sessions)}", file=sys.stderr, flush=True)
        arrays = {
            program: np.stack([taken[program] for taken in sessions]).astype(np.float32)
            for program in calibrated
        }
        np.savez_compressed(asked.out, slowdowns=SLOWDOWNS, **arrays)


if __name__ == "__main__":
    main()
