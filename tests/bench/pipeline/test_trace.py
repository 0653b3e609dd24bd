"""Traces: shares, windows and the Chrome trace format."""

import time

import pytest
from sgbench.bench.outcome import MOST_SPANS
from sgbench.bench.pipeline import trace
from sgbench.bench.pipeline.trace import Interval, Trace


def test_a_straggler_takes_longer_to_compute_and_not_to_wait():
    slow = Trace(slowdown=10.0)
    for kind in ("forward", "waiting"):
        with slow.span(kind, 7):
            time.sleep(0.01)
    computing, waiting = (span.end - span.start for span in slow.spans)
    assert computing >= 0.1
    assert waiting < computing / 2
    assert [span.batch for span in slow.spans] == [7, 7]


def test_shares_are_of_the_whole_time_and_what_is_left_is_busy():
    seen = Trace()
    seen.spans = [
        Interval("forward", 0, 0.0, 1.0),
        Interval("waiting", 0, 1.0, 3.0),
        Interval("communicating", 0, 3.0, 4.0),
    ]
    assert trace.shares(seen, 8.0) == {"busy": 0.625, "waiting": 0.25, "communicating": 0.125}


def test_a_span_that_raises_is_kept():
    seen = Trace()
    with pytest.raises(ValueError, match="late"), seen.span("waiting", 3):
        raise ValueError("late")
    assert [span.kind for span in seen.spans] == ["waiting"]


def test_a_window_is_a_second_from_the_middle_of_the_run_cut_at_its_ends():
    low = [Interval("forward", k, k / 2, k / 2 + 0.5) for k in range(20)]  # ten seconds
    high = [Interval("waiting", 1, 0.0, 9.0)]
    found = trace.window([low, high], 5.0)
    assert found == [
        {"stage": 1, "kind": "waiting", "batch": 1, "start": 0.0, "end": 1.0},
        {"stage": 0, "kind": "forward", "batch": 10, "start": 0.0, "end": 0.5},
        {"stage": 0, "kind": "forward", "batch": 11, "start": 0.5, "end": 1.0},
    ]


def test_a_window_has_no_more_spans_than_a_record_keeps():
    many = [Interval("forward", k, k * 1e-4, (k + 1) * 1e-4) for k in range(10_000)]
    found = trace.window([many], 0.0)
    assert len(found) == MOST_SPANS
    assert trace.window([[], []], 0.0) == []


def test_chrome_events_are_in_microseconds_and_have_a_thread_a_stage():
    events = trace.chrome_events("a run", 4, [[Interval("model", 2, 0.5, 0.75)], []])
    assert events == [
        {"ph": "M", "pid": 4, "tid": 0, "name": "process_name", "args": {"name": "a run"}},
        {"ph": "M", "pid": 4, "tid": 0, "name": "thread_name", "args": {"name": "stage 0"}},
        {
            "ph": "X",
            "pid": 4,
            "tid": 0,
            "name": "model",
            "cat": "computing",
            "ts": 500_000.0,
            "dur": 250_000.0,
            "args": {"batch": 2},
        },
        {"ph": "M", "pid": 4, "tid": 1, "name": "thread_name", "args": {"name": "stage 1"}},
    ]
