"""Clocks: seconds between marks, by the time that they are given."""

from sgbench.bench.profiling.clock import CpuClock, clock_of


def test_a_cpu_clock_tells_the_time_that_it_is_given():
    times = iter([1.0, 3.5])
    clock = clock_of("cpu", lambda: next(times))
    assert isinstance(clock, CpuClock)
    assert clock.between(clock.mark(), clock.mark()) == 2.5
