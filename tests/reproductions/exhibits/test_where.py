"""`--where`: how conditions are read, and which cells they pick."""

import dataclasses
import operator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.programs import tiny_cell
from sgbench.bench.errors import UsageError
from sgbench.reproductions.exhibits.exhibit import expand, load, pick_cells
from sgbench.reproductions.exhibits.field_text import format_value
from sgbench.reproductions.exhibits.where import (
    Condition,
    Range,
    UnmetError,
    Where,
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

HOLDS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
BOUNDS = {
    "depth": st.integers(-10, 10**20),
    "seed": st.integers(0, 3),
    "sg_layers": st.integers(0, 3),
    "p_update": st.floats(-2, 2) | st.sampled_from([0.0, 0.25, 1.0]),
    "learning_rate": st.floats(allow_nan=False, allow_infinity=False),
}
RANGES = st.one_of(
    st.builds(Range, st.just(field), st.sampled_from(sorted(HOLDS)), bounds)
    for field, bounds in BOUNDS.items()
)
DNI = next(cell for cell in CELLS if cell.rule == "dni" and cell.network == "fcn")
DECOUPLED = [
    dataclasses.replace(DNI, decoupled="update", p_update=p_update, seed=seed)
    for p_update in (0.1, 0.2, 0.5, 1)
    for seed in (0, 1)
]
SOME = [*CELLS[:3], *DECOUPLED]  # of which the first three have no p_update


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


def test_none_only_permits_cells_that_lack_the_field():
    assert picked("sg_layers=none,0,rule=cdni") == picked("sg_layers=0,rule=cdni")
    with pytest.raises(UnmetError):
        picked("sg_layers=none,rule=cdni")


def test_a_value_given_twice_counts_once():
    assert parse_where(["depth=4,4.0,3"]) == Where((Condition("depth", (4, 3)),))


def test_no_condition_selects_everything_in_order():
    assert picked() == CELLS


def test_none_matches_fields_that_do_not_apply():
    chosen = picked("sg_layers=none")
    assert {cell.rule for cell in chosen} == {"no_bprop", "top_only", "backprop"}
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


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("p_update<0.2", [0.1]),
        ("p_update<=0.2", [0.1, 0.2]),
        ("p_update>0.2", [0.5, 1.0]),
        ("p_update>=2e-1", [0.2, 0.5, 1.0]),
        ("p_update>=0.2,p_update<1", [0.2, 0.5]),
        (" p_update > 0.1 , p_update <= .5 ", [0.2, 0.5]),
        ("p_update>0", [0.1, 0.2, 0.5, 1.0]),
        ("p_update>-1", [0.1, 0.2, 0.5, 1.0]),
        ("p_update<=1.5", [0.1, 0.2, 0.5, 1.0]),
        ("p_update<0.5,p_update=0.2,0.5", [0.2]),
        ("p_update<0.5,rule=dni,seed<1", [0.1, 0.2]),
    ],
)
def test_a_range_holds_for_the_numbers_that_are_there(text, wanted):
    chosen = select(SOME, parse_where([text]))
    assert sorted({cell.p_update for cell in chosen}) == wanted
    seeds = 1 if "seed" in text else 2
    assert len(chosen) == seeds * len(wanted)


def test_ranges_are_typed_as_their_field():
    where = parse_where(["depth>=4.0,learning_rate<1"])
    assert where == Where((Range("depth", ">=", 4), Range("learning_rate", "<", 1.0)))
    assert [type(condition.bound) for condition in where.conditions] == [int, float]
    assert str(where) == "depth>=4,learning_rate<1.0"
    assert picked("depth>=4", "depth<6") == picked("depth=4,5")
    assert picked("sg_layers>=0") == picked("sg_layers=0,1,2")


@settings(deadline=None)
@given(RANGES, st.sampled_from(SOME))
def test_a_range_matches_what_its_sign_says(condition, cell):
    value = cell.value(condition.field)
    wanted = value is not None and HOLDS[condition.sign](value, condition.bound)
    assert condition.matches(cell) == wanted


def test_a_range_that_selects_nothing_names_what_there_is():
    with pytest.raises(UsageError) as caught:
        select(SOME, parse_where(["p_update<0.1"]))
    assert str(caught.value) == (
        "--where p_update<0.1: no cell has it; p_update there: none, 0.1, 0.2, 0.5, 1.0"
    )
    with pytest.raises(UsageError) as caught:
        select(SOME, parse_where(["p_update>0.1,p_update<0.2"]))
    assert str(caught.value) == (
        "--where p_update>0.1,p_update<0.2: no cell has all of it;"
        " with p_update>0.1, p_update there: 0.2, 0.5, 1.0"
    )
    many = [dataclasses.replace(DECOUPLED[0], p_update=n / 100) for n in range(1, 100)]
    with pytest.raises(UsageError, match=r"p_update there: none and 99 from 0\.01 to 0\.99$"):
        select([*many, CELLS[0]], parse_where(["p_update>1"]))


@settings(deadline=None)
@given(st.lists(CONDITIONS | RANGES, max_size=4))
def test_where_round_trips_through_its_text(conditions):
    where = Where(tuple(conditions))
    options = [str(where)] if conditions else []
    assert parse_where(options) == where
    assert parse_where([str(condition) for condition in conditions]) == where


@settings(deadline=None)
@given(st.lists(CONDITIONS | RANGES, max_size=3), st.sampled_from(CELLS))
def test_where_matches_what_its_conditions_say(conditions, cell):
    wanted = all(
        cell.value(c.field) in c.values if isinstance(c, Condition) else c.matches(cell)
        for c in conditions
    )
    assert Where(tuple(conditions)).matches(cell) == wanted


@settings(max_examples=25)
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
        ("rule", "write FIELD=VALUE"),
        ("", "write FIELD=VALUE"),
        ("dni,rule=cdni", "write FIELD=VALUE"),
        ("=dni", "--where =dni: a field is missing; write FIELD=VALUE"),
        (
            "rule=dni,p_update",
            "rule=dni,p_update: p_update has no sign; write FIELD=VALUE",
        ),
        ("p_update", "the shell needs the quotes"),
        ("depth=four", "--where depth=four: depth='four' must be an integer"),
        ("depth=0", "depth=0 must be between 2"),
        ("iterations=none", "iterations must be given"),
        ("learning_rate=nan", "must be a finite number"),
        ("drops=0.6:x", "must be a number"),
        ("drops=0.6:", "must be a number"),
        ("rule=dni=cdni", "unknown rule 'dni=cdni'"),
        ("exhibit=table1", "unknown field 'exhibit'"),
        ("t=2", "unknown field 't'; did you mean 'T'?"),
        ("P_Update=0.5", "unknown field 'P_Update'; did you mean 'p_update'?"),
        ("network=FCN", "unknown network 'FCN'; did you mean 'fcn'?"),
        ("t<2", "unknown field 't'; did you mean 'T'?"),
        ("<2", "--where <2: a field is missing; write FIELD=VALUE"),
        ("p_update<", "--where p_update<: a bound is missing"),
        ("p_update<,depth=4", "--where p_update<: a bound is missing"),
        ("p_update<none", "--where p_update<none: p_update='none' must be a number"),
        ("p_update<0.1:0.2", "must be a number"),
        ("p_update<0.2<0.3", "must be a number"),
        ("depth>4.5", "--where depth>4.5: depth=4.5 must be an integer"),
        ("p_update<nan", "--where p_update<nan: p_update=nan must be a finite number"),
        ("p_update<inf", "p_update=inf must be a finite number"),
        ("p_update<1e999", "p_update=inf must be a finite number"),
        ("depth<inf", "depth=inf must be an integer"),
        ("p_update<0.2,0.3", "--where p_update<0.2,0.3: a range has one bound, 0.2;"),
        ("p_update<0.2,", "a range has one bound, 0.2;"),
        ("p_update=<0.2", "--where p_update=<0.2: unknown sign '=<'; did you mean '<='?"),
        ("p_update=>0.2", "unknown sign '=>'; did you mean '>='?"),
        ("rule==dni", "--where rule==dni: unknown sign '=='; did you mean '='?"),
        ("depth!=4", "--where depth!=4: unknown sign '!='; choose from: =, <, <=, >, >="),
        ("depth<>4", "unknown sign '<>'; choose from: =, <, <=, >, >="),
        ("0.1<p_update<0.5", "write the field before its bound, an item a bound: p_update>0.1,"),
        ("rule<dni", "--where rule<dni: rule is no number; write rule=VALUE[,VALUE…]"),
        ("drops<0.5", "drops is a list, not a number; write it whole: drops=0.6:0.8"),
        ("evaluate_at>=0.5", "evaluate_at is a list, not a number"),
        ("p_update", "or 'FIELD<NUMBER' (<, <=, > or >=;"),
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
    assert str(caught.value) == "--where depth=7: no cell has it; depth there: 3, 4, 5, 6"
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


@pytest.mark.parametrize(
    ("options", "part", "met"),
    [
        (["rule=backprop,bptt"], "rule=bptt", ()),
        (["depth=4,7,network=fcn"], "depth=7", ()),
        (["sg_layers=0,1,3"], "sg_layers=3", ()),
        (["rule=backprop,dni,sg_layers=0"], "sg_layers=0", ("rule=backprop",)),
        (["rule=dni", "rule=cdni"], "rule=cdni", ("rule=dni",)),
        (["network=cnn,depth=4,6"], "network=cnn", ("depth=6",)),
        (["depth>4,depth<=4,network=fcn"], "depth<=4", ("network=fcn", "depth>4")),
    ],
)
def test_a_value_that_picks_nothing_is_named_however_many_others_do(options, part, met):
    with pytest.raises(UnmetError) as caught:
        picked(*options)
    assert str(caught.value.unmet.part) == part
    assert tuple(map(str, caught.value.unmet.conflicting)) == met


@settings(deadline=None)
@given(st.lists(CONDITIONS | RANGES, max_size=3))
def test_every_value_picks_a_cell_or_is_refused(conditions):
    try:
        chosen = select(CELLS, Where(tuple(conditions)))
    except UnmetError:
        return
    assert chosen
    for condition in conditions:
        others = [one for one in conditions if one.field != condition.field]
        alone = [cell for cell in CELLS if Where(tuple(others)).matches(cell)]
        assert all(
            any(part.matches(cell) for cell in alone)
            for part in condition.parts()
            if getattr(part, "values", ()) != (None,)
        )


def test_a_field_that_the_cells_lack_is_told_with_the_way_to_have_them_too():
    with pytest.raises(UsageError) as caught:
        pick_cells("table1", "demo", where=("rule=backprop,sg_layers=0",))
    assert "sg_layers=none" in str(caught.value)
    assert pick_cells("table1", "demo", where=("rule=backprop,dni,sg_layers=0,none",))


def test_no_cell_at_all():
    with pytest.raises(UsageError, match="rule=dni: there is no cell"):
        select([], parse_where(("rule=dni",)))


@pytest.mark.parametrize(
    ("text", "matching"),
    [
        ("rule=dni,frozen_below=0", [True, False, False]),
        ("frozen_below<1", [True, False, False]),
        ("frozen_below>=0", [True, True, False]),
        ("frozen_below=none", [True, False, True]),
        ("dropout<0.5", [True, True, True]),
    ],
)
def test_a_default_is_a_value_of_the_cells_that_have_the_field(text, matching):
    some = [tiny_cell("dni"), tiny_cell("dni", frozen_below=1), tiny_cell("backprop")]
    assert [parse_where([text]).matches(cell) for cell in some] == matching
    if "dropout" in text:
        assert not parse_where([text]).matches(tiny_cell("backprop", "cnn"))  # has no dropout
