"""The GPU's report, rehearsed on a CPU: what it says, not how fast."""

import re

import pytest
from gpu import report


@pytest.mark.slow
def test_it_has_every_part():
    lines = list(report.report("cpu", 0.0, replicas=(1, 2), at_once=(1, 2), limit=2))
    rows = [line for line in lines if line.startswith("| network=")]
    assert len(rows) == 2 * len(report.PROGRAMS)
    assert sum(bool(re.match(r"\| [12] \| \d+ \|$", line)) for line in lines) == 2
    assert re.search(r"2 of its \d+ kinds of programs\): \d+\.\d hours", lines[-1])
