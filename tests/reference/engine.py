"""Small cells for the engine, and what comes of jobs that it runs."""

from concurrent.futures import Future

from reference.jobs import untimed
from reference.programs import tiny_cell
from sgbench.bench.engine import dispatch
from sgbench.bench.engine.dispatch import Stop

RULES = [("no_bprop", None), ("backprop", None), ("dni", 1), ("cdni", 0), ("cdni", 2)]


def cells(iterations=12, count=5):
    """Small cells, on digits where workers load the data."""
    common = {"iterations": iterations, "evaluate_every": iterations, "precision": "float32"}
    return [
        tiny_cell(rule, "fcn" if number % 2 else "cnn", sg_layers=sg_layers, **common)
        for number, (rule, sg_layers) in enumerate((RULES * count)[:count])
    ]


def run(jobs, workers=1, stop=None, progress=lambda *_: None):
    """Run jobs; return {index: outcomes without times} in the order in which they ended."""
    ended = {}

    def done(index, outcomes):
        assert index not in ended
        ended[index] = untimed(outcomes)

    dispatch.run(jobs, workers, stop or Stop(), done, progress)
    return ended


def statuses(ended):
    return {index: outcomes[0].status for index, outcomes in sorted(ended.items())}


class FakeClient:
    """Stands in for a client of dask: takes down what it is asked, and has the workers it is told.

    Attributes:
        workers: the addresses of the workers.
        submitted: the arguments of each call of `submit`, by name.
        topics: who hears each topic.
    """

    status = "running"

    def __init__(self, *workers):
        self.workers, self.submitted, self.topics = list(workers), [], {}

    def nthreads(self):
        return dict.fromkeys(self.workers, 1)

    def subscribe_topic(self, topic, handler):
        self.topics[topic] = handler

    def submit(self, function, *arguments, **options):
        self.submitted.append((function, arguments, options))
        return Future()
