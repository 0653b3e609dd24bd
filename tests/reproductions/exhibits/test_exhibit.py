"""Exhibits by name or path, and the cells that a command's options pick."""

import pytest
from sgbench.bench.errors import UsageError
from sgbench.reproductions.exhibits.exhibit import expand, load, names, pick_cells
from sgbench.reproductions.exhibits.sets import parse_set
from sgbench.reproductions.exhibits.where import parse_where
from small_files.exhibit import SMALL


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(SMALL)
    return str(path)


@pytest.mark.parametrize("name", ["table1", "table2", "two_networks", "p_update"])
def test_an_exhibit_of_the_package_is_loaded_by_name(name):
    assert name in names()
    assert load(name).name == name


def test_one_of_ones_own_is_loaded_by_path(mine):
    assert load(mine).name == "mine"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("batch_size", "batch", "protocol.batch"),
        ('rule = ["backprop"]', 'rule = ["bptt"]', "rule=bptt"),
        ("hidden_units = 4", "", "scales.demo: hidden_units is needed"),
    ],
)
def test_one_of_ones_own_must_fit_before_anything_trains(mine, tmp_path, old, new, words):
    (tmp_path / "mine.toml").write_text(SMALL.replace(old, new))
    with pytest.raises(UsageError) as caught:
        load(mine)
    assert str(caught.value).startswith(f"{mine}: ")
    assert words in str(caught.value)


def test_a_brought_rule_that_does_not_fit_is_an_error_of_the_package_s_exhibits_too(bring):
    bring(family="recurrent")
    with pytest.raises(UsageError, match=r"^rule mine .*table1"):
        load("table1")


class TestPickCells:
    def test_all_cells_of_a_scale_where_nothing_is_asked_for(self):
        assert pick_cells("table1", "demo") == expand(load("table1"), "demo")

    def test_options_are_read_as_a_command_reads_them(self):
        where, sets = ["network=fcn,depth>3", "rule=dni,cdni"], ["iterations=100"]
        found = pick_cells("table1", "demo", where=where, sets=sets, seeds=2)
        conditions = parse_where(where)
        exhibit = load("table1", conditions)
        assert found == expand(exhibit, "demo", parse_set(sets), 2, conditions)
        assert {cell.rule for cell in found} == {"dni", "cdni"}
        assert {cell.iterations for cell in found} == {100}
        assert {cell.seed for cell in found} == {0, 1}
        assert min(cell.depth for cell in found) == 4

    def test_cells_of_a_rule_that_was_brought(self, bring):
        bring()
        assert {cell.rule for cell in pick_cells("table1", "demo", where=["rule=mine"])} == {"mine"}

    @pytest.mark.parametrize(
        ("name", "scale", "options", "words"),
        [
            ("tabel1", "demo", {}, "did you mean 'table1'"),
            ("table1", "demmo", {}, "did you mean 'demo'"),
            ("table1", "demo", {"where": ["depth=9"]}, "--where depth=9"),
            ("table1", "demo", {"where": ["depht=3"]}, "did you mean 'depth'"),
            ("table1", "demo", {"sets": ["iterations"]}, "--set iterations"),
            ("table1", "demo", {"seeds": 0}, "--seeds 0"),
        ],
    )
    def test_a_slip_is_one_line_that_names_it(self, name, scale, options, words):
        with pytest.raises(UsageError) as caught:
            pick_cells(name, scale, **options)
        assert words in str(caught.value)
        assert "\n" not in str(caught.value)
