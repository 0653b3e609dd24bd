"""Test errors of a cell with two precisions, and whether they are equivalent."""

import math
import statistics
from dataclasses import dataclass

from scipy import stats
from sgbench.bench.engine import dispatch
from sgbench.bench.training.loop import Job, train


def error_of(cell, data_dir=None):
    """Train a cell; return its test error in percent."""
    job = Job(
        cells=(cell,),
        ids=(cell.key,),
        data_dir=data_dir,
        device="cpu",
        threads=1,
        matmul="mkl",
        matmul_error=None,
    )
    (outcome,) = train(job, lambda done, point: dispatch.Stop().asked())
    assert outcome.status == "ok"
    return outcome.error_rate


@dataclass(frozen=True)
class Interval:
    """The mean of paired differences and half of its 90 % interval, and what they tell."""

    n: int
    before: float
    mean: float
    half: float
    margin: float

    @property
    def equivalent(self):
        """Whether both one-sided tests at 5 % find the mean within the margin."""
        return abs(self.mean) + self.half < self.margin

    def __str__(self):
        low, high = self.mean - self.half, self.mean + self.half
        found = "equivalent" if self.equivalent else "not shown to be equivalent"
        return (
            f"float32 {self.before:.2f} %, bf16 minus float32 {self.mean:+.3f} points, 90 %"
            f" interval [{low:+.3f}, {high:+.3f}], n = {self.n}: {found} within {self.margin:g}"
        )


def interval(before, after, margin):
    """Return the interval of the mean of `after` minus `before`, pair by pair."""
    gaps = [b - a for a, b in zip(before, after, strict=True)]
    n, error = len(gaps), statistics.stdev(gaps) / math.sqrt(len(gaps))
    return Interval(
        n=n,
        before=statistics.fmean(before),
        mean=statistics.fmean(gaps),
        half=error * float(stats.t.ppf(0.95, n - 1)),
        margin=margin,
    )
