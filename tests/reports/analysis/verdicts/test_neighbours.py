"""Neighbours of places: which they are, and that verdicts depend on all that is known of them."""

import pytest
from reference.reports import cells_of
from sgbench.reports.analysis.selection.select import select
from sgbench.reports.analysis.verdicts.neighbours import neighbours
from sgbench.reports.analysis.verdicts.places import places
from sgbench.reproductions.exhibits.exhibit import expand
from sgbench.reproductions.exhibits.where import parse_where

FCN = {"dataset": "mnist", "network": "fcn", "rule": "backprop"}
CLOSE, WIDE = [1.80, 1.81, 1.79], [1.6, 2.0, 2.4]


def of(cells, **fields):
    (cell,) = (cell for cell in cells if cell.has(fields))
    return cell


@pytest.mark.parametrize(
    ("rule", "sg_layers", "depth", "expected"),
    [("backprop", None, 3, [4]), ("backprop", None, 4, [3, 5]), ("dni", 1, 5, [4, 6]),
     ("cdni", 0, 6, [5])],
)  # fmt: skip
def test_neighbours_have_one_layer_more_or_less(table1, rule, sg_layers, depth, expected):
    cells = expand(table1, "paper", seeds=1)
    like = {"dataset": "mnist", "network": "fcn", "rule": rule, "sg_layers": sg_layers}
    found = [cells[n] for n in neighbours(cells, of(cells, depth=depth, **like), "depth")]
    assert [cell.depth for cell in found] == expected
    assert all(cell.has(like) for cell in found)


def test_networks_of_another_size_or_without_the_field_are_no_neighbours(table1):
    cells = expand(table1, "paper", seeds=1)
    cnn = of(cells, dataset="mnist", network="cnn", depth=4, rule="backprop")
    assert [cells[n].depth for n in neighbours(cells, cnn, "depth")] == [3]
    assert neighbours(cells, cnn, "T") == neighbours(cells, cnn, None) == []


def records(table1, make, **by_depth):
    return [
        make.record(cell, error, scale="paper")
        for depth, errors in by_depth.items()
        for cell, error in zip(
            cells_of(table1, "paper", depth=int(depth[1:]), **FCN), errors, strict=False
        )
    ]


def verdict(selection, depth=4):
    (place,) = (p for p in places(selection) if p.cell.has({"depth": depth, **FCN}))
    return place


def test_a_place_whose_neighbours_vary_is_judged_by_their_spread_too(table1, make):
    """Error 1.8 at depth 4, the paper's own number: by its own seeds it is surely reproduced."""
    assert verdict(select(table1, "paper", records(table1, make, d4=CLOSE))).within == "yes"
    alike = records(table1, make, d4=CLOSE, d3=CLOSE, d5=CLOSE)
    assert verdict(select(table1, "paper", alike)).verdict == "reproduced"
    spread = records(table1, make, d4=CLOSE, d3=WIDE, d5=WIDE)
    assert verdict(select(table1, "paper", spread)).verdict == "inconclusive"
    farther = records(table1, make, d4=CLOSE, d6=WIDE)
    assert verdict(select(table1, "paper", farther)).verdict == "reproduced"


def test_a_neighbour_counts_when_all_its_declared_seeds_are_there(table1, make):
    two = records(table1, make, d4=CLOSE, d5=WIDE[::2])
    assert verdict(select(table1, "paper", two)).verdict == "reproduced"
    further = cells_of(table1, "paper", depth=5, seeds=6, **FCN)[3:]
    more = [make.record(cell, e, scale="paper") for cell, e in zip(further, WIDE, strict=True)]
    assert verdict(select(table1, "paper", [*two, *more])).verdict == "reproduced"


def test_a_verdict_does_not_depend_on_what_is_shown(table1, make):
    selection = select(table1, "paper", records(table1, make, d4=CLOSE, d5=WIDE))
    assert verdict(selection).verdict == "inconclusive"
    shown = selection.narrowed(parse_where(["depth=4"]), ran=True)
    assert len(shown.cells) == 1
    assert verdict(shown).verdict == verdict(shown.narrowed()).verdict == "inconclusive"
