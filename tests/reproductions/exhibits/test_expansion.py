"""Exhibits as cells: grids, seeds, what --set changes."""

import dataclasses
import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sgbench.bench.errors import UsageError
from sgbench.reproductions.exhibits.exhibit import derived_sg_scale, expand, load
from sgbench.reproductions.exhibits.parser import parse
from sgbench.reproductions.exhibits.schema import ANY, Override
from sgbench.reproductions.exhibits.sets import parse_set
from sgbench.reproductions.exhibits.where import parse_where
from small_files.exhibit import OWN, SMALL, place

TABLE1 = load("table1")
TABLE2 = load("table2")
SWEEP = load("sg_scale")


def test_seeds_are_innermost_and_counted_from_zero():
    cells = expand(TABLE1, "demo", seeds=4)
    assert [cell.seed for cell in cells[:8]] == [0, 1, 2, 3, 0, 1, 2, 3]
    for start in range(0, len(cells), 4):
        assert len({dataclasses.replace(c, seed=0) for c in cells[start : start + 4]}) == 1
    assert expand(TABLE1, "demo", seeds=1) == [c for c in cells if c.seed == 0]


@pytest.mark.parametrize("seeds", [0, -1])
def test_seeds_below_one_are_refused(seeds):
    with pytest.raises(UsageError, match=f"--seeds {seeds} must be at least 1"):
        expand(TABLE1, "demo", seeds=seeds)


def test_more_seeds_than_memory_holds_are_refused_before_they_are_listed():
    with pytest.raises(UsageError, match="--seeds 100000000000 must be at most 1000"):
        expand(TABLE1, "demo", seeds=10**11)


def test_expansion_is_the_same_in_every_process_and_needs_no_torch():
    code = (
        "import sys; from sgbench.reproductions.exhibits.exhibit import expand, load;"
        "print(*(cell.key for cell in expand(load('table1'), 'demo')),"
        " 'torch' in sys.modules, 'pandas' in sys.modules)"
    )
    keys = [cell.key for cell in expand(TABLE1, "demo")]
    for seed in ("0", "77"):
        run = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert run.stdout.split() == [*keys, "False", "False"]


@pytest.mark.parametrize(
    ("rate", "scale"),
    [(3e-5, 1.0), (3e-4, 10.0), (3e-3, 100.0), (1e-3, 33.333333333333336), (6e-6, 0.2)],
)
def test_sg_scale_follows_the_learning_rate(rate, scale):
    assert derived_sg_scale(rate) == scale
    cells = expand(TABLE1, "paper", {"learning_rate": rate}, seeds=1)
    assert {cell.learning_rate for cell in cells} == {rate}
    assert {c.sg_scale for c in cells} == {None, scale}
    assert {c.sg_scale for c in expand(TABLE1, "paper", {"sg_scale": 7}, seeds=1)} == {None, 7.0}


def test_a_set_changes_only_the_cells_it_applies_to():
    plain, changed = expand(TABLE1, "demo"), expand(TABLE1, "demo", {"filters": 5})
    assert len(plain) == len(changed)
    for before, after in zip(plain, changed, strict=True):
        filters = 5 if before.network == "cnn" else None
        assert after == dataclasses.replace(before, filters=filters)


@settings(max_examples=20, deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "iterations": st.integers(1, 10**6),
            "batch_size": st.integers(2, 512),
            "sg_units": st.integers(1, 64),
            "drops": st.lists(st.floats(0, 1), max_size=3).map(sorted),
            "split": st.sampled_from(["test", "validation"]),
        },
    )
)
def test_sets_are_in_every_cell_that_has_the_field(sets):
    plain, changed = expand(TABLE1, "demo", seeds=1), expand(TABLE1, "demo", sets, seeds=1)
    assert [place(cell.to_dict()) for cell in plain] == [place(c.to_dict()) for c in changed]
    for before, after in zip(plain, changed, strict=True):
        for field, value in before.to_dict().items():
            expected = sets[field] if field in sets and value is not None else value
            assert after.to_dict()[field] == expected
    assert len({cell.key for cell in changed}) == len(changed)


@pytest.mark.parametrize(
    ("exhibit", "sets", "message"),
    [
        (TABLE1, {"rule": "dni"}, "--set rule: .* --where rule=no_bprop"),
        (SWEEP, {"filters": 8}, "--set filters applies to no cell of sg_scale at scale demo"),
        (SWEEP, {"network": "cnn"}, "--set network=cnn with sg_scale at scale demo: filters is"),
        (SWEEP, {"network": "cnn"}, r"filters is needed .* \(--set FIELD=VALUE gives a field"),
        (TABLE1, {"seed": 1}, "--seeds"),
        (TABLE1, {"kernel_size": 4}, "must be odd"),
        (TABLE1, {"iteration": 4}, "did you mean 'iterations'"),
        (TABLE1, {"iterations": "many"}, "must be an integer"),
        (TABLE1, {"sg_units": None}, "sg_units is needed"),
    ],
)
def test_a_set_that_cannot_be_is_refused(exhibit, sets, message):
    with pytest.raises(UsageError, match=message):
        expand(exhibit, "demo", sets)


def test_a_set_replaces_an_axis_and_gives_each_cell_once():
    assert {cell.depth for cell in expand(SWEEP, "demo", {"depth": 5})} == {5}
    cells = expand(TABLE1, "demo", {"depth": 7})
    assert {cell.depth for cell in cells} == {7}
    assert len({cell.key for cell in cells}) == len(cells)
    one_depth = expand(TABLE1, "demo", where=parse_where(["depth=3"]))
    assert [place(c.to_dict()) | {"depth": 3} for c in cells] == [
        place(cell.to_dict()) for cell in one_depth
    ]
    mnist = expand(SWEEP, "demo", {"dataset": "mnist"})
    assert {(cell.dataset, cell.hidden_units) for cell in mnist} == {("mnist", 256)}


def test_several_combinations_of_sets_give_the_cells_of_each_once():
    where = parse_where(["network=fcn,rule=backprop,cdni"])
    swept = expand(TABLE1, "demo", parse_set(["depth=7,8", "sg_layers=0,1"]), seeds=1, where=where)
    found = [(cell.depth, cell.rule, cell.sg_layers) for cell in swept]
    assert sorted(found, key=str) == sorted(
        [(d, rule, m) for d in (7, 8) for rule, m in MODELS], key=str
    )


MODELS = [("backprop", None), ("cdni", 0), ("cdni", 1)]


def test_a_sweep_without_end_is_refused_before_it_is_listed():
    texts = [
        f"depth={','.join(map(str, range(2, 42)))}",
        f"iterations={','.join(map(str, range(1, 23)))}",
    ]
    with pytest.raises(UsageError, match=r"--set gives [\d,]+ cells; 100,000 are the most"):
        expand(TABLE1, "demo", parse_set(texts))


@pytest.mark.parametrize(
    ("exhibit", "where", "remedy"),
    [
        (
            TABLE1,
            "dataset=mnist",
            "--scale quick or --scale tenth or --scale paper or --set dataset=mnist",
        ),
        (TABLE1, "depth=3,7", "--set depth=7 gives"),
        (TABLE1, "learning_rate=0.01", "--set learning_rate=0.01 gives"),
        (TABLE1, "seed=7", "--seeds 8 has it"),
        (TABLE2, "T=5", "--scale quick or --scale tenth or --scale paper or --set T=5"),
        (TABLE2, "rule=dni,dataset=copy,T=40", "--set T=40 gives"),
    ],
)
def test_what_gives_the_cells_that_where_finds_none_of_is_said(exhibit, where, remedy):
    with pytest.raises(UsageError) as caught:
        expand(exhibit, "demo", where=parse_where([where]))
    assert remedy in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("where", ["rule=bptt", "network=lstm", "seed=5000", "depth>7"])
def test_no_remedy_is_said_where_there_is_none(where):
    with pytest.raises(UsageError) as caught:
        expand(TABLE1, "demo", where=parse_where([where]))
    assert "gives such cells" not in str(caught.value)
    assert "has it;" in str(caught.value)


def test_unknown_exhibits_and_scales_are_told_with_the_nearest():
    with pytest.raises(UsageError, match="unknown exhibit 'tabel1'; did you mean 'table1'"):
        load("tabel1")
    with pytest.raises(UsageError, match="unknown scale 'quik' of table1; did you mean 'quick'"):
        expand(TABLE1, "quik")


def test_a_set_that_fits_none_of_the_chosen_cells_is_refused():
    where = parse_where(["dataset=copy"])
    with pytest.raises(UsageError, match=r"--set corpus applies to no cell .* that --where picks"):
        expand(TABLE2, "demo", {"corpus": "novel.txt"}, where=where)
    texts = expand(TABLE2, "demo", {"corpus": "novel.txt"}, where=parse_where(["T=2"]))
    assert {cell.dataset for cell in texts if cell.corpus} == {"descriptions"}


def test_a_scale_may_have_a_grid_of_its_own_in_place_of_the_exhibits():
    found = parse("small", SMALL + OWN)
    places = [(c.dataset, c.depth, c.rule) for c in expand(found, "quick")]
    assert places == [
        *(("mnist", 5, "backprop"), ("mnist", 5, "no_bprop")),
        *(("digits", 5, "backprop"), ("digits", 5, "no_bprop")),
    ]
    assert found.scale("quick").datasets == ("mnist", "digits")
    assert {(c.dataset, c.depth) for c in expand(found, "demo")} == {("digits", 3), ("digits", 4)}
    assert {c.hidden_units for c in expand(found, "quick")} == {4}  # by the common overrides


def test_a_scales_axes_multiply_its_own_grid():
    axes = "seeds = 1\naxes = { iterations = [7, 8] }"
    found = parse("small", SMALL + OWN.replace("seeds = 1", axes))
    assert [c.iterations for c in expand(found, "quick")] == [7] * 4 + [8] * 4


def test_a_cell_given_twice_is_refused():
    block = SMALL[SMALL.index("[[grid]]") : SMALL.index("[scales.demo]")]
    with pytest.raises(UsageError, match="give a cell twice"):
        parse("small", SMALL + block)


def test_an_override_fits_what_set_gives():
    beyond = load("beyond")
    where = parse_where(["rule=fa,depth=4"])
    found = expand(beyond, "quick", {"patience": 10}, where=where)
    limit = 100 * (50_000 // 256)
    assert {(c.patience, c.drops, c.iterations) for c in found} == {(10, (), limit)}
    assert len(found) == 3
    where = parse_where(["rule=deep_supervision,depth=4"])
    found = expand(beyond, "quick", {"top_weight": 0.0}, where=where)
    assert {(c.value("top_weight"), c.learning_rate) for c in found} == {(0.0, 3e-3)}


def test_any_in_an_override_is_whatever_value_a_field_has():
    wanted = Override(when={"patience": ANY, "network": "fcn"}, protocol={})
    assert wanted.fits({"patience": 3, "network": "fcn"})
    assert not wanted.fits({"patience": None, "network": "fcn"})
    assert not wanted.fits({"network": "fcn"})
    assert not wanted.fits({"patience": 3, "network": "cnn"})
