"""What is measured before a run: which rehearsals it takes, and a message's way and handling."""

import os
import threading

import pytest
import torch
from reference.stages import staged_cell
from sgbench.bench.pipeline import measure
from sgbench.bench.pipeline.messages.wires import SharedWires
from sgbench.bench.pipeline.rehearsal import Rehearsed


@pytest.fixture
def rehearsals(monkeypatch):
    """Note every rehearsal of stage 0 of 2; stage 1 takes 3 s an update."""
    found = []

    def rehearse(make, train, gather, alike):
        cell, wires, turns = make(7)
        found.append((wires.wait, wires.targets, turns))
        assert (cell.straggler, cell.iterations, wires.messages) == (1.0, 7, 28)
        seconds = 1.0 if turns else 1.25
        seconds = seconds if wires.targets else 0.875
        assert gather(seconds) == [seconds, 3.0][: len(gather(0.0))]
        times = {"forward": (3.0 if alike else seconds) + wires.wait}
        return Rehearsed(**times, backward=0.0, model=0.0, update=0.0, overhead=0.0)

    monkeypatch.setattr(measure, "rehearse", rehearse)
    monkeypatch.setattr(measure, "gathered", lambda value, *, size: [value, 3.0][:size])
    return found


def updates(*arguments, size=2, **options):
    cell = staged_cell(*arguments, straggler=4.0, **options)
    return measure.updates(
        cell, 0, size, lambda cell, wires, turns: (cell, wires, turns), None, messages=4
    )


@pytest.mark.parametrize("longest", [9.0, 2.0])
def test_locked_stages_wait_for_the_others_and_two_delays(rehearsals, monkeypatch, longest):
    monkeypatch.setattr(measure, "LONGEST", longest)
    found = updates("backprop", "locked", delay=500.0)
    wait = min(3.0 + 2 * 0.5, longest)
    assert rehearsals == [(0, True, True), (0, True, False), (wait, True, True)]
    assert found.work.forward == 1.0 + wait  # by the last of them
    assert (found.together, found.target) == (1.25, 0)


@pytest.mark.parametrize(("delay", "wait"), [(0.0, 0.0), (500.0, 1.0)])
def test_stages_that_overlap_wait_for_two_delays(rehearsals, monkeypatch, delay, wait):
    monkeypatch.setattr(measure, "LONGEST", 9.0)
    found = updates("backprop", "stale", delay=delay)
    # whether one waits is agreed on, and 3 s is what stage 1 says to everything
    assert rehearsals == [(0, True, True), (0, True, False), (wait, True, True)]
    assert found.work.forward == 1.0 + wait


def test_a_target_is_what_an_update_takes_less_without(rehearsals):
    found = updates("cdni", "unlocked", delay=100.0)
    assert rehearsals == [(0, True, True), (0, True, False), (0, False, True)]
    assert (found.work.forward, found.target, found.together) == (1.0, 0.125, 1.25)


@pytest.mark.parametrize("rule", ["dfa", "local_pred"])
def test_stages_without_m_have_no_targets_to_do_without(rehearsals, rule):
    found = updates(rule, "unlocked", delay=100.0)
    assert rehearsals == [(0, True, True), (0, True, False)]
    assert (found.work.forward, found.target, found.together) == (1.0, 0, 1.25)


def test_whole_networks_rehearse_together_as_often_as_the_slowest(rehearsals):
    found = updates("backprop", "data_parallel", delay=10.0, batch_size=8)
    assert rehearsals == [(0, True, False)]
    assert found.work.forward == 3.0


def test_one_stage_has_no_company(rehearsals):
    assert updates("backprop", "locked", size=1).together == 1
    assert rehearsals == [(0, True, True)]


@pytest.mark.parametrize(
    ("delay", "pauses", "down"),
    [(0.0, [0.0, 0.0], None), (0.02, [0.001, 0.04], None), (0.0, [0.0, 0.0], (1, 2, 6))],
)
def test_a_message_is_timed_without_its_delay_and_the_pauses(
    tmp_path, monkeypatch, delay, pauses, down
):
    (up_read, up_write), (down_read, down_write) = os.pipe(), os.pipe()
    stored, told = {}, threading.Event()

    class Store:
        def set(self, key, value):
            stored[key] = value
            told.set()

        def get(self, key):
            told.wait(5)
            return stored[key].encode()

    monkeypatch.setattr(measure.dist, "barrier", lambda: None)
    monkeypatch.setattr(measure, "ROUND_TRIPS", 5)
    shape, found = (1, 4, 6), {}

    def work(rank, pipes):
        wires = SharedWires(rank, 2, folder=tmp_path, pipes=pipes, store=Store())
        found[rank] = measure.message(
            wires,
            rank,
            2,
            (shape, shape),
            torch.float32,
            delay=delay,
            pauses=pauses,
            waits=delay > 0,
            down=down,
        )

    pipes = [{1: (down_read, up_write)}, {0: (up_read, down_write)}]
    threads = [threading.Thread(target=work, args=one, daemon=True) for one in enumerate(pipes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    for end in (up_read, up_write, down_read, down_write):
        os.close(end)
    assert found[1] == measure.Message()
    assert all(0 < seconds < 0.02 for seconds in (found[0].way, found[0].send, found[0].read))
