"""The throughput report: costs beside the baseline, figures, and times to an error."""

import csv
import dataclasses
import io

import pytest
from reference.timings import MACHINE, timing_of
from sgbench.bench.errors import UsageError
from sgbench.bench.outcome import CurvePoint, Outcome
from sgbench.reports.analysis import cost_to_accuracy, speeds
from sgbench.reports.figures import throughput as throughput_figure
from sgbench.reports.pages import throughput
from sgbench.reports.pages.report import check, write
from sgbench.reproductions.exhibits.exhibit import expand, load
from sgbench.results.from_outcome import make_record
from sgbench.results.timings import PARTS


def cells(exhibit="table1", **wanted):
    """The cells of seed 0 at quick that have these values."""
    found = expand(load(exhibit), "quick", seeds=1)
    return [c for c in found if all(c.value(k) == v for k, v in wanted.items())]


FCN = {"dataset": "mnist", "network": "fcn"}
SECONDS = {"no_bprop": 0.005, "backprop": 0.01, "dni": 0.03, "cdni": 0.04}


def timings(exhibit="table1", **wanted):
    wanted = wanted or FCN
    return [timing_of(c, step=SECONDS.get(c.rule, 0.02)) for c in cells(exhibit, **wanted)]


def record(cell, curve, **fields):
    """A record of `cell` whose curve has these (iteration, seconds, error)."""
    outcome = Outcome(
        status="ok",
        error=None,
        iterations_done=cell.iterations,
        error_rate=curve[-1][2],
        curve=[
            CurvePoint(iteration=i, seconds=s, error=e, loss=1.0, train_loss=1.0)
            for i, s, e in curve
        ],
        train_seconds=1.0,
        evaluation_seconds=1.0,
        steps_per_second=1.0,
        examples_per_second=1.0,
        replicas=1,
        machine=MACHINE,
    )
    outcome = dataclasses.replace(outcome, **fields)
    return make_record(
        cell, outcome, exhibit="table1", scale="quick", data_hash="0" * 16, machine_class="m"
    )


def rows(found):
    return list(csv.DictReader(io.StringIO(found.decode())))


# costs


def test_a_rule_is_held_against_backprop_of_its_depth():
    found = speeds.speeds(timings())
    assert len(found) == len(cells(**FCN))
    for speed in found:
        assert speed.paired
        assert speed.cost.median == pytest.approx(SECONDS[speed.cell.rule] / 0.01)


def test_without_the_baseline_there_is_no_cost():
    some = [t for t in timings() if t.trained.rule != "backprop"]
    assert {speed.cost for speed in speeds.speeds(some)} == {None}
    other = [t for t in timings() if (t.trained.rule, t.trained.depth) != ("backprop", 3)]
    assert {s.cell.depth for s in speeds.speeds(other) if s.cost is None} == {3}


def test_replicas_are_held_against_as_many():
    cell, base = cells(rule="cdni", depth=3, **FCN)[0], cells(rule="backprop", depth=3, **FCN)[0]
    found = speeds.speeds([timing_of(base), timing_of(cell, step=0.02, replicas=4)])
    assert [s.cost for s in found if s.timing.replicas == 4] == [None]
    assert [s.name for s in found] == ["mnist fcn 3 backprop", "mnist fcn 3 cdni M0 x 4"]


def test_recurrent_rules_are_held_against_bptt():
    some = timings("table2", dataset="copy", T=4)
    costs_of = {s.cell.rule: s.cost for s in speeds.speeds(some)}
    assert set(costs_of) == {"bptt", "dni", "dni_aux"}
    assert costs_of["dni"].median == pytest.approx(1.5)


def test_the_order_is_the_same_whatever_comes_first():
    some = timings()
    assert speeds.speeds(some) == speeds.speeds(reversed(some))


# what is said


def test_the_table_says_what_was_measured():
    text = speeds.text("table1, scale quick", speeds.speeds(timings(depth=3, rule="cdni", **FCN)))
    line = next(line for line in text.splitlines() if line.startswith("mnist fcn 3 cdni M1"))
    assert line.split()[5:] == ["25", "6,400", "40", "80", "%", "-", "1", "0.2", "25", "50.0"]
    assert "products 50 GFLOP/s, copies 10 GB/s; 3 rounds, load 0.1 before, 0.2 after" in text
    assert "?" not in text


def test_what_is_unsteady_is_flagged_number_by_number():
    (cell,) = cells(rule="backprop", depth=3, **FCN)
    (steady,) = speeds.speeds([timing_of(cell)])
    (wild,) = speeds.speeds([timing_of(cell, jitter=(0.7, 1.0, 1.3))])
    assert "?" not in speeds.text("t", [steady])
    assert not speeds.values(steady)["unsteady"]
    assert speeds.values(wild)["unsteady"]
    text = speeds.text("t", [wild])
    line = next(line for line in text.splitlines() if line.startswith("mnist fcn 3 backprop"))
    assert line.split()[4:10] == ["100?", "25,600?", "10?", "80", "%", "1.00"]
    assert "? 1 of 1 rates and 0 of 2 ratios are unsteady" in text
    assert "(at most 60 %)" in text


def test_values_are_in_si_units():
    (one,) = speeds.speeds(timings(depth=3, rule="backprop", **FCN))
    found = speeds.values(one)
    assert found["steps_per_second"] == pytest.approx(100)
    assert (found["step_seconds"], found["cost"]) == (0.01, 1.0)
    assert found["examples_per_second"] == pytest.approx(25_600)
    assert found["tokens_per_second"] is None
    assert {f"{part}_seconds" for part in PARTS} <= set(found)
    (symbols, *_) = speeds.speeds(timings("table2", dataset="copy", T=4, rule="bptt"))
    assert speeds.values(symbols)["examples_per_second"] is None
    assert speeds.values(symbols)["tokens_per_second"] > 0


# times to an error


def of_backprop_and_dni():
    base = cells(rule="backprop", depth=3, **FCN)[0]
    other = cells(rule="dni", depth=3, sg_layers=1, **FCN)[0]
    backprop = [(100, 1.0, 9.0), (200, 2.0, 5.0), (400, 4.0, 2.0)]
    dni = [(100, 3.0, 20.0), (200, 6.0, 4.0), (400, 12.0, 3.0)]
    return other, [record(base, backprop), record(other, dni)]


def test_times_to_an_error_are_read_from_curves_and_timings():
    other, records = of_backprop_and_dni()
    found = cost_to_accuracy.reached(records, [timing_of(other, step=0.03)])
    by = {(one.cell.rule, one.factor): one for one in found}
    first = by["dni", 2.0]
    assert (first.target, first.iterations, first.seconds) == (4.0, 200, 6.0)
    assert first.timed == pytest.approx(200 * 0.03)
    never = by["dni", 1.2]
    assert (never.iterations, never.seconds, never.timed) == (None, None, None)
    assert (by["backprop", 2.0].seconds, by["backprop", 2.0].timed) == (4.0, None)


def test_a_changed_protocol_is_no_time_to_an_error():
    _, records = of_backprop_and_dni()
    changed = [
        dataclasses.replace(r, scale="custom", learning_rate=0.1, key=f"{r.key}!") for r in records
    ]
    some, formats = timings(depth=3, **FCN), ("csv", "svg")
    expected = throughput.build(some, records, None, formats)
    assert "throughput-error.csv" in expected.files
    assert throughput.build(some, [*changed, *records], None, formats) == expected


def test_a_picture_has_one_clock():
    other, records = of_backprop_and_dni()
    some = cost_to_accuracy.reached(records, [timing_of(other, step=0.03)])
    assert throughput_figure.drawings([], some) == []  # a single program of the two was timed
    (drawn,) = throughput_figure.drawings([], cost_to_accuracy.reached(records, []))
    assert sorted(drawn.data["mean"]) == [4.0, 6.0]
    assert "as the cells were trained" in drawn.notes[0]


def test_half_of_the_seeds_have_to_get_there():
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


# the whole


@pytest.fixture(scope="module")
def built():
    _, records = of_backprop_and_dni()
    some = [*timings(), *timings("table2", dataset="copy")]
    cell = cells(rule="cdni", depth=3, **FCN)[0]
    some += [timing_of(cell, step=0.04 * n, replicas=n) for n in (2, 8)]
    return throughput.build(some, records, None, ("md", "csv", "tex", "png"))


def test_the_report_has_tables_and_figures(built):
    assert set(built.files) == {
        "throughput.csv",
        "throughput.md",
        "throughput.tex",
        "throughput-error.csv",
        "throughput-cost-copy-lstm.png",
        "throughput-cost-mnist-fcn.png",
        "throughput-limit-copy-lstm.png",
        "throughput-limit-mnist-fcn.png",
        "throughput-replicas-mnist-fcn.png",
        "throughput-seconds-mnist-fcn.png",
    }
    page = built.files["throughput.md"].decode()
    assert "## Speed" in page
    assert "## Cost to accuracy" in page
    for name in built.files:
        assert not name.endswith("png") or f"({name})" in page
    lines = rows(built.files["throughput.csv"])
    assert len(lines) == len(timings()) + len(timings("table2", dataset="copy")) + 2
    assert {line["unsteady"] for line in lines} == {"False"}
    assert len(rows(built.files["throughput-error.csv"])) == 4


def test_the_same_timings_give_the_same_bytes(tmp_path):
    some = timings(depth=3, **FCN)
    one = throughput.build(some, [], None, ("md", "csv", "png"))
    other = throughput.build(reversed(some), [], None, ("md", "csv", "png"))
    assert one == other
    write(one, tmp_path)
    assert check(other, tmp_path) == []


def test_only_the_machine_with_most_is_reported_and_only_the_scale():
    some = timings(depth=3, **FCN)
    few = [dataclasses.replace(t, machine_class="another", session="two") for t in some[:2]]
    found = throughput.build([*few, *some], [], None, ("csv",))
    assert len(rows(found.files["throughput.csv"])) == len(some)
    assert "2 timings of other machine classes are left out" in found.text
    with pytest.raises(UsageError, match="no timings of scale paper"):
        throughput.build(some, [], "paper")
    with pytest.raises(UsageError, match="sgbench time"):
        throughput.build([], [])
    with pytest.raises(UsageError, match="--format"):
        throughput.build(some, [], None, ("gif",))


def test_the_latest_timing_of_a_program_counts():
    (cell,) = cells(rule="backprop", depth=3, **FCN)
    old = timing_of(cell, step=0.01, exhibit="deep")
    new = timing_of(cell, step=0.02, measured="2027-01-01T00:00:00+00:00")
    for some in ([old, new], [new, old]):
        (line,) = rows(throughput.build(some, [], None, ("csv",)).files["throughput.csv"])
        assert float(line["step_seconds"]) == 0.02


def test_pictures_show_the_numbers():
    found = {d.name: d for d in throughput_figure.drawings(speeds.speeds(timings()), [])}
    limit, cost = found["limit-mnist-fcn"].data, found["cost-mnist-fcn"].data
    assert limit["mean"].tolist() == pytest.approx([80.0] * len(limit))
    assert list(limit["column"].cat.categories) == ["bprop", "no-bprop", "DNI", "cDNI"]
    assert list(limit["line"].cat.categories) == ["no M", "linear", "1", "2"]
    assert set(limit["x"]) == {3, 4, 5, 6}
    for rule, seconds in SECONDS.items():
        some = cost.loc[cost["rule"] == rule, "mean"]
        assert some.tolist() == pytest.approx([seconds / 0.01] * len(some))


def test_populations_are_drawn_against_p_update_and_replicas_in_cells_a_second():
    some = [timing_of(c) for c in cells("p_update", decoupled="both", rule="dni")]
    found = {d.name: d for d in throughput_figure.drawings(speeds.speeds(some), [])}
    assert set(found["limit-mnist-fcn-both"].data["x"]) == {c.trained.p_update for c in some}
    (cell,) = cells(rule="backprop", depth=3, **FCN)
    stack = [timing_of(cell, step=0.01 * n**0.5, replicas=n) for n in (1, 4, 16)]
    found = {d.name: d for d in throughput_figure.drawings(speeds.speeds(stack), [])}
    data = found["replicas-mnist-fcn"].data
    assert data["x"].tolist() == [1, 4, 16]
    assert data["mean"].tolist() == pytest.approx([100, 200, 400])
