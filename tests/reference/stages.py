"""Staged networks in one process: stages in threads, their messages in memory."""

import itertools
import threading

import torch
from reference.programs import random_data, tiny_cell
from sgbench.bench.families.feedforward.batches import Batches
from sgbench.bench.families.feedforward.program import FeedForwardProgram
from sgbench.bench.pipeline.messages.links import Inbox
from sgbench.bench.pipeline.part import Part
from sgbench.bench.pipeline.stage import Stage

CPU = torch.device("cpu")


class MemoryLink:
    """Messages to and from a neighbour in the same process."""

    def __init__(self, peer, limit=None):
        self.peer, self.inbox, self.sent, self.other = peer, Inbox(limit), 0, None

    def send(self, batch, tensor):
        from sgbench.bench.pipeline.messages.links import Message

        self.sent += tensor.nbytes
        self.other.inbox.put(Message(batch, tensor.clone()))

    def end(self, seconds):
        self.other.inbox.close()


def staged_cell(rule="backprop", schedule="locked", **changes):
    """A cell that trains in milliseconds, cut into two stages."""
    fields = {"stages": 2, "schedule": schedule, "delay": 0.0, "straggler": 1.0}
    fields |= {"iterations": 12, "evaluate_every": 4}
    if schedule == "completely_unlocked":
        fields |= {"si_layers": 0}
    return tiny_cell(rule, **(fields | changes))


def stages_of(cell, bounds, limit=None):
    """Stages of a cell, cut at `bounds`, with their links in memory."""
    data, size, found = random_data(), len(bounds) - 1, []
    for rank in range(size):
        part = Part(cell, data.train_images.shape[1:], data.classes, bounds[rank], bounds[rank + 1])
        batches = [
            Batches([cell], data, CPU, purpose=purpose) for purpose in ("order", f"own{rank}")
        ]
        found.append(Stage(rank, size, part, *batches))
    for lower, upper in itertools.pairwise(found):
        lower.above = MemoryLink(upper.rank, limit)
        upper.below = MemoryLink(lower.rank, limit)
        lower.above.other, upper.below.other = upper.below, lower.above
    return found


def train(stages, schedule):
    """Train stages at the same time, a thread each; raise what a stage raises."""
    errors = []

    def work(stage):
        try:
            with torch.inference_mode():
                schedule(stage)
                stage.finish()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(stage,), daemon=True) for stage in stages]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads), "stages wait for one another"
    if errors:
        raise errors[0]


def whole(cell, **changes):
    """The program of the same cell without stages, on the same data, trained."""
    alone = dict.fromkeys(("stages", "schedule", "delay", "straggler"))
    alone |= dict.fromkeys(("si_layers", "si_units"))
    cell = cell.replace(**(alone | changes))
    program = FeedForwardProgram([cell], random_data(), CPU)
    with torch.inference_mode():
        for _ in range(cell.iterations):
            program.step()
    return program


def differences(stages, program):
    """By name of a weight that a stage has, the largest difference from the whole network's."""
    return {
        name: float((view - program.weights.named[name]).abs().max())
        for stage in stages
        for name, view in stage.part.weights.named.items()
    }
