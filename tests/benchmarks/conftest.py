"""Timing runs only where it is asked for: by naming this folder or a file in it, as `make bench`.

Environment: SGBENCH_BENCH_ROUNDS, the interleaved rounds of each benchmark (20).
"""

from pathlib import Path

import pytest
import torch
from benchmarks import summary
from sgbench.bench.nn import products

HERE = Path(__file__).parent
ROWS = pytest.StashKey[dict[str, list[dict]]]()


def pytest_collection_modifyitems(config, items):
    """Deselect the benchmarks of this folder where only a folder above it was named, or none."""
    named = [Path(argument.partition("::")[0]).resolve() for argument in config.args]
    if any(path.is_relative_to(HERE) for path in named):
        return
    timed = [item for item in items if HERE in item.path.parents and _is_timed(item)]
    if timed:
        config.hook.pytest_deselected(items=timed)
        items[:] = [item for item in items if item not in timed]


def _is_timed(item):
    return "benchmark" in getattr(item, "fixturenames", ())


def pytest_terminal_summary(terminalreporter, config):
    """Print the table of ratios."""
    rows = config.stash.get(ROWS, None)
    if rows:
        terminalreporter.section("ratios")
        terminalreporter.write_line(summary.text(rows))


@pytest.fixture
def report(request, benchmark):
    """Return a function that adds a row to a part of the summary and to the benchmark's JSON."""
    rows = request.config.stash.setdefault(ROWS, {})

    def add(part, **row):
        benchmark.extra_info |= {"part": part, "row": row}
        rows.setdefault(part, []).append(row)

    return add


@pytest.fixture
def one_thread():
    """Compute on one thread, as the protocol does."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def back_end():
    """Name the back-end that training would choose on this machine."""
    return products.choose(products.measure()).name
