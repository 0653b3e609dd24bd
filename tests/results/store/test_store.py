"""The store of records: what goes in comes out, and where everything lies."""

import dataclasses
import hashlib
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sgbench.bench.cell import canonical_json
from sgbench.bench.outcome import SPAN_KINDS
from sgbench.results.files.json_store import short_hash
from sgbench.results.files.schema import NewerSchemaError, RecordError
from sgbench.results.record import STATUSES, TYPES, json_line
from sgbench.results.rows import ROW_TYPES
from sgbench.results.store.published import publish
from sgbench.results.store.store import Store, decode, encode

ids = st.text("0123456789abcdef", min_size=16, max_size=16)
finite = st.floats(allow_nan=False, allow_infinity=False)
values = {int: st.integers(-(2**63), 2**63 - 1), float: finite, str: st.text(), bool: st.booleans()}
values |= {type(None): st.none(), list: st.lists(st.none() | finite, max_size=3)}
values |= {dict: st.dictionaries(st.text(max_size=9), finite | values[int], max_size=3)}


def value_of(kinds):
    return st.one_of(*(values[kind] for kind in sorted(kinds, key=str)))


more = {
    "curve": {"updates": st.none() | st.lists(st.integers(0, 10**9), max_size=3)},
    "timeline": {"kind": st.sampled_from(SPAN_KINDS)},
}
rows = {
    field: st.fixed_dictionaries(
        {name: value_of(kinds) for name, kinds in types.items()} | more.get(field, {})
    )
    for field, types in ROW_TYPES.items()
}
contents = st.fixed_dictionaries(
    {
        **{name: value_of(kinds) for name, kinds in TYPES.items() if name != "schema"},
        "id": ids,
        "exhibit": st.sampled_from(["table1", "sg_scale"]),
        "scale": st.sampled_from(["demo", "paper"]),
        "status": st.sampled_from(STATUSES),
        "drops": st.lists(finite, max_size=3).map(tuple),
        "evaluate_at": st.none() | st.lists(finite, max_size=3).map(tuple),
        **{field: st.lists(row, max_size=3) for field, row in rows.items()},
    }
)


def file_of(store, record):
    return store.record_path(record.id, record.machine_class)


def reopened(store):
    return Store(store.path)


def files_in(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def body_of(values):
    checksum = hashlib.sha256(canonical_json(values).encode()).hexdigest()
    return json.dumps({"checksum": checksum, "record": values}).encode()


@given(contents)
@settings(
    max_examples=25,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking 60 fields takes minutes
    suppress_health_check=[HealthCheck.too_slow],
)
def test_any_record_comes_back_as_it_was(make, content):
    record = dataclasses.replace(make.record(), **content)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        store.put(record)
        for found in (store.get(record.id), list(reopened(store).scan())):
            assert found == [record]
            assert json_line(found[0]) == json_line(record)
        publish([record], Path(folder, "published"))
        assert list(Store(Path(folder, "published"), read_only=True).scan()) == [record]
        assert store.warnings == []


def test_records_lie_where_the_layout_says(make, tmp_path):
    store, record = Store(tmp_path / "store"), make.record()
    store.put(record)
    short = hashlib.sha256(record.machine_class.encode()).hexdigest()[:8]
    path = tmp_path / "store" / "records" / record.id[:2] / f"{record.id}.{short}.json"
    assert files_in(store.path) == [path]
    body = json.loads(path.read_text())
    assert body["record"] == record.to_dict()
    assert body["checksum"] == hashlib.sha256(canonical_json(body["record"]).encode()).hexdigest()


def test_paths_beside_the_records(tmp_path):
    store = Store(tmp_path)
    one = store.checkpoint_path("a" * 16, "x")
    assert one.parent == tmp_path / "checkpoints"
    assert one != store.checkpoint_path("a" * 16, "y")
    assert store.machine_file("x").parent == tmp_path / "machines"
    assert store.machine_file("x") != store.machine_file("y")


def test_a_checkpoint_of_an_earlier_version_goes_on_under_its_name(tmp_path):
    store, id_ = Store(tmp_path), "a" * 16
    old = "AMD EPYC, 1 threads, mkl, torch 2.13"
    here, other = (f"{old}, {more}" for more in ("AVX2, AuthenticAMD 23 49", "AVX512"))
    left = store.checkpoint_path(id_, old)
    assert left != store.checkpoint_path(id_, here)
    left.parent.mkdir()
    left.touch()
    assert store.checkpoint_path(id_, here) == left
    assert store.checkpoints(here) == {id_}
    own = left.with_name(f"{id_}.{short_hash(here)}.pt")
    own.touch()
    assert store.checkpoint_path(id_, here) == own
    assert store.checkpoint_path(id_, other) == left
    assert store.checkpoints(f"{old[:-1]}4, AVX2") == set()


def test_checkpoints_are_of_a_machine_or_of_any(tmp_path):
    store = Store(tmp_path)
    assert store.checkpoints("x") == store.checkpoints(None) == set()
    for id_, machine in (("a" * 16, "x"), ("b" * 16, "x"), ("c" * 16, "y")):
        path = store.checkpoint_path(id_, machine)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"not read")
    (path.parent / f".{path.name}.1.tmp").write_bytes(b"being written")
    assert store.checkpoints("x") == {"a" * 16, "b" * 16}
    assert store.checkpoints("y") == {"c" * 16}
    assert store.checkpoints("z") == set()
    assert store.checkpoints(None) == {"a" * 16, "b" * 16, "c" * 16}


def test_no_prefix_of_a_record_is_a_record(make):
    data = encode(make.record(outcome=make.outcome(curve=[])))
    for length in range(len(data) - 1):  # all that the last byte adds is the end of the line
        with pytest.raises(RecordError):
            decode(data[:length])


def test_no_flipped_bit_changes_a_record(make):
    record = make.record(outcome=make.outcome(curve=[]))
    data = encode(record)
    for position in range(len(data)):
        for bit in (position % 8, (position + 3) % 8):
            flipped = bytearray(data)
            flipped[position] ^= 1 << bit
            try:
                found = decode(bytes(flipped))
            except NewerSchemaError:
                pytest.fail("a damaged record was taken for one of a newer schema")
            except RecordError:
                continue
            assert found == record  # 1e-07 may have become 1E-07


def test_a_record_of_an_older_schema_is_read_and_left_as_it_is(make, tmp_path):
    """Its checksum is of what was written then."""
    store, record = Store(tmp_path), make.record()
    store.put(record)
    old = record.to_dict() | {"schema": 3, "bp_lambda": None, "aux_weight": None}
    del old["hyperparameters"], old["rule_source"], old["dataset_source"]
    written = body_of(old)
    file_of(store, record).write_bytes(written)
    assert list(reopened(store).scan()) == [record]
    assert store.get(record.id) == [record]
    assert store.warnings == []
    assert file_of(store, record).read_bytes() == written


def test_a_number_that_is_not_finite_is_not_stored(make, tmp_path):
    record = dataclasses.replace(make.record(), test_error=float("nan"))
    with pytest.raises(RecordError, match="finite"):
        Store(tmp_path / "store").put(record)
    assert not (tmp_path / "store").exists()


def test_a_record_that_could_not_be_read_back_is_not_stored(make, tmp_path):
    record = dataclasses.replace(make.record(), depth=4.0)
    with pytest.raises(RecordError, match=r"depth=4\.0"):
        Store(tmp_path / "store").put(record)
