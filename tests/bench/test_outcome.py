"""Outcomes: cosines that are not defined, and levels as JSON."""

import json
import math

from sgbench.bench.outcome import Solved, defined


def test_a_cosine_that_is_not_defined_is_none():
    assert defined([0.5, math.nan, -1.0]) == [0.5, None, -1.0]


def test_a_solved_level_is_json():
    level = Solved(length=5, symbols=2, repeats=1, iteration=10, data_steps=30, seconds=1.5)
    assert Solved(**json.loads(json.dumps(level.to_dict()))) == level
