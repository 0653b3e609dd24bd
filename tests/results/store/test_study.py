"""The file of a study: whole or refused, and what of a declaration may change."""

import dataclasses
import hashlib
import json

import pytest
from sgbench.bench.cell import canonical_json
from sgbench.bench.errors import StoreError, UsageError
from sgbench.results.files.schema import RecordError
from sgbench.results.store import study as studies
from sgbench.results.store.store import Store
from sgbench.results.store.study import Study

STUDY = Study(
    name="a-study",
    exhibit="table1",
    scale="demo",
    where="rule=dni",
    set=["iterations=20"],
    space={"learning_rate": "1e-05:0.01:log"},
    trials=5,
    seeds=2,
    fresh=3,
    sampler="tpe",
    pruner="none",
    asked={"dni": [{"learning_rate": 0.00123456789, "sg_layers": 1}]},
)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def test_comes_back_as_it_was(store):
    studies.save(store, STUDY)
    assert studies.load(store, "a-study") == STUDY
    assert studies.names(store) == ["a-study"]
    assert [p.name for p in (store.path / "studies").iterdir()] == ["a-study.json"]


def test_a_trial_more():
    more = STUDY.asking("dni", {"learning_rate": 0.1}).asking("cdni", {"learning_rate": 0.2})
    assert more.asked == {
        "dni": [*STUDY.asked["dni"], {"learning_rate": 0.1}],
        "cdni": [{"learning_rate": 0.2}],
    }
    assert len(STUDY.asked["dni"]) == 1


def test_every_byte_counts(store):
    """A file cut short anywhere, or with any byte changed, is not taken for a study."""
    data = studies.encode(STUDY)
    assert studies.decode(data) == STUDY
    for place in range(len(data) - 2):  # the last brace and the line's end: what is left is whole
        with pytest.raises(RecordError):
            studies.decode(data[:place])
    for place in range(len(data)):
        changed = bytes([*data[:place], data[place] ^ 1, *data[place + 1 :]])
        try:
            assert studies.decode(changed) == STUDY  # white space
        except RecordError:
            continue


def _with(**fields):
    body = json.loads(studies.encode(STUDY))["study"] | fields
    checksum = hashlib.sha256(canonical_json(body).encode()).hexdigest()
    return json.dumps({"checksum": checksum, "study": body}).encode()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"trials": "5"}, "study.trials"),
        ({"set": [1]}, "study.set"),
        ({"space": {"learning_rate": 1}}, "study.space"),
        ({"asked": {"dni": [1]}}, "study.asked"),
        ({"asked": {"dni": 1}}, "study.asked"),
        ({"more": 1}, "unknown field study.'more'"),
        ({"format": 2}, "another version of sgbench"),
    ],
)
def test_what_is_no_study_is_named(fields, words):
    with pytest.raises(RecordError, match=words):
        studies.decode(_with(**fields))


def test_a_broken_file_says_what_mends_it(store):
    studies.save(store, STUDY)
    studies.study_path(store, "a-study").write_bytes(b"{")
    with pytest.raises(StoreError, match=r"is broken .* --rebuild makes it again"):
        studies.load(store, "a-study")


def test_an_unknown_study_is_told_with_the_nearest(store):
    with pytest.raises(UsageError, match=r"no such study in .*; sgbench tune makes one"):
        studies.load(store, "b")
    studies.save(store, STUDY)
    with pytest.raises(UsageError, match="did you mean 'a-study'"):
        studies.load(store, "a-studi")


@pytest.mark.parametrize("name", ["", ".hidden", "../up", "a/b", "a b", "x" * 101])
def test_a_name_is_a_files(store, name):
    with pytest.raises(UsageError, match="--study"):
        studies.load(store, name)


def test_published_studies_lie_beside_the_records(tmp_path):
    (tmp_path / "a-study.study.json").write_bytes(studies.encode(STUDY))
    published = Store(tmp_path, read_only=True)
    assert studies.names(published) == ["a-study"]
    assert studies.load(published, "a-study") == STUDY


@pytest.mark.parametrize("field", studies.MAY_CHANGE)
def test_what_may_change(field):
    assert STUDY.difference(dataclasses.replace(STUDY, **{field: 99})) is None


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"where": ""}, "where is rule=dni there, not nothing"),
        ({"set": []}, "set is iterations=20 there, not nothing"),
        ({"seeds": 3}, "seeds is 2 there, not 3"),
        (
            {"space": {"sg_layers": "0:2"}},
            "space is learning_rate=1e-05:0.01:log there, not sg_layers=0:2",
        ),
        ({"pruner": "median"}, "pruner is none there, not median"),
    ],
)
def test_what_may_not(fields, words):
    assert STUDY.difference(dataclasses.replace(STUDY, **fields)) == words
