"""Shared by all tests: the slow ones, and `reference` (independent NumPy implementations).

Tests marked `slow` are skipped unless asked for:

    pytest -m slow                        all of them, and nothing else
    pytest -m slow --slow-slice 2/6       every sixth of them, from the second on
    pytest --slow-slice 2/6               those, and all the others

CI picks the slice by the commit's hash, so that all come round.
"""

import os
import re
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes is the machine's business, and what else it does.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

# Before torch and NumPy are imported: with a thread per core each, the processes that run tests
# wait for one another in a loop, eight times as long as they compute. Training takes one thread
# anyhow.
os.environ.setdefault("OMP_NUM_THREADS", "1")

sys.path.insert(0, str(Path(__file__).parent))


def pytest_addoption(parser):
    parser.addoption(
        "--slow-slice", metavar="I/N", type=_slice, help="run the Ith of N parts of the slow tests"
    )


def pytest_collection_modifyitems(config, items):
    chosen = config.getoption("--slow-slice")
    slow = [item for item in items if item.get_closest_marker("slow")]
    if chosen is not None:
        first, step = chosen
        kept = set(sorted(slow, key=lambda item: item.nodeid)[first - 1 :: step])
        left = [item for item in slow if item not in kept]
        items[:] = [item for item in items if item not in left]
        config.hook.pytest_deselected(items=left)
    elif not re.search(r"\bslow\b", config.getoption("markexpr")):
        skip = pytest.mark.skip(reason="slow: run it with -m slow")
        for item in slow:
            item.add_marker(skip)


def _slice(text):
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise pytest.UsageError(f"--slow-slice {text}: write I/N with I from 1 to N, as in 2/6")
    return int(match[1]), int(match[2])
