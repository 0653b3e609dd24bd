"""What tests of runs share: a small grid, who hears of its run, and what is left in the store."""

import dataclasses

from sgbench.results.store.store import Store

# Two small networks of each of four rules: eight cells, which train in a moment.
SMALL = ("iterations=9", "evaluate_every=4", "hidden_units=8", "batch_size=16")
GRID = ("network=fcn", "depth=3,4", "sg_layers=none,0", "rule=backprop,no_bprop,dni,cdni")
TIMES = {
    "train_seconds": 0.0,
    "evaluation_seconds": 0.0,
    "steps_per_second": None,
    "examples_per_second": None,
    "finished": "",
    "git_revision": None,  # others may commit while tests run
    "git_dirty": None,
}


class Listener:
    """Takes down what it hears; `on` may give a function for each kind of event."""

    def __init__(self, **on):
        self.plan, self.workers, self.heard, self.records, self.on = None, None, [], [], on

    def _do(self, name, *args):
        self.on.get(name, lambda *_: None)(*args)

    def planned(self, plan, workers):
        self.plan, self.workers = plan, workers
        self._do("planned")

    def progress(self, program, iteration, point):
        self.heard.append((program, iteration))
        self._do("progress", program, iteration)

    def finished(self, program, records):
        self.records += records
        self._do("finished", program, records)

    def stopping(self, number):
        self.heard.append(number)


def untimed(records):
    """{id: the record without what no two runs share}."""
    found = {}
    for record in records:
        curve = [point | {"seconds": 0.0} for point in record.curve]
        found[record.id] = dataclasses.replace(record, curve=curve, **TIMES)
    return found


def stored(store):
    """{id: what two runs of a cell share}; checks that nothing was set aside."""
    store = Store(store.path)
    records = untimed(store.scan())
    assert store.warnings == []
    return records


def left_behind(store):
    """Files of checkpoints and of writes that were cut short."""
    return [p.name for p in store.path.rglob("*") if p.suffix in (".pt", ".tmp") and p.is_file()]
