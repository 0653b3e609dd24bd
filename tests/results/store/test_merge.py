"""Merging: nothing is lost, nothing is chosen silently, and once more changes nothing."""

import dataclasses
import itertools
import random

import pytest
from sgbench.bench.errors import UsageError
from sgbench.results.record import NAMES
from sgbench.results.store.merge import COMPARED, merge, results_of
from sgbench.results.store.store import Store


@pytest.fixture
def store_of(tmp_path):
    def make(name, records):
        store = Store(tmp_path / name)
        for record in records:
            store.put(record)
        store.path.mkdir(exist_ok=True)
        return store

    return make


def files(store):
    return {p: p.read_bytes() for p in sorted(store.path.rglob("*")) if p.is_file()}


def by_key(store):
    return {(r.id, r.machine_class): r for r in store.scan()}


def test_shards_become_one_store(store_of, make):
    records = make.records(9)
    shards = [store_of(f"shard{n}", records[n::3]) for n in range(3)]
    before = [files(shard) for shard in shards]
    into = Store(shards[0].path.parent / "all")
    merged = merge([shard.path for shard in shards], into)
    assert (merged.added, merged.replaced, merged.kept, merged.conflicts) == (9, 0, 0, [])
    assert by_key(into) == {(r.id, r.machine_class): r for r in records}
    assert [files(shard) for shard in shards] == before


def test_again_changes_nothing(store_of, make):
    a, b = store_of("a", make.records(4)), store_of("b", make.records(6))
    into = Store(a.path.parent / "all")
    merge([a.path, b.path], into)
    before = files(into)
    merged = merge([a.path, b.path], into)
    assert (merged.added, merged.replaced, merged.kept) == (0, 0, 6)
    assert files(into) == before


def test_a_store_may_be_merged_into_itself(store_of, make):
    a, b = store_of("a", make.records(2)), store_of("b", make.records(3))
    merged = merge([a.path, b.path], a)
    assert (merged.added, merged.kept) == (1, 2)
    assert len(by_key(a)) == 3


def test_machine_classes_stand_side_by_side(store_of, make):
    one, two = make.record(machine_class="one"), make.record(machine_class="two")
    other = dataclasses.replace(two, test_error=99.0)
    into = store_of("all", [one])
    merged = merge([store_of("b", [other]).path], into)
    assert (merged.added, merged.conflicts) == (1, [])
    assert by_key(into) == {(one.id, "one"): one, (one.id, "two"): other}


def stages(make):
    """Records of one cell, each better than the one before."""
    cut = [
        make.record(outcome=make.outcome(status=status, error="e", iterations_done=done))
        for status, done in (("failed", 0), ("timeout", 10), ("timeout", 20))
    ]
    return [*cut, make.record()]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))), ids=str)
def test_a_result_wins_whatever_the_order(store_of, make, order):
    stores = [store_of(f"s{n}", [stages(make)[n]]) for n in order]
    into, *others = stores
    merge([other.path for other in others], into)
    (left,) = into.scan()
    assert left.status == "ok"


def test_of_what_is_no_result_the_furthest_wins(store_of, make):
    failed, cut, further, _ = stages(make)
    into = store_of("all", [failed])
    assert merge([store_of("a", [cut]).path], into).replaced == 1
    merged = merge([store_of("b", [further]).path, store_of("c", [failed]).path], into)
    assert (merged.replaced, merged.added, merged.kept) == (1, 0, 0)
    assert by_key(into) == {(further.id, further.machine_class): further}


def test_times_and_circumstances_are_no_conflict(store_of, make):
    record = make.record()
    curve = [{**point, "seconds": point["seconds"] * 2} for point in record.curve]
    slower = dataclasses.replace(
        record, curve=curve, train_seconds=9.0, steps_per_second=1.0, finished="2030-01-01",
        exhibit="deep", git_revision="f" * 40, numpy="3.0", matmul_error=1e-3, replicas=7,
    )  # fmt: skip
    into = store_of("all", [record])
    merged = merge([store_of("b", [slower]).path], into)
    assert (merged.kept, merged.conflicts) == (1, [])
    assert list(into.scan()) == [record]
    for order in (("b", "c"), ("c", "b")):  # of equal results the first that was made
        store_of("c", [record])
        other = Store(into.path.parent / f"all-{order[0]}")
        merge([into.path.parent / name for name in order], other)
        assert list(other.scan()) == [record]


CHANGES = {
    "test_error": 2.25,
    "test_loss": None,
    "train_loss": 0.5,
    "iterations_done": 999,
    "status": "diverged",
    "longest": 3,
    "error_b": 1.0,
}


@pytest.mark.parametrize("name", CHANGES)
def test_results_that_differ_are_told_and_none_is_chosen(store_of, make, name):
    record, more = make.record(), make.record(make.cell(seed=5))
    other = dataclasses.replace(record, **{name: CHANGES[name]})
    a, b = store_of("a", [record, more]), store_of("b", [other])
    into = Store(a.path.parent / "all")
    for _ in range(2):
        merged = merge([a.path, b.path], into)
        (conflict,) = merged.conflicts
        assert (conflict.id, conflict.machine_class) == (record.id, record.machine_class)
        assert conflict.stores == (str(a.path), str(b.path))
        assert conflict.values == {name: (getattr(record, name), CHANGES[name])}
        assert list(into.scan()) == [more]
    # What the target has stays, and is told against.
    merged = merge([b.path], a)
    assert [conflict.stores for conflict in merged.conflicts] == [(str(a.path), str(b.path))]
    assert by_key(a)[record.id, record.machine_class] == record


def test_a_conflict_says_how_the_machines_differ_or_what_is_not_known(store_of, make):
    record = make.record()
    other = dataclasses.replace(record, test_error=2.25, replicas=3)
    (conflict,) = merge([store_of("b", [other]).path], store_of("a", [record])).conflicts
    assert conflict.causes == ("replicas: 1; 3",)
    same = dataclasses.replace(record, test_error=2.25)
    (conflict,) = merge([store_of("d", [same]).path], store_of("c", [record])).conflicts
    assert conflict.causes == ("processor and instructions: not recorded",)


def test_a_point_of_a_curve_that_differs_is_shown(store_of, make):
    record = make.record()
    curve = [record.curve[0], {**record.curve[1], "loss": 7.0}]
    other = dataclasses.replace(record, curve=curve)
    a, b = store_of("a", [record]), store_of("b", [other])
    (conflict,) = merge([b.path], a).conflicts
    mine, theirs = conflict.values["curve"]
    assert (mine["loss"], theirs["loss"], mine["iteration"]) == (0.25, 7.0, 1000)


def test_every_field_is_compared_or_left_out_on_purpose(make):
    circumstances = {
        *("schema", "id", "key", "exhibit", "scale", "data_canonical", "data_hash", "error"),
        *("rule_version", "dataset_version", "protocol_version", "rule_source", "dataset_source"),
        "hyperparameters",
        *("pipeline", "timeline"),
        *("train_seconds", "evaluation_seconds", "steps_per_second", "examples_per_second"),
        *("tokens_per_second", "replicas", "device", "threads", "matmul", "matmul_error"),
        *("torch", "python", "numpy", "platform", "machine_class", "sgbench", "git_revision"),
        *("git_dirty", "finished", "processor", "instructions", "cuda", "cudnn"),
    }
    left = set(NAMES) - set(COMPARED) - set(make.cell().to_dict())
    assert left == circumstances
    assert set(results_of(make.record())) == set(COMPARED)


def test_stages_that_do_not_wait_are_never_the_same_and_the_first_stays(store_of, make):
    first, second = make.staged(), make.staged(error_rate=2.75)
    assert first.id == second.id
    a, b = store_of("a", [second]), store_of("b", [first])
    merged = merge([a.path, b.path], into := Store(a.path.parent / "all"))
    assert merged.conflicts == []
    assert list(by_key(into).values()) == [first]
    cell = make.cell(
        **dict.fromkeys(("sg_layers", "sg_units", "sg_scale")),
        rule="backprop",
        stages=2,
        schedule="locked",
        delay=3.0,
        straggler=1.0,
    )
    locked = [make.record(cell, make.outcome(error_rate=rate)) for rate in (2.5, 2.75)]
    c, d = (store_of(name, [one]) for name, one in zip("cd", locked, strict=True))
    assert len(merge([c.path, d.path], Store(a.path.parent / "both")).conflicts) == 1


def test_states_and_choices_come_along(store_of, make):
    _, cut, _, done = stages(make)
    other = make.record(make.cell(seed=3), make.outcome(status="timeout", error="e"))
    a, b = store_of("a", [cut, other]), store_of("b", [done])
    for record in (cut, other):
        path = a.checkpoint_path(record.id, record.machine_class)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(record.id.encode())
    a.machine_file("A processor").parent.mkdir()
    a.machine_file("A processor").write_bytes(b"{}")
    into = Store(a.path.parent / "all")
    merged = merge([a.path, b.path], into)
    assert (merged.checkpoints, merged.machines) == (1, 1)  # what is done needs no state
    path = into.checkpoint_path(other.id, other.machine_class)
    assert path.read_bytes() == other.id.encode()
    assert into.machine_file("A processor").read_bytes() == b"{}"
    path.write_bytes(b"further")
    assert merge([a.path, b.path], into).checkpoints == 0
    assert path.read_bytes() == b"further"


def test_broken_files_stay_where_they_are_and_are_named(store_of, make):
    a = store_of("a", make.records(3))
    broken = sorted((a.path / "records").rglob("*.json"))[1]
    broken.write_bytes(broken.read_bytes()[:99])
    into = Store(a.path.parent / "all")
    assert merge([a.path], into).added == 2
    assert [str(broken) in warning for warning in into.warnings] == [True]
    assert broken.exists()


def test_a_folder_that_is_not_there(store_of, make, tmp_path):
    into = store_of("all", make.records(1))
    before = files(into)
    with pytest.raises(UsageError, match=r"none is no store: there is no such folder"):
        merge([tmp_path / "none"], into)
    assert files(into) == before


def test_any_way_of_merging_gives_the_same(store_of, make):
    dice = random.Random(1)
    pool = [
        dataclasses.replace(record, finished=f"20{n:02}")
        for seed in range(6)
        for n, record in enumerate(
            [
                make.record(make.cell(seed=seed)),
                make.record(
                    make.cell(seed=seed),
                    make.outcome(status="timeout", error="e", iterations_done=seed),
                ),
                make.record(make.cell(seed=seed), make.outcome(status="failed", error="e")),
            ]
        )
    ]
    stores = [store_of(f"s{n}", dice.sample(pool, 7)) for n in range(4)]
    found = []
    for trial in range(6):
        dice.shuffle(stores)
        into = Store(stores[0].path.parent / f"all{trial}")
        if trial % 2:  # one after the other
            for store in stores:
                merge([store.path], into)
        else:
            merge([store.path for store in stores], into)
        found.append(by_key(into))
    assert all(one == found[0] for one in found)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_state_goes_with_the_record_that_came_furthest(store_of, make, order):
    cell = make.cell(seed=3)
    near, far = (
        make.record(cell, make.outcome(status="timeout", error="e", iterations_done=done))
        for done in (500, 900)
    )
    stores = [store_of("near", [near]), store_of("far", [far])]
    for store, record in zip(stores, (near, far), strict=True):
        path = store.checkpoint_path(record.id, record.machine_class)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(str(record.iterations_done).encode())
    into = store_of("all", [near])
    path = into.checkpoint_path(far.id, far.machine_class)
    path.parent.mkdir()
    path.write_bytes(b"500")
    assert merge([stores[n].path for n in order], into).checkpoints == 1
    assert [r.iterations_done for r in into.scan()] == [900]
    assert path.read_bytes() == b"900"
    assert merge([stores[n].path for n in order], into).checkpoints == 0
