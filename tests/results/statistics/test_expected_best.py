"""The expected best of k trials, against all subsets."""

import itertools
import statistics

import pytest
from sgbench.results.statistics.expected_best import expected_best


@pytest.mark.parametrize("values", [[3.0], [5.0, 1.0], [4.0, 2.0, 2.0, 9.0, 1.5, 7.0]])
@pytest.mark.parametrize(("minimize", "best"), [(True, min), (False, max)])
def test_is_the_mean_over_all_subsets(values, minimize, best):
    for k, found in enumerate(expected_best(values, minimize=minimize), start=1):
        subsets = itertools.combinations(values, k)
        assert found == pytest.approx(statistics.fmean(best(some) for some in subsets))


def test_one_is_the_mean_and_all_is_the_best():
    values = [float(n * n % 17) for n in range(400)]
    found = expected_best(values)
    assert len(found) == 400
    assert (found[0], found[-1]) == (pytest.approx(statistics.fmean(values)), min(values))
    assert found == sorted(found, reverse=True)


def test_nothing_of_nothing():
    assert expected_best([]) == []
