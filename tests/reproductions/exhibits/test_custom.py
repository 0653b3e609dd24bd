"""The scale `custom`: its grid, layout and figures are what the stored cells make of them."""

import pytest
from reference.timings import MACHINE
from sgbench.bench import datasets
from sgbench.bench.errors import UsageError
from sgbench.bench.outcome import Outcome
from sgbench.reproductions.exhibits.custom import with_custom
from sgbench.reproductions.exhibits.exhibit import expand, load
from sgbench.reproductions.exhibits.where import parse_where
from sgbench.results.from_outcome import make_record
from sgbench.results.store.published import open_published

TABLE1 = load("table1")


def record(cell, exhibit="table1", scale="custom"):
    failed = Outcome(
        status="failed",
        error="made up",
        iterations_done=0,
        curve=[],
        train_seconds=0.0,
        evaluation_seconds=0.0,
        steps_per_second=None,
        examples_per_second=None,
        replicas=1,
        machine=MACHINE,
    )
    return make_record(
        cell,
        failed,
        exhibit=exhibit,
        scale=scale,
        data_hash=datasets.canonical_hash(cell.dataset),
        machine_class="made-up",
    )


def changed(where, *sets, exhibit=TABLE1, seeds=2):
    picked = parse_where([where])
    cells = [expand(exhibit, "demo", some, seeds=seeds, where=picked) for some in sets]
    return [record(cell, exhibit.name) for some in cells for cell in some]


def keys(cells):
    return {cell.key for cell in cells}


def test_the_scale_has_the_stored_cells_and_no_others():
    records = changed("network=fcn,depth=4", {"iterations": 7}, {"iterations": 8})
    found = with_custom(TABLE1, records)
    assert keys(expand(found, "custom")) == keys(r.cell for r in records)
    assert found.scale("custom").seeds == 2
    assert found.scale("custom").values("iterations") == (7, 8)
    assert found.scale("custom").values("depth") == ()  # what all have is no axis


def test_a_field_that_only_some_cells_have_is_the_protocol_of_those():
    where = parse_where(["network=fcn,depth=4,rule=backprop,cdni,sg_layers=none,0,2"])
    cells = expand(TABLE1, "demo", {"iterations": 7}, seeds=1, where=where)
    found = with_custom(TABLE1, map(record, cells))
    assert found.scale("custom").values("sg_units") == ()
    assert keys(expand(found, "custom")) == keys(cells)


def test_the_order_is_the_exhibits_then_ascending_whatever_the_records():
    records = changed("network=fcn,depth=3,4", {"iterations": 100}, {"iterations": 9}, seeds=1)
    found = [with_custom(TABLE1, some).scale("custom") for some in (records, records[::-1])]
    assert list(found[0].points()) == list(found[1].points())
    assert found[0].values("rule") == ("no_bprop", "top_only", "backprop", "dni", "cdni")
    assert found[0].values("iterations") == (9, 100)


def test_the_layout_gains_what_tells_cells_apart():
    same = with_custom(TABLE1, changed("rule=backprop", {"iterations": 7}))
    assert same.layout == TABLE1.layout
    more = with_custom(TABLE1, changed("rule=cdni,sg_layers=0", {"iterations": 7}, {"drops": ()}))
    assert more.layout.rows == ("network", "depth", "iterations")
    models = with_custom(TABLE1, changed("rule=cdni", {"iterations": 7}))
    assert models.layout.rows == ("network", "depth", "sg_layers")


def test_what_the_paper_says_of_its_own_protocol_is_left_out():
    found = with_custom(TABLE1, changed("rule=cdni", {"iterations": 7}))
    assert found.claim_tests("custom") == []
    assert found.fixed_layers("digits", "fcn", "cdni") is None
    assert TABLE1.claims


def test_records_of_other_exhibits_and_scales_do_not_count():
    (one,) = changed("rule=backprop,network=fcn,depth=3", {"iterations": 7}, seeds=1)
    others = [record(one.cell, exhibit="deep"), record(one.cell, scale="demo")]
    assert with_custom(TABLE1, others) == TABLE1
    with pytest.raises(UsageError, match=r"--scale custom: no cell of table1 .* --set"):
        with_custom(TABLE1, others).scale("custom")


def test_what_a_study_tried_is_found_in_the_published_records():
    records = [r for r in open_published().scan() if (r.exhibit, r.scale) == ("table1", "custom")]
    found = with_custom(TABLE1, records)
    assert keys(expand(found, "custom")) >= keys(r.cell for r in records)
    assert found.scale("custom").values("learning_rate")
