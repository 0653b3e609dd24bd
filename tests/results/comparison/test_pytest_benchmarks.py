"""Files of pytest-benchmark: verdicts on their rounds, what is missing, and files that are none."""

import json
import os
import random
import subprocess
import sys

import pytest
from scipy.stats import mannwhitneyu
from sgbench.bench.errors import UsageError
from sgbench.results.comparison.pytest_benchmarks import compare
from sgbench.results.statistics.gate_finding import exit_code


def times(median, n=40, deviation=0.01, seed=0):
    source = random.Random(seed)
    return [median * source.lognormvariate(0, deviation) for _ in range(n)]


@pytest.fixture
def file(tmp_path):
    count = iter(range(100))

    def write(rounds, processor="A processor", cpu=None, timer="perf_counter", **extra):
        path = tmp_path / f"{next(count)}.json"
        benchmarks = [
            {
                "fullname": name,
                "stats": {"data": data},
                "extra_info": extra,
                "options": {"timer": timer},
            }
            for name, data in rounds.items()
        ]
        machine = {"cpu": {"brand_raw": processor} if cpu is None else cpu}
        path.write_text(json.dumps({"machine_info": machine, "benchmarks": benchmarks}))
        return path

    return write


def test_slower_same_and_faster(file):
    a = file({"slow": times(1.0), "same": times(1.0), "fast": times(1.0)})
    b = file({"slow": times(1.2, seed=1), "same": times(1.0, seed=2), "fast": times(0.8, seed=3)})
    slow, same, fast = compare(a, b)
    assert (slow.verdict, same.verdict, fast.verdict) == ("regression", "pass", "pass")
    assert slow.estimate == pytest.approx(1.2, abs=0.02)
    assert slow.low < slow.estimate < slow.high
    expected = mannwhitneyu(times(1.2, seed=1), times(1.0), alternative="greater").pvalue
    assert slow.p == pytest.approx(expected)
    assert fast.words.startswith("faster by ")
    assert "one process each, not interleaved" in slow.words
    assert exit_code([slow, same, fast]) == 1


def test_a_difference_within_the_factor_passes_however_sure(file):
    a, b = file({"x": times(1.0, deviation=0.001)}), file({"x": times(1.03, deviation=0.001)})
    (found,) = compare(a, b)
    assert found.p < 1e-9
    assert (found.verdict, found.words[:11]) == ("pass", "within 1.05")


def test_noise_beyond_the_factor_is_not_told(file):
    a, b = file({"x": times(1.0, 8, 0.5)}), file({"x": times(1.1, 8, 0.5, seed=1)})
    (found,) = compare(a, b)
    assert found.verdict == "inconclusive"


def test_the_level_is_divided_by_the_benchmarks(file):
    a, b = times(1.0, 7, 0.001), times(1.2, 7, 0.001)  # p is 1 / 3432: below 0.005, not a 20th
    one = compare(file({"x": a}), file({"x": b}))
    many = {f"x{n}": a for n in range(20)}
    twenty = compare(file(many), file(dict.fromkeys(many, b)))
    assert one[0].verdict == "regression"
    assert {found.verdict for found in twenty} == {"inconclusive"}


def test_what_is_missing_on_either_side_is_listed(file):
    a, b = file({"both": times(1.0), "old": times(1.0)}), file({"new": times(1.0)})
    found = {finding.name: finding for finding in compare(a, b)}
    assert {name: f.verdict for name, f in found.items()} == dict.fromkeys(
        ["both", "old", "new"], "missing"
    )
    assert str(b) in found["old"].words
    assert str(a) in found["new"].words
    assert exit_code(found.values()) == 3


def test_a_file_without_rounds_says_how_to_save_them(file):
    a, b = file({"x": times(1.0)}), file({"x": []})
    (found,) = compare(a, b)
    assert found.verdict == "inconclusive"
    assert f"{b} has no rounds of it" in found.words
    assert "--benchmark-save-data" in found.words


def test_few_rounds_are_too_few(file):
    (found,) = compare(file({"x": [1.0] * 4}), file({"x": [2.0] * 9}))
    assert (found.verdict, found.n) == ("inconclusive", 4)
    assert "4 rounds" in found.words


def test_other_processors_are_incomparable(file):
    a, b = file({"x": times(1.0)}), file({"x": times(9.0)}, processor="Another")
    (found,) = compare(a, b)
    assert found.verdict == "incomparable"
    assert "A processor; Another" in found.words


def test_calls_in_a_round_are_divided_by(file):
    a = file({"x": times(8.0)}, calls_a_round=8)
    b = file({"x": times(4.0, seed=1)}, calls_a_round=4)
    (found,) = compare(a, b)
    assert found.estimate == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no json", "is not JSON"),
        ("[]", "not a file of pytest-benchmark"),
        ("{}", "not a file of pytest-benchmark"),
        ('{"benchmarks": [{"fullname": "x"}]}', "not a file of pytest-benchmark"),
        ('{"benchmarks": [{"fullname": "x", "stats": {"data": [0]}}]}', "not a file of"),
        ('{"benchmarks": [{"fullname": "x", "stats": {"data": ["a"]}}]}', "not a file of"),
        ('{"benchmarks": [{"fullname": "x", "stats": {"data": 5}}]}', "not a file of"),
        ('{"benchmarks": [{"fullname": "x", "stats": {"data": [1]}, "extra_info":'
         ' {"calls_a_round": 0}}]}', "not a file of"),
        ('{"benchmarks": 3}', "not a file of"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_one_clear_line(file, tmp_path, text, message):
    bad = tmp_path / "bad.json"
    bad.write_text(text)
    with pytest.raises(UsageError, match=message) as caught:
        compare(file({}), bad)
    assert str(bad) in str(caught.value)
    assert "--benchmark-json=FILE" in str(caught.value)


def test_a_file_that_is_not_there(file, tmp_path):
    with pytest.raises(UsageError, match="No such file"):
        compare(tmp_path / "none.json", file({}))


def test_a_file_that_pytest_benchmark_wrote(tmp_path):
    (tmp_path / "test_it.py").write_text("def test_it(benchmark):\n    benchmark(sum, range(99))\n")
    path = tmp_path / "real.json"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"]
    options = [f"--benchmark-json={path}", "--benchmark-min-rounds=5", "--benchmark-max-time=0.02"]
    # Within a worker of pytest-xdist pytest-benchmark measures nothing.
    alone = {name: value for name, value in os.environ.items() if "PYTEST_XDIST" not in name}
    subprocess.run([*command, *options], cwd=tmp_path, check=True, capture_output=True, env=alone)
    (found,) = compare(path, path)
    assert (found.name, found.verdict, found.estimate) == ("test_it.py::test_it", "pass", 1.0)


EPYC = {"brand_raw": "AMD EPYC", "arch": "X86_64", "family": 25, "model": 1}


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        ({}, {}, "not known"),
        ({}, EPYC, "not known"),
        ({"arch": "ARM_8"}, {"arch": "ARM_8"}, "not known"),  # ARM kernels name no model
        ({"brand_raw": ""}, {"brand_raw": ""}, "not known"),
        (EPYC, EPYC | {"model": 17}, "different processors: model 1; model 17"),
        (EPYC, EPYC | {"brand_raw": "Other"}, "different processors: AMD EPYC; Other"),
    ],
)
def test_processors_that_are_not_known_to_be_one_are_not_compared(file, a, b, words):
    rounds = {"x": times(1.0), "y": times(1.0)}
    found = compare(file(rounds, cpu=a), file(rounds, cpu=b))
    assert {one.verdict for one in found} == {"incomparable"}
    assert words in found[0].words
    assert exit_code(found) == 3


def test_properties_that_one_file_lacks_are_no_difference(file):
    rounds = {"x": times(1.0)}
    found = compare(file(rounds, cpu=EPYC), file(rounds, cpu={"brand_raw": "AMD EPYC"}))
    assert [one.verdict for one in found] == ["pass"]


def test_times_of_different_clocks_are_not_compared(file):
    a = file({"x": times(1.0)}, timer="perf_counter")
    b = file({"x": times(1.0)}, timer="process_time")
    (found,) = compare(a, b)
    assert (found.verdict, exit_code([found])) == ("incomparable", 3)
    assert "perf_counter; process_time" in found.words
