"""Made-up records of the exhibit locking: what a machine of simple rules would have measured.

Times are round numbers, rates and timelines those of the simulation of these times, and errors fall
as 1 / updates. Nothing of it was measured.
"""

import functools
import random
from dataclasses import replace

from reference.timings import MACHINE
from sgbench.bench import datasets
from sgbench.bench.families.feedforward.stages import learns_from
from sgbench.bench.outcome import CurvePoint, Outcome, Span, StageRow
from sgbench.bench.pipeline.simulation.pipeline import Pipeline, StageTimes, whole_network
from sgbench.bench.pipeline.simulation.prediction import WARM_UP, simulate
from sgbench.reproductions.exhibits.exhibit import expand
from sgbench.results.from_outcome import make_record

MESSAGE, ALL_REDUCE = 3e-4, 1e-3  # seconds
FALL = {
    "backprop": (1.9, 550.0),
    "cdni": (1.6, 1500.0),
    "dni": (5.2, 1700.0),
    "dfa": (1.8, 1500.0),
    "local_pred": (1.8, 1400.0),
}
"""Error after u updates: first + second / u."""


def times(cell):
    """The times of the stages of a cell's network."""
    scale = {64: 0.25, 256: 1.0, 1024: 8.0}[cell.hidden_units] / (cell.stages or 1)
    model = {None: 0.0, 0: 0.5e-3, 1: 6e-3}[cell.sg_layers] * scale
    if cell.sg_at is not None:  # one M of three
        model /= 3
    if cell.rule == "local_pred":  # its heads
        model = 0.1e-3 * scale
    stages = [
        StageTimes(
            forward_seconds=0.8e-3 * scale,
            backward_seconds=1.3e-3 * scale,
            model_seconds=model,
            update_seconds=0.4e-3 * scale,
            message_seconds=0.0 if last else MESSAGE,
        )
        for last in [n == (cell.stages or 1) - 1 for n in range(cell.stages or 1)]
    ]
    if cell.schedule == "data_parallel":
        return whole_network(stages, cell.stages, ALL_REDUCE)
    return stages


@functools.cache
def predicted(cell):
    """The simulation of a staged cell's run."""
    return simulate(
        Pipeline(
            stages=times(cell),
            schedule=cell.schedule,
            delay=cell.delay,
            straggler=cell.straggler,
            learns_from=learns_from(cell.rule),
        ),
        _updates(cell) - WARM_UP,
    )


def _updates(cell):
    """The updates of a run that is simulated; stages that wait for errors do not repeat soon."""
    return 420 if learns_from(cell.rule) == "errors" else 60


def record(cell, scale="quick", scatter=0.01, **changes):
    """A record of a cell of the exhibit; `changes` are its outcome's."""
    dice = random.Random(cell.key)
    rows, spans, rate = [], [], 400.0
    if cell.stages is not None:
        one = predicted(cell.replace(seed=0, iterations=1000))
        rate = one.updates_per_second * dice.lognormvariate(0, scatter)
        rows = [
            StageRow(
                stage=stage.stage,
                layers=cell.depth // cell.stages,
                updates=_updates(cell) if cell.rule == "dfa" else cell.iterations,
                updates_per_second=stage.updates_per_second,
                busy=stage.busy,
                waiting=stage.waiting,
                communicating=1 - stage.busy - stage.waiting,
                bytes_sent=4.0 * cell.batch_size * cell.hidden_units * (cell.stages > 1),
                dropped=stage.dropped,
                staleness=stage.staleness,
                staleness_max=stage.staleness_max,
                **{
                    name: getattr(own, name)
                    for name in (
                        "forward_seconds", "backward_seconds", "model_seconds", "update_seconds",
                        "message_seconds",
                    )
                },
            )
            for stage, own in zip(one.stages, times(cell), strict=True)
        ]  # fmt: skip
        spans = [Span(**span) for span in one.timeline(0.3, 200)]
    curve = _curve(cell, rate, rows, dice)
    outcome = Outcome(
        status="ok",
        error=None,
        iterations_done=cell.iterations,
        error_rate=curve[-1].error,
        loss=0.1,
        train_error=1.0,
        train_loss=0.05,
        curve=curve,
        pipeline=rows,
        timeline=spans,
        train_seconds=cell.iterations / rate,
        evaluation_seconds=1.0,
        steps_per_second=rate,
        examples_per_second=rate * cell.batch_size,
        replicas=1,
        machine=MACHINE,
    )
    made = make_record(
        cell,
        replace(outcome, **changes),
        exhibit="locking",
        scale=scale,
        data_hash=datasets.canonical_hash(cell.dataset),
        machine_class="made-up",
    )
    return replace(
        made, finished="2026-01-01T00:00:00+00:00", git_revision="0" * 40, git_dirty=False
    )


def records(exhibit, scale, keep=lambda cell: True, **options):
    """A record for each cell of the exhibit at a scale that `keep` keeps."""
    return [record(cell, scale, **options) for cell in expand(exhibit, scale) if keep(cell)]


def _curve(cell, rate, rows, dice):
    end, fall = FALL[cell.rule]
    stale = max([row.staleness or 0.0 for row in rows], default=0.0)
    if cell.dataset == "digits":  # soon learned
        fall *= 0.25 if cell.rule == "backprop" else 0.5
    fall *= (1 + stale / 500) * dice.lognormvariate(0, 0.03)
    end *= dice.lognormvariate(0, 0.01)
    at = [*range(cell.evaluate_every, cell.iterations, cell.evaluate_every), cell.iterations]
    return [
        CurvePoint(iteration=n, seconds=n / rate, error=min(90.0, end + fall / n), loss=0.1)
        for n in at
    ]
