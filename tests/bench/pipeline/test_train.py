"""Staged cells by real processes: what they learn, what is measured, and what faults come to.

The stages' processes start once for all tests but those that end them.
"""

import dataclasses
import json
import math
import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from reference.jobs import job_of, never
from reference.stages import staged_cell
from sgbench.bench import datasets
from sgbench.bench.errors import TrainingError, UsageError
from sgbench.bench.families.feedforward.batches import Batches
from sgbench.bench.nn.adam import rates
from sgbench.bench.pipeline import group
from sgbench.bench.pipeline import train as staged
from sgbench.bench.pipeline.part import Part
from sgbench.bench.training import loop

CPU = torch.device("cpu")
SLOW = pytest.mark.slow
SHORT = {"iterations": 8, "evaluate_every": 4, "hidden_units": 16, "batch_size": 32}


@pytest.fixture(scope="module", autouse=True)
def _ended():
    yield
    staged.close()


def outcome_of(cell, should_stop=never, **changes):
    (found,) = staged.train(job_of(cell, **changes), should_stop)
    return found


def errors(outcome):
    return [(p.iteration, p.error, p.loss) for p in outcome.curve]


@pytest.mark.parametrize("precision", [pytest.param("float32", marks=SLOW), "float64"])
def test_one_stage_learns_what_the_whole_network_learns(precision):
    cell = staged_cell(**SHORT, stages=1, precision=precision)
    one = outcome_of(cell)
    alone = cell.replace(stages=None, schedule=None, delay=None, straggler=None)
    (whole,) = loop.train(job_of(alone), never)
    assert one.status == "ok"
    assert errors(one) == errors(whole)
    assert [row.layers for row in one.pipeline] == [4]


@pytest.mark.parametrize("precision", [pytest.param("float32", marks=SLOW), "float64"])
def test_locked_stages_learn_what_the_whole_network_learns_whatever_the_delay(precision):
    cell = staged_cell(**SHORT, precision=precision)
    found = outcome_of(cell)
    alone = cell.replace(stages=None, schedule=None, delay=None, straggler=None)
    (whole,) = loop.train(job_of(alone), never)
    assert found.status == "ok"
    assert errors(found) == errors(whole)
    assert (found.train_error, found.train_loss) == (whole.train_error, whole.train_loss)
    later = outcome_of(cell.replace(delay=2.0, straggler=2.0))
    assert errors(later) == errors(found)


def test_rows_hold_what_was_measured():
    cell = staged_cell(**SHORT)
    found = outcome_of(cell)
    low, high = found.pipeline
    assert (low.stage, high.stage) == (0, 1)
    assert low.layers + high.layers == 4
    for row in found.pipeline:
        assert math.isclose(row.busy + row.waiting + row.communicating, 1)
        assert row.updates == 8
        assert row.bytes_sent == 16 * 32 * 8  # h or its gradient, float64
        assert row.transport == "shared memory"
        assert (row.dropped, row.staleness) == (0, None)
        assert min(row.forward_seconds, row.backward_seconds, row.update_seconds) > 0
        assert row.model_seconds == 0
        assert row.target_seconds == 0
        assert row.overhead_seconds > 0
        assert row.together > 0
    assert min(low.send_seconds, low.read_seconds) > 0
    assert low.message_seconds > 0
    assert high.message_seconds == 0
    assert found.steps_per_second == low.updates_per_second
    assert {span.kind for span in found.timeline} > {"forward", "waiting", "communicating"}


def test_a_delay_is_waited_for_twice_an_update():
    quick, slow = (outcome_of(staged_cell(**SHORT, delay=delay)) for delay in (0.0, 40.0))
    more = 1 / slow.steps_per_second - 1 / quick.steps_per_second
    assert more > 0.07  # two messages
    assert slow.pipeline[0].waiting > 0.7


def test_unlocked_stages_do_not_wait_for_a_delay():
    cell = staged_cell("cdni", "unlocked", **(SHORT | {"iterations": 40, "delay": 40.0}))
    found = outcome_of(cell)
    assert found.train_seconds < 40 * 0.08  # as long as locked stages would wait alone
    assert [point.iteration for point in found.curve] == list(range(4, 41, 4))
    assert found.pipeline[0].updates == 40
    assert found.pipeline[1].updates <= 40


def test_completely_unlocked_stages_run():
    cell = staged_cell("cdni", "completely_unlocked", **(SHORT | {"iterations": 40}))
    found = outcome_of(cell)
    assert found.status == "ok"
    assert found.pipeline[1].model_seconds > 0


def test_stages_with_an_m_each_run_and_know_its_work():
    one = {"sg_at": "stages", "sg_layers": 0}
    cell = staged_cell("cdni", "unlocked", **(SHORT | {"iterations": 40} | one))
    found = outcome_of(cell)
    assert found.status == "ok"
    low, high = found.pipeline
    assert low.model_seconds > 0
    assert high.model_seconds == 0
    assert low.staleness is None or low.staleness >= 0


def test_stages_with_heads_wait_for_no_delay_and_send_nothing_down():
    cell = staged_cell("local_pred", "unlocked", **(SHORT | {"iterations": 40, "delay": 40.0}))
    found = outcome_of(cell)
    assert found.train_seconds < 40 * 0.08  # as long as locked stages would wait alone
    low, high = found.pipeline
    assert (low.updates, low.staleness, low.target_seconds) == (40, None, 0)
    assert min(low.model_seconds, high.model_seconds, low.bytes_sent) > 0
    assert high.bytes_sent == 0


@pytest.mark.parametrize("stages", [pytest.param(2, marks=SLOW), 3])
def test_stages_learn_from_late_errors_to_the_last_one(stages):
    short = SHORT | {"iterations": 40, "delay": 5.0}
    found = outcome_of(staged_cell("dfa", "unlocked", stages=stages, **short))
    assert found.status == "ok"
    assert [point.iteration for point in found.curve] == list(range(4, 41, 4))
    *below, top = found.pipeline
    assert top.staleness is None
    assert top.bytes_sent == 10 * 32 * 8  # the error, float64
    for row in below:
        assert 1 <= row.updates <= 40
        assert 0 <= row.staleness <= row.staleness_max < 40
        assert (row.model_seconds, row.target_seconds) == (0, 0)


def micro_batched(cell, parts, own=1):
    """The loss on held-out data of the whole network, trained by means over parts of batches.

    Running statistics follow every part; of `own` processes they follow the first one's.
    """
    data = datasets.load("digits", None)
    part = Part(cell, data.train_images.shape[1:], data.classes, 0, 4)
    batches = Batches([cell], data, CPU)
    with torch.inference_mode():
        for step in range(cell.iterations):
            images, labels = batches.take(batches.next())
            x, total = part.architecture.pack(images), torch.zeros_like(part.weights.grads)
            for number, (piece, own_labels) in enumerate(
                zip(x.chunk(parts, 2), labels.chunk(parts, 1), strict=True)
            ):
                before = {n: s.clone() for n, s in part.weights.statistics.items()}
                logits, pullbacks = part.forward(piece)
                delta = part.loss_gradient(logits, part.encode(own_labels))
                part.backward(pullbacks, delta / parts)
                total += part.weights.grads
                if number and own > 1:
                    for name, old in before.items():
                        part.weights.statistics[name].copy_(old)
            part.weights.grads.copy_(total)
            part.adam.step(rates([cell], step))
        return np.mean(
            [
                float(
                    torch.nn.functional.cross_entropy(
                        part.evaluate(part.architecture.pack(images))[0].mT, labels[0]
                    )
                )
                * labels.shape[1]
                for images, labels in batches.chunks("held")
            ]
        ) / np.mean([labels.shape[1] for _, labels in batches.chunks("held")])


@pytest.mark.parametrize(
    ("schedule", "parts", "own"),
    [
        ("gpipe", 4, 1),
        pytest.param("1f1b", 4, 1, marks=SLOW),
        pytest.param("data_parallel", 2, 2, marks=SLOW),
    ],
)
def test_parts_of_a_batch_learn_by_their_mean_gradient(schedule, parts, own):
    cell = staged_cell(schedule=schedule, **SHORT)
    found = outcome_of(cell)
    np.testing.assert_allclose(found.loss, micro_batched(cell, parts, own), rtol=1e-9)
    if schedule == "data_parallel":
        assert [row.layers for row in found.pipeline] == [4, 4]
    slow = outcome_of(cell.replace(delay=5.0))
    assert errors(slow) == errors(found)
    assert slow.steps_per_second < 100  # at least two messages an update, one after another


def test_a_trace_is_json_that_other_tools_read(tmp_path):
    path = tmp_path / "trace.json"
    for seed in (0, 1):
        outcome_of(staged_cell(**SHORT, seed=seed), trace=str(path))
    events = json.loads(path.read_text().rstrip().rstrip(",") + "]")
    names = [event["args"]["name"] for event in events if event["name"] == "process_name"]
    assert [name[-6:] for name in names] == ["seed 0", "seed 1"]
    spans = [event for event in events if event["ph"] == "X"]
    assert {event["pid"] for event in spans} == {1, 2}
    assert {event["tid"] for event in spans} == {0, 1}
    assert {event["args"]["batch"] for event in spans} == set(range(8))


def test_a_run_that_is_stopped_begins_anew_and_leaves_no_process():
    long = staged_cell(**(SHORT | {"iterations": 10**6, "evaluate_every": 10**6}))
    found = outcome_of(long, should_stop=lambda iteration, point: True)
    assert (found.status, found.iterations_done, found.curve) == ("timeout", 0, [])
    assert staged._groups == {}


def children():
    return [child for _, child, _ in staged._groups[2]._children]


WAYS = [("backprop", "locked"), ("dfa", "unlocked"), ("local_pred", "unlocked")]


def fault(action, rule="backprop", schedule="locked"):
    """Train a cell that takes long; do something to its processes; return the error's words."""
    endless = SHORT | {"iterations": 10**6, "evaluate_every": 50}
    long, failed = staged_cell(rule, schedule, **endless), []

    def act():
        while 2 not in staged._groups or not staged._groups[2].store.check(["progress/0"]):
            time.sleep(0.02)
        action(children())

    staged.close()
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    with pytest.raises(TrainingError) as caught:
        outcome_of(long)
    assert isinstance(caught.value.cause, group.StagesError)
    failed.append(str(caught.value.cause))
    thread.join(10)
    assert staged._groups == {}
    return failed[0], caught.value.iterations_done


@pytest.mark.parametrize("rank", [pytest.param(0, marks=SLOW), 1])
@pytest.mark.parametrize("way", [WAYS[0], *(pytest.param(way, marks=SLOW) for way in WAYS[1:])])
def test_a_stage_that_is_killed_ends_the_run_with_one_line_and_no_process_stays(way, rank):
    seen = []

    def kill(processes):
        seen.extend(processes)
        processes[rank].kill()

    words, iterations = fault(kill, *way)
    assert "\n" not in words
    assert words == f"stage {rank} was killed by SIGKILL"
    assert iterations >= 50
    assert all(process.poll() is not None for process in seen)


@pytest.mark.parametrize(
    ("way", "held"),
    [
        (WAYS[0], 1),
        pytest.param(WAYS[1], 1, marks=SLOW),
        pytest.param(WAYS[2], 0, marks=SLOW),
    ],
)
def test_a_message_that_is_late_ends_the_run_with_one_line(monkeypatch, way, held):
    """Stage `held` stops; with heads only the one above waits for anything."""
    monkeypatch.setenv("SGBENCH_MESSAGE_SECONDS", "1")
    monkeypatch.setattr(group, "END_SECONDS", 0.5)  # the one that is held will not end by itself
    seen, folders = [], []

    def hold(processes):
        seen.extend(processes)
        folders.append(Path(staged._groups[2]._folder.name))
        os.kill(processes[held].pid, signal.SIGSTOP)

    words, _ = fault(hold, *way)
    assert not folders[0].exists()
    assert f"waited 1 s for stage {held} at update" in words
    assert "\n" not in words
    assert all(process.poll() is not None for process in seen)


def test_the_stage_that_failed_is_told_and_not_the_one_that_lost_it():
    said = [
        {"error": "StageError: stage 0 lost stage 1 at update 9", "usage": None, "at": 2.0},
        {"error": "MemoryError: no room", "usage": None, "at": 1.0},
    ]
    outcome_of(staged_cell(**SHORT))
    known = staged._groups[2]
    for rank, one in enumerate(said):
        known.store.set(f"result/{known._number - 1}/{rank}", json.dumps(one))
    assert str(known._failure()) == "MemoryError: no room"
    staged.close()


def test_stages_end_with_the_process_that_started_them():
    outcome_of(staged_cell(**SHORT))
    processes = children()
    for process in processes:
        process.stdin.close()
    for process in processes:
        assert process.wait(10) is not None
    with pytest.raises(TrainingError) as caught:
        outcome_of(staged_cell(**SHORT))
    assert "stage 0 ended" in str(caught.value.cause)


def test_what_the_user_is_to_mend_is_told_as_ever_and_the_next_cell_trains():
    with pytest.raises(UsageError, match=r"^batch_size=4000 is more than the 1437 training"):
        outcome_of(staged_cell(**(SHORT | {"batch_size": 4000})))
    assert outcome_of(staged_cell(**SHORT)).status == "ok"


def test_a_diverged_run_says_where():
    cell = staged_cell(**(SHORT | {"learning_rate": 10.0, "precision": "float32"}))
    found = [{"row": dataclasses.asdict(row)} for row in outcome_of(cell).pipeline]
    points = [{"error": 90.0, "loss": math.nan, "train_loss": 1.0}]
    for one in found:
        one |= {"seconds": 1.0, "snapshots": [[4, 0.5]], "points": [], "spans": []}
    found[1]["points"] = points
    (outcome,) = [staged._outcome(job_of(cell), "ok", None, found)]
    assert (outcome.status, outcome.iterations_done) == ("diverged", 4)
    assert outcome.error_rate is None
