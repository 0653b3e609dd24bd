"""The gate's samples, taken from real processes whose clocks say what the test wants."""

import os
import time
from contextlib import closing

import pytest
from planted.checkouts import checkout, commit, plant
from sgbench.reproductions.exhibits import exhibit as exhibits
from sgbench.reproductions.exhibits.where import parse_where
from sgbench.reproductions.gate.builds import builds
from sgbench.reproductions.gate.sampler_process import SamplerProcess
from sgbench.reproductions.gate.speed import Benchmark, Sampling
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


def opened(both, **how):
    benchmarks = [Benchmark(name=cell.rule, cell=cell) for cell in cells()]
    plan = SequentialPlan(benchmarks=len(benchmarks), blocks=3, turn_seconds=0.01, **how)
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


def test_a_verdict_comes_as_soon_as_it_is_decided(pair):
    """What cannot be run after the first session, a regression when enough sessions say so."""
    plant(
        pair[1],
        "bench/rules/dni.py",
        ("    one_hot = network", "    raise 1\n    one_hot = network"),
    )
    for folder in pair:
        commit(folder)
    said = []
    with builds("./one", "other") as both, opened(both, false_alarms=1.0) as sampling:
        decided = [
            (finding.name, finding.verdict, len(said), len(sampling.sessions["backprop"]))
            for finding in sampling.findings(time.monotonic() + 300, said.append)
        ]
    assert decided == [("dni", "regression", 1, 1), ("backprop", "regression", 2, 2)]


def test_what_is_open_at_the_deadline_is_inconclusive(pair):
    for folder in pair:
        commit(folder)
    said = []
    with builds("./one", "other") as both, opened(both) as sampling:
        findings = list(sampling.findings(time.monotonic(), said.append))
    assert [(f.name, f.verdict) for f in findings] == [
        ("backprop", "inconclusive"), ("dni", "inconclusive"),
    ]  # fmt: skip
    assert said == []
