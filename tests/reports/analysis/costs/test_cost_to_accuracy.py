"""Times to an error, read from curves and timings."""

import dataclasses

import pytest
from reference.speeds import of_backprop_and_dni, record
from reference.timings import timing_of
from sgbench.reports.analysis.costs import cost_to_accuracy


def test_times_to_an_error_are_read_from_curves_and_timings():
    other, records = of_backprop_and_dni()
    timing = timing_of(other, step=0.03)
    found = cost_to_accuracy.reached(records, [timing])
    by = {(one.cell.rule, one.factor): one for one in found}
    first = by["dni", 2.0]
    assert (first.target, first.iterations, first.seconds) == (4.0, 200, 6.0)
    assert first.timed == pytest.approx(200 * 0.03)
    assert (first.flops, first.bytes) == (200 * timing.flops, 200 * timing.bytes)
    never = by["dni", 1.2]
    assert (never.iterations, never.seconds, never.timed) == (None, None, None)
    assert (never.flops, never.bytes) == (None, None)
    untimed = by["backprop", 2.0]
    assert (untimed.flops, untimed.bytes) == (None, None)
    assert (by["backprop", 2.0].seconds, by["backprop", 2.0].timed) == (4.0, None)


def test_more_than_half_of_the_seeds_have_to_get_there():
    other, records = of_backprop_and_dni()
    seeds = [dataclasses.replace(other, seed=seed) for seed in (1, 2)]
    late = [(100, 3.0, 20.0), (200, 6.0, 9.0), (400, 12.0, 4.0)]
    records += [record(seeds[0], late), record(seeds[1], [(400, 12.0, 50.0)])]
    found = {o.factor: o for o in cost_to_accuracy.reached(records, []) if o.cell.rule == "dni"}
    assert found[2.0].seeds == 3
    assert (found[2.0].iterations, found[2.0].seconds) == (400, 12.0)
    records += [record(dataclasses.replace(other, seed=3), [(400, 12.0, 50.0)])]
    found = {o.factor: o for o in cost_to_accuracy.reached(records, []) if o.cell.rule == "dni"}
    assert found[2.0].iterations is None


def test_of_two_seeds_the_median_is_between_them():
    other, records = of_backprop_and_dni()
    second = dataclasses.replace(other, seed=1)
    both = [*records, record(second, [(100, 3.0, 20.0), (400, 13.0, 3.0)])]
    (one,) = (o for o in cost_to_accuracy.reached(both, []) if o.cell.rule == "dni" and o.first)
    assert (one.iterations, one.seconds) == (300, 9.5)  # of 200 and 400, and 6 and 13
    never = [*records, record(second, [(400, 13.0, 5.0)])]
    (one,) = (o for o in cost_to_accuracy.reached(never, []) if o.cell.rule == "dni" and o.first)
    assert (one.seeds, one.iterations, one.seconds) == (2, None, None)


def test_failures_and_other_schedules_are_left_out():
    other, records = of_backprop_and_dni()
    longer = dataclasses.replace(other, iterations=2 * other.iterations)
    failed = dataclasses.replace(other, seed=4)
    records += [
        record(longer, [(100, 1.0, 1.0)]),
        record(failed, [(100, 1.0, 1.0)], status="failed"),
    ]
    found = cost_to_accuracy.reached(records, [])
    assert {(one.cell.rule, one.seeds) for one in found} == {("backprop", 1), ("dni", 1)}


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({"rule_version": 0}, False),
        ({"dataset_version": 0}, False),
        ({"protocol_version": 0}, False),
        ({"rule_source": "f" * 16}, False),
        ({"data_canonical": False, "data_hash": "f" * 16}, False),
        ({"machine_class": "a"}, False),  # the others' leads
        ({"finished": "2000-01-01T00:00:00+00:00"}, True),
    ],
)
def test_of_several_records_of_a_cell_the_current_one_of_the_leading_machine_counts(
    changes, counts
):
    other, records = of_backprop_and_dni()
    again = dataclasses.replace(record(other, [(100, 1.0, 1.0)]), **changes)
    for some in ([*records, again], [again, *records]):
        found = cost_to_accuracy.reached(some, [])
        (one,) = (o for o in found if o.cell.rule == "dni" and o.first)
        assert one.iterations == (100 if counts else 200)


def test_of_several_baselines_the_one_that_differs_least_sets_the_target():
    other, records = of_backprop_and_dni()
    base = records[0].cell
    for changes, error in (({"learning_rate": 0.5}, 3.0), ({"norm": "none"}, 5.0)):
        records += [record(c.replace(**changes), [(400, 4.0, error)]) for c in (base, other)]
    records.append(record(other.replace(learning_rate=0.25), [(400, 4.0, 9.0)]))
    for some in (records, records[::-1]):
        found = cost_to_accuracy.reached(some, [])
        assert {
            (o.cell.learning_rate, o.cell.norm): o.target
            for o in found
            if o.first and o.cell.rule == "dni"
        } == {
            (other.learning_rate, other.norm): 4.0,
            (0.5, other.norm): 6.0,
            (other.learning_rate, "none"): 10.0,
            (0.25, other.norm): 4.0,  # of equals the lowest
        }


def test_what_is_cut_into_stages_sets_no_target():
    _, records = of_backprop_and_dni()
    base = records[0].cell
    knobs = {"stages": 2, "schedule": "locked", "delay": 0.0, "straggler": 1.0}
    staged = base.replace(**knobs)
    records.append(record(staged, [(100, 1.0, 9.0), (400, 4.0, 7.0)]))
    found = cost_to_accuracy.reached(records, [])
    assert {one.target for one in found if one.factor == 2.0} == {4.0}
    assert {one.seconds for one in found if one.cell.stages} == {None}


def test_where_cells_end_by_themselves_the_lowest_error_sets_the_target():
    other, records = of_backprop_and_dni()
    base = records[0].cell
    curve = [(100, 1.0, 9.0), (200, 2.0, 2.0), (400, 4.0, 3.0)]
    records = [record(one.replace(patience=1), curve) for one in (base, other)]
    records.append(record(base, [(400, 4.0, 1.0)]))  # by the schedule, which is another
    found = cost_to_accuracy.reached(records, [])
    assert {one.target for one in found if one.factor == 2.0 and one.cell.patience} == {4.0}
