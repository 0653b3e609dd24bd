"""A network cut into two stages: what a record of it has that no other has."""

from sgbench.bench.outcome import Span, StageRow

STAGES = [
    StageRow(
        stage=n,
        layers=2,
        updates=1000 - 10 * n,
        updates_per_second=300.0 - 3 * n,
        busy=0.75 + 0.125 * n,
        waiting=0.125 - 0.125 * n,
        communicating=0.125,
        bytes_sent=262144.0,
        dropped=3 * n,
        staleness=None if n else 1.25,
        staleness_max=None if n else 4,
        forward_seconds=0.0005,
        backward_seconds=0.001,
        model_seconds=0.00025 * (1 - n),
        update_seconds=0.0005,
        message_seconds=0.0002 * (1 - n),
    )
    for n in (0, 1)
]
SPANS = [
    Span(stage=0, kind="forward", batch=40, start=0.0, end=0.001),
    Span(stage=1, kind="waiting", batch=39, start=0.0, end=0.0025),
    Span(stage=0, kind="communicating", batch=40, start=0.001, end=0.002),
]
