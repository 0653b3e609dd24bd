import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sgbench.bench.cell import coerce
from sgbench.bench.errors import UsageError
from sgbench.reproductions.exhibit import expand, load
from sgbench.reproductions.select import (
    Condition,
    Where,
    format_value,
    parse_set,
    parse_where,
    select,
)

CELLS = expand(load("table1"), "demo", {"learning_rate": 3e-3, "drops": [0.6, 0.8]}, seeds=3)
VALUES = {
    "rule": st.sampled_from(["backprop", "no_bprop", "dni", "cdni"]),
    "dataset": st.sampled_from(["digits", "mnist", "cifar10"]),
    "network": st.sampled_from(["fcn", "cnn"]),
    "depth": st.integers(2, 1000),
    "seed": st.integers(0, 2**53),
    "sg_layers": st.none() | st.integers(0, 8),
    "learning_rate": st.floats(1e-30, 10),
    "sg_scale": st.none() | st.floats(1e-30, 1e12),
    "drops": st.lists(st.floats(0, 1), max_size=3).map(tuple),
}
CONDITIONS = st.sampled_from(sorted(VALUES)).flatmap(
    lambda field: st.builds(
        Condition,
        st.just(field),
        st.lists(VALUES[field], min_size=1, max_size=3, unique=True).map(tuple),
    )
)


def picked(*options):
    return select(CELLS, parse_where(options))


def test_an_item_without_equals_extends_the_key_before_it():
    where = parse_where(["rule=dni,cdni,depth=4"])
    assert where == Where((Condition("rule", ("dni", "cdni")), Condition("depth", (4,))))
    chosen = select(CELLS, where)
    assert chosen == [c for c in CELLS if c.rule in {"dni", "cdni"} and c.depth == 4]
    assert len(chosen) == 2 * 2 * 3 * 3  # rules, networks, sg_layers, seeds


def test_options_are_joined_by_and():
    assert picked("rule=dni,cdni", "depth=4") == picked("rule=dni,cdni,depth=4")
    assert picked("rule=dni,cdni", "rule=cdni,backprop") == picked("rule=cdni")
    assert picked("rule=dni,cdni,rule=cdni,backprop") == picked("rule=cdni")


def test_a_value_given_twice_counts_once():
    assert parse_where(["depth=4,4.0,3"]) == Where((Condition("depth", (4, 3)),))


def test_no_condition_selects_everything_in_order():
    assert picked() == CELLS


def test_none_matches_fields_that_do_not_apply():
    chosen = picked("sg_layers=none")
    assert {cell.rule for cell in chosen} == {"no_bprop", "backprop"}
    assert len(chosen) == len([cell for cell in CELLS if cell.sg_layers is None])
    assert {cell.sg_layers for cell in picked("sg_layers=none,0")} == {None, 0}


@pytest.mark.parametrize("text", ["3e-3", "0.003", "0.0030", "3.0E-3", " 3e-3 "])
def test_floats_match_by_value(text):
    assert picked(f"learning_rate={text}") == CELLS


def test_lists_match_whole():
    assert picked("drops=0.6:0.8") == CELLS
    assert picked("drops=0.6:0.80") == CELLS
    with pytest.raises(UsageError, match=r"drops=0\.6: no cell has it; drops there: 0\.6:0\.8$"):
        picked("drops=0.6")
    with pytest.raises(UsageError, match="drops=none: no cell has it"):
        picked("drops=none")


@given(st.lists(CONDITIONS, max_size=4))
def test_where_round_trips_through_its_text(conditions):
    where = Where(tuple(conditions))
    options = [str(where)] if conditions else []
    assert parse_where(options) == where
    assert parse_where([str(condition) for condition in conditions]) == where


@given(st.lists(CONDITIONS, max_size=3), st.sampled_from(CELLS))
def test_where_matches_what_its_conditions_say(conditions, cell):
    wanted = all(getattr(cell, c.field) in c.values for c in conditions)
    assert Where(tuple(conditions)).matches(cell) == wanted


@given(st.sampled_from(CELLS))
def test_a_cell_is_selected_by_all_its_own_values(cell):
    texts = [f"{field}={format_value(field, value)}" for field, value in cell.to_dict().items()]
    assert picked(",".join(texts)) == [cell]


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("ruel=dni", "unknown field 'ruel'; did you mean 'rule'"),
        ("rule=dnni", "--where rule=dnni: unknown rule 'dnni'; did you mean 'dni'"),
        ("rule=dni,cdnni", "did you mean 'cdni'"),
        ("rule=", "--where rule=: a value is missing"),
        ("rule=dni,", "--where rule=: a value is missing"),
        ("rule=dni,,depth=4", "--where rule=: a value is missing"),
        ("rule", "write KEY=VALUE"),
        ("", "write KEY=VALUE"),
        ("dni,rule=cdni", "write KEY=VALUE"),
        ("=dni", "unknown field ''"),
        ("depth=four", "--where depth=four: depth='four' must be an integer"),
        ("depth=0", "depth=0 must be between 2"),
        ("iterations=none", "iterations must be given"),
        ("learning_rate=nan", "must be a finite number"),
        ("drops=0.6:x", "must be a number"),
        ("drops=0.6:", "must be a number"),
        ("rule=dni=cdni", "unknown rule 'dni=cdni'"),
        ("exhibit=table1", "unknown field 'exhibit'"),
    ],
)
def test_bad_where_is_one_clear_line(option, message):
    with pytest.raises(UsageError) as caught:
        parse_where([option])
    assert message in str(caught.value)
    assert "--where" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_nothing_matched_names_the_condition_that_is_never_met():
    with pytest.raises(UsageError) as caught:
        picked("rule=dni,depth=7,8")
    assert str(caught.value) == "--where depth=7,8: no cell has it; depth there: 3, 4, 5, 6"
    with pytest.raises(UsageError, match=r"dataset=mnist: no cell has it; dataset there: digits$"):
        picked("dataset=mnist")


def test_nothing_matched_names_the_conditions_that_exclude_each_other():
    with pytest.raises(UsageError) as caught:
        picked("rule=dni,depth=6,network=cnn")
    assert str(caught.value) == (
        "--where rule=dni,depth=6,network=cnn: no cell has all of it;"
        " with rule=dni,depth=6, network there: fcn"
    )
    with pytest.raises(UsageError, match=r"with rule=dni, rule there: dni$"):
        picked("rule=dni", "rule=cdni")


def test_set_types_its_values():
    sets = parse_set(
        [
            "iterations=1e3",
            "learning_rate=1",
            "drops=0.5,0.75",
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
    assert parse_set(["drops=0.5:0.75"]) == {"drops": (0.5, 0.75)}
    assert parse_set(["drops=0.5"]) == {"drops": (0.5,)}
    assert parse_set(["drops=none"]) == {"drops": ()}
    assert parse_set([]) == {}


@given(st.sampled_from(sorted(set(VALUES) - {"seed"})), st.data())
def test_set_reads_what_format_value_writes(field, data):
    value = data.draw(VALUES[field])
    assert parse_set([f"{field}={format_value(field, value)}"]) == {field: value}


@settings(max_examples=50)
@given(st.text(max_size=12))
def test_any_text_is_a_value_or_a_usage_error(text):
    for field in ("depth", "learning_rate", "sg_scale", "drops", "rule"):
        try:
            value, message = parse_set([f"{field}={text}"])[field], None
        except UsageError as error:
            value, message = None, str(error)
        assert message is None or field in message
        assert message is not None or coerce(field, value) == value


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["iteratons=5"], "--set: unknown field 'iteratons'; did you mean 'iterations'"),
        (["iterations"], "--set iterations: write KEY=VALUE"),
        (["iterations="], "--set iterations=: a value is missing"),
        (["iterations=1.5"], "iterations=1.5 must be an integer"),
        (["iterations=0"], "iterations=0 must be between 1"),
        (["iterations=1,000"], "iterations='1,000' must be an integer"),
        (["iterations=none"], "iterations must be given"),
        (["batch_size=0"], "batch_size=0 must be between 2"),
        (["depth=0"], "depth=0 must be between 2"),
        (["learning_rate=nan"], "learning_rate=nan must be a finite number"),
        (["iterations=5", "iterations=6"], "--set iterations is given twice"),
        (["seed=3"], "--seeds"),
        (["split=tset"], "did you mean 'test'"),
    ],
)
def test_bad_set_is_one_clear_line(options, message):
    with pytest.raises(UsageError) as caught:
        parse_set(options)
    assert message in str(caught.value)
    assert "--set" in str(caught.value)
    assert "\n" not in str(caught.value)
