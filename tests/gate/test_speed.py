"""The gate's samples, taken from real processes whose clocks say what the test wants."""

import os
import time
from contextlib import closing

import pytest
from gate.builds import checkout, commit, plant
from sgbench.bench.cell import Cell
from sgbench.bench.errors import UsageError
from sgbench.bench.profiling.sampler import Sampler as Answering
from sgbench.reproductions.exhibits import exhibit as exhibits
from sgbench.reproductions.exhibits.where import parse_where
from sgbench.reproductions.gate.builds import builds
from sgbench.reproductions.gate.speed import Benchmark, SamplerProcess, Sampling
from sgbench.results.statistics.sequential import SequentialPlan

CLOCK = "            return clock.between(start, clock.mark()) / steps\n"


def cells():
    where = parse_where(["network=fcn,depth=3,sg_layers=none,0,rule=backprop,dni"])
    return exhibits.expand(exhibits.load("table1"), "demo", {}, 1, where)


@pytest.fixture
def pair(tmp_path, monkeypatch):
    """Two folders: a step takes a second by the baseline's clock, 1.3 by the candidate's."""
    folders = [checkout(tmp_path / name) for name in ("one", "other")]
    plant(folders[0], "bench/profiling/sampler.py", (CLOCK, "            return 1.0\n"))
    plant(folders[1], "bench/profiling/sampler.py", (CLOCK, "            return 1.3\n"))
    monkeypatch.chdir(tmp_path)
    return folders


def opened(both):
    benchmarks = [Benchmark(name=cell.rule, cell=cell) for cell in cells()]
    plan = SequentialPlan(benchmarks=len(benchmarks), blocks=3, turn_seconds=0.01)
    return closing(
        Sampling(builds=both, benchmarks=benchmarks, plan=plan, device="cpu", matmul="onednn")
    )


def test_a_session_has_the_blocks_ratios_of_each_benchmark(pair):
    for folder in pair:
        commit(folder)
    with builds("./one", "other") as both, opened(both) as sampling:
        assert sampling.session(["backprop", "dni"], time.monotonic() + 100)
        assert sampling.session(["dni"], time.monotonic() + 100)
    assert sampling.sessions == {"backprop": [[1.3] * 3], "dni": [[1.3] * 3] * 2}
    assert sampling.broken == {}


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="cores cannot be chosen here")
def test_a_pair_shares_a_core_the_next_session_the_next(pair, monkeypatch):
    for folder in pair:
        commit(folder)
    seen, ask = [], SamplerProcess.ask

    def watched(sampler, **asked):
        seen.append(os.sched_getaffinity(sampler._process.pid))
        return ask(sampler, **asked)

    monkeypatch.setattr(SamplerProcess, "ask", watched)
    cores, mine = sorted(os.sched_getaffinity(0)), []
    with builds("./one", "other") as both, opened(both) as sampling:
        for _ in range(3):
            assert sampling.session(["dni"], time.monotonic() + 100)
            mine.append(list(map(set, dict.fromkeys(map(frozenset, seen)))))
            seen.clear()
            waiting = [os.sched_getaffinity(s._process.pid) for s in sampling._next]
            if len(cores) > 1:
                assert not set.union(*waiting) & mine[-1][0]
    assert mine == [[{cores[n % len(cores)]}] for n in range(3)]


def test_what_comes_after_the_deadline_is_not_kept(pair):
    for folder in pair:
        commit(folder)
    with builds("./one", "other") as both, opened(both) as sampling:
        assert not sampling.session(["dni"], time.monotonic())
    assert sampling.sessions == {"backprop": [], "dni": []}


def test_a_build_that_raises_breaks_that_benchmark_only(pair):
    plant(
        pair[1],
        "bench/rules/dni.py",
        ("    one_hot = network", "    raise 1\n    one_hot = network"),
    )
    for folder in pair:
        commit(folder)
    with builds("./one", "other") as both, opened(both) as sampling:
        assert sampling.session(["backprop", "dni"], time.monotonic() + 100)
    assert sampling.sessions == {"backprop": [[1.3] * 3], "dni": []}
    build, why = sampling.broken["dni"]
    assert build == "candidate"
    assert "exceptions must derive from BaseException" in why


def test_a_build_that_does_not_start_is_named(pair):
    plant(pair[0], "bench/cell.py", ("import dataclasses\n", "import nothing_like_it\n"))
    for folder in pair:
        commit(folder)
    with (
        builds("./one", "other") as both,
        opened(both) as sampling,
        pytest.raises(UsageError, match=r"the baseline, ./one, cannot be timed: .*nothing_like_it"),
    ):
        sampling.session(["dni"], time.monotonic() + 100)


def asked(cell, **more):
    how = {"device": "cpu", "threads": 1, "matmul": "onednn"}
    return {"do": "build", "name": "x", "cell": {**cell.to_dict(), **more}, **how}


def test_fields_that_do_not_apply_may_be_unknown():
    answering, cell = Answering(), cells()[0]
    assert answering.answer(asked(cell, of_a_later_revision=None)) == {"ok": True}
    assert answering.answer({"do": "sample", "name": "x", "steps": 2})["seconds"] > 0
    answer = answering.answer(asked(cell, of_a_later_revision=3))
    assert "of_a_later_revision" in answer["error"]
    assert "KeyError" in answering.answer({"do": "sample", "name": "y", "steps": 2})["error"]


def test_a_sample_is_the_time_of_one_step(monkeypatch):
    answering, now = Answering(), iter([10.0, 16.0])
    answering.answer(asked(Cell.from_dict(cells()[0].to_dict())))
    monkeypatch.setattr("sgbench.bench.profiling.sampler.time.process_time", lambda: next(now))
    assert answering.answer({"do": "sample", "name": "x", "steps": 3}) == {"seconds": 2.0}
