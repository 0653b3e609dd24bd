"""The sampler answers the gate of any revision: it builds programs, and times their steps."""

import pytest
from sgbench.bench.cell import Cell
from sgbench.bench.profiling.sampler import Sampler
from sgbench.reproductions.exhibits import exhibit as exhibits
from sgbench.reproductions.exhibits.where import parse_where


@pytest.fixture
def cell():
    where = parse_where(["network=fcn,depth=3,rule=backprop"])
    return exhibits.expand(exhibits.load("table1"), "demo", {}, 1, where)[0]


def build(cell, **more):
    how = {"device": "cpu", "threads": 1, "matmul": "onednn"}
    return {"do": "build", "name": "x", "cell": {**cell.to_dict(), **more}, **how}


def test_fields_that_do_not_apply_may_be_unknown(cell):
    sampler = Sampler()
    assert sampler.answer(build(cell, of_a_later_revision=None)) == {"ok": True}
    assert sampler.answer({"do": "sample", "name": "x", "steps": 2})["seconds"] > 0
    answer = sampler.answer(build(cell, of_a_later_revision=3))
    assert "of_a_later_revision" in answer["error"]
    assert "KeyError" in sampler.answer({"do": "sample", "name": "y", "steps": 2})["error"]


def test_a_sample_is_the_time_of_one_step(monkeypatch, cell):
    sampler, now = Sampler(), iter([10.0, 16.0])
    sampler.answer(build(Cell.from_dict(cell.to_dict())))
    monkeypatch.setattr("sgbench.bench.profiling.sampler.time.process_time", lambda: next(now))
    assert sampler.answer({"do": "sample", "name": "x", "steps": 3}) == {"seconds": 2.0}
