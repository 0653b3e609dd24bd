"""Broken records: set aside or shown, whatever is in them; no verb stumbles over one."""

import hashlib
import json
import math
import re

import pytest
from click.testing import CliRunner
from faults.harness import Tally, check_words, frugal, fuzzed, patient
from faults.inputs import altered, broken, values
from hypothesis import given
from hypothesis import strategies as st
from sgbench.bench.cell import canonical_json
from sgbench.cli import main
from sgbench.results.record import SCHEMA_VERSION, TYPES, NewerSchemaError, Record, RecordError
from sgbench.results.rows import ROW_TYPES
from sgbench.results.store.published import open_published
from sgbench.results.store.store import Store, decode, encode

pytestmark = pytest.mark.slow
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
STYLE = re.compile(r"\x1b\[[012]m")  # what `show` writes itself, which a terminal sees


@pytest.fixture(scope="module")
def good():
    """Published records of every kind of cell."""
    found = {}
    for record in open_published().scan():
        found.setdefault((record.exhibit, record.rule), record)
    return list(found.values())


def sealed(value):
    """The file of a record's JSON value, its checksum right."""
    try:
        text = canonical_json(value)
    except ValueError:  # not finite: no JSON
        text = json.dumps(value)
    checksum = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
    return f'{{"checksum":"{checksum}","record":{text}}}\n'.encode(errors="surrogatepass")


def read(data):
    with patient():
        try:
            return decode(data)
        except RecordError as error:
            check_words(error)
            return None


def test_broken_text(good):
    with Tally("records' JSON text, fuzzed") as tally, frugal():

        @fuzzed(10_000)
        @given(broken([encode(record) for record in good], near=400))
        def fuzz(data):
            found = read(data)
            assert found is None or found in good
            tally()

        fuzz()


def test_altered_values(good):
    """With a right checksum: what is of the schema is read, and written as it was."""
    with Tally("records' JSON values, altered, with a right checksum") as tally, frugal():

        @fuzzed(10_000)
        @given(altered([record.to_dict() for record in good], values))
        def fuzz(value):
            found = read(sealed(value))
            if found is not None:
                assert decode(encode(found)) == found
            tally()

        fuzz()


TYPED = {
    int: st.integers(-(2**70), 2**70),
    float: st.floats(allow_nan=False, allow_infinity=False),
    str: st.text(max_size=30)
    | st.sampled_from(["dni", "mnist", "fcn", "both", "\x1b[2J", "\udcff"]),
    bool: st.booleans(),
    type(None): st.none(),
    list: st.just([]),
    dict: st.dictionaries(
        st.sampled_from(["bp_lambda", "seed", "nothing_known"]) | st.text(max_size=10),
        st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**70), 2**70),
        max_size=3,
    ),
}


@st.composite
def plausible(draw, good):
    """A record of the schema that means nothing: one to five fields are any value of their type."""
    value = draw(st.sampled_from(good)).to_dict()
    for name in draw(st.lists(st.sampled_from(sorted(TYPES)), min_size=1, max_size=5)):
        kind = draw(st.sampled_from(sorted(TYPES[name], key=str)))
        if name not in ("schema", "id", *ROW_TYPES):
            value[name] = draw(TYPED[kind])
    return value


VERBS = (
    ("show", "{id}"),
    ("show", "{id}", "--json"),
    ("status", "{exhibit}", "--scale", "quick"),
    ("report", "{exhibit}", "--scale", "quick", "--format", "md,csv,tex"),
    ("export", "--format", "csv", "-"),
    ("export", "--format", "jsonl", "-"),
    ("export", "--format", "parquet", "records.parquet"),
)


def test_verbs_on_records_that_mean_nothing(good, tmp_path, monkeypatch):
    """Of an exhibit's cell, so that reports look at them, with values that none would have."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "store"
    with Tally("verbs run on stores with such a record") as tally, frugal():

        @fuzzed(2_000)
        @given(plausible(good), st.sampled_from(VERBS))
        def fuzz(value, verb):
            found = read(sealed(value))
            if found is None:
                return
            path = Store(folder).record_path(found.id, found.machine_class)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(sealed(value))
            exhibit = next(r.exhibit for r in good if r.id == found.id)
            words = [word.format(id=found.id, exhibit=exhibit) for word in verb]
            with patient(10):
                done = CliRunner().invoke(main, [*words, "--store", str(folder)], color=True)
            path.unlink(missing_ok=True)
            assert done.exit_code in (0, 2, 5), (verb, done.stderr, done.exception)
            shown = STYLE.sub("", done.stderr + ("" if verb[0] == "export" else done.stdout))
            assert not CONTROL.search(shown), (verb, shown)
            tally()

        fuzz()


def test_schemas_to_come(good):
    with Tally("records of future schemas") as tally:
        for schema in (SCHEMA_VERSION + 1, SCHEMA_VERSION + 2, 10**6, 2**70):
            for extra in ({}, {"new": 1}, {"curve": "elsewhere"}):
                with pytest.raises(NewerSchemaError, match="upgrade sgbench"):
                    decode(sealed({**good[0].to_dict(), "schema": schema, **extra}))
                tally()
        for schema in (0, -1, True, None, str(SCHEMA_VERSION), float(SCHEMA_VERSION), math.inf):
            with pytest.raises(RecordError) as caught:
                Record.from_dict({**good[0].to_dict(), "schema": schema})
            assert not isinstance(caught.value, NewerSchemaError)
            tally()
