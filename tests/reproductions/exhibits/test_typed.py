"""Python values as the texts of --where and --set."""

import numpy as np
import pytest
from sgbench.bench.errors import UsageError
from sgbench.reproductions.exhibits.sets import parse_set
from sgbench.reproductions.exhibits.typed import set_texts, where_texts
from sgbench.reproductions.exhibits.where import parse_where


@pytest.mark.parametrize(
    ("where", "text"),
    [
        (None, ""),
        ({"rule": "dni", "depth": [3, 4]}, "rule=dni,depth=3,4"),
        ({"sg_layers": [None, 0]}, "sg_layers=none,0"),
        ({"p_update": slice(0.1, 0.5)}, "p_update>=0.1,p_update<0.5"),
        ({"T": slice(2, None)}, "T>=2"),
        ({"depth": range(3, 5)}, "depth=3,4"),
        ({"depth": np.array([3, 4])}, "depth=3,4"),
        ({"learning_rate": np.float64(3e-5)}, "learning_rate=3e-05"),
        ({"drops": (0.6, 0.8)}, "drops=0.6:0.8"),
        ({"drops": [(0.6, 0.8), ()]}, "drops=0.6:0.8,none"),
    ],
)
def test_conditions_are_those_of_the_command(where, text):
    assert parse_where(where_texts(where)) == parse_where([text] if text else [])


@pytest.mark.parametrize(
    ("changes", "texts"),
    [
        ({"iterations": 1000, "T": [5, 6]}, ["iterations=1000", "T=5,6"]),
        ({"drops": (0.6, 0.8)}, ["drops=0.6:0.8"]),
        ({"drops": [(0.6, 0.8), ()]}, ["drops=0.6:0.8,none"]),
        ({"learning_rate": 3e-5}, ["learning_rate=3e-5"]),
    ],
)
def test_changes_are_those_of_the_command(changes, texts):
    assert parse_set(set_texts(changes)) == parse_set(texts)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ("rule=dni", "a dict"),
        ({"dpth": 3}, "did you mean 'depth'"),
        ({"rule": "dni,cdni"}, "a list"),
        ({"rule": []}, "empty"),
        ({"drops": 0.6}, "a tuple"),
        ({"drops": [0.6, 0.8]}, "a tuple"),
    ],
)
@pytest.mark.parametrize(("texts", "name"), [(where_texts, "where"), (set_texts, "set")])
def test_what_cannot_be_written_is_refused_with_its_name(texts, name, values, words):
    with pytest.raises(UsageError, match=f"(?s){name}.*{words}"):
        texts(values)


@pytest.mark.parametrize("value", ["<0.2", slice(None, None), slice(0, 1, 0.1)])
def test_a_range_is_a_slice_with_a_bound(value):
    with pytest.raises(UsageError, match=r"p_update.*slice\(low, high\)"):
        where_texts({"p_update": value})
