"""`--set`: how changes are read, sweeps among them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sgbench.bench.configuration import coerce
from sgbench.bench.errors import UsageError
from sgbench.reproductions.exhibits.field_text import format_value
from sgbench.reproductions.exhibits.sets import parse_set

VALUES = {
    "rule": st.sampled_from(["backprop", "no_bprop", "dni", "cdni"]),
    "network": st.sampled_from(["fcn", "cnn"]),
    "depth": st.integers(2, 1000),
    "sg_layers": st.none() | st.integers(0, 8),
    "learning_rate": st.floats(1e-30, 10),
    "sg_scale": st.none() | st.floats(1e-30, 1e12),
    "drops": st.lists(st.floats(0, 1), max_size=3).map(tuple),
}


def test_set_types_its_values():
    (sets,) = parse_set(
        [
            "iterations=1e3",
            "learning_rate=1",
            "drops=0.5:0.75",
            "split=validation",
            "sg_units=none",
            " filters = 8 ",
        ]
    )
    assert sets == {
        "iterations": 1000,
        "learning_rate": 1.0,
        "drops": (0.5, 0.75),
        "split": "validation",
        "sg_units": None,
        "filters": 8,
    }
    assert type(sets["iterations"]) is int
    assert type(sets["learning_rate"]) is float
    assert parse_set(["drops=0.5"]) == [{"drops": (0.5,)}]
    assert parse_set(["drops=none"]) == [{"drops": ()}]
    assert parse_set([]) == [{}]


def test_several_values_are_a_sweep_and_several_sweeps_multiply():
    assert parse_set(["T=5,6", "iterations=10"]) == [
        {"T": 5, "iterations": 10},
        {"T": 6, "iterations": 10},
    ]
    found = parse_set(["T=5, 6", "sg_layers=none,0,1"])
    assert [(one["T"], one["sg_layers"]) for one in found] == [
        *((5, None), (5, 0), (5, 1)),
        *((6, None), (6, 0), (6, 1)),
    ]


def test_lists_are_joined_by_colons_and_swept_by_commas():
    assert parse_set(["drops=0.6:0.8,none,0.5"]) == [
        {"drops": (0.6, 0.8)},
        {"drops": ()},
        {"drops": (0.5,)},
    ]


@given(st.sampled_from(sorted(VALUES)), st.data())
def test_set_reads_what_format_value_writes(field, data):
    value = data.draw(VALUES[field])
    assert parse_set([f"{field}={format_value(field, value)}"]) == [{field: value}]


@settings(max_examples=50)
@given(st.text(max_size=12))
def test_any_text_is_a_value_or_a_usage_error(text):
    for field in ("depth", "learning_rate", "sg_scale", "drops", "rule"):
        try:
            values, message = [one[field] for one in parse_set([f"{field}={text}"])], None
        except UsageError as error:
            values, message = [], str(error)
        assert message is None or field in message
        assert message is not None or [coerce(field, value) for value in values] == values


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["iteratons=5"], "--set: unknown field 'iteratons'; did you mean 'iterations'"),
        (["iterations"], "--set iterations: write FIELD=VALUE"),
        (["iterations="], "--set iterations=: a value is missing"),
        (["iterations=1.5"], "iterations=1.5 must be an integer"),
        (["iterations=0"], "iterations=0 must be between 1"),
        (["iterations=1,000"], "iterations=000: iterations=0 must be between 1"),
        (["iterations=5,5.0"], "--set iterations=5,5.0: a value is given twice"),
        (["iterations=5,"], "--set iterations=: a value is missing"),
        (["batch_size=7,iterations=20"], "a field an option; add --set iterations=20"),
        (["drops=0.6,0.8"], "the items of a list are joined by colons: drops=0.6:0.8;"),
        (["drops=0.6,0.8"], "commas stand between lists to try: drops=0.6:0.8,none"),
        (
            [f"depth={','.join(map(str, range(2, 40)))}", f"T={','.join(map(str, range(1, 40)))}"],
            "--set: 1,482 combinations of values; 1,000 are the most",
        ),
        (["iterations=none"], "iterations must be given"),
        (["batch_size=0"], "batch_size=0 must be between 2"),
        (["depth=0"], "depth=0 must be between 2"),
        (["learning_rate=nan"], "learning_rate=nan must be a finite number"),
        (["iterations=5", "iterations=6"], "--set iterations is given twice"),
        (["seed=3"], "--seeds"),
        (["split=tset"], "did you mean 'test'"),
        (["t=16"], "--set: unknown field 't'; did you mean 'T'?"),
        (["Iterations=5"], "--set: unknown field 'Iterations'; did you mean 'iterations'?"),
        (["iterations<5"], "--set iterations<5: write FIELD=VALUE"),
    ],
)
def test_bad_set_is_one_clear_line(options, message):
    with pytest.raises(UsageError) as caught:
        parse_set(options)
    assert message in str(caught.value)
    assert "--set" in str(caught.value)
    assert "\n" not in str(caught.value)
