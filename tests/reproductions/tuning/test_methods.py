"""Samplers and pruners: every name makes one, and another is answered with the nearest."""

import pytest
from sgbench.bench.errors import UsageError
from sgbench.reproductions.tuning.methods import PRUNERS, SAMPLERS, check_methods


def test_known_names_pass():
    for sampler in SAMPLERS:
        for pruner in PRUNERS:
            check_methods(sampler, pruner)


@pytest.mark.parametrize(
    ("sampler", "pruner", "words"),
    [("tpee", "none", "--sampler 'tpee'; did you mean 'tpe'"), ("tpe", "medien", "--pruner")],
)
def test_an_unknown_name_is_answered_with_the_nearest(sampler, pruner, words):
    with pytest.raises(UsageError, match=words):
        check_methods(sampler, pruner)
