"""Lines of JSON with a checksum: whatever was changed or cut off is noticed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sgbench.bench.cell import canonical_json
from sgbench.results.files.codec import checksum, pack, unpack
from sgbench.results.files.schema import RecordError

VALUES = {"id": "0" * 16, "b": [1, 2.5, None], "a": {"text": "é", "flag": True}}

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
objects = st.dictionaries(st.text(), st.recursive(scalars, st.lists, max_leaves=5), max_size=5)


@given(objects)
def test_what_was_packed_is_unpacked(values):
    values = values | {"id": "x"}
    assert unpack("record", pack("record", values)) == values


def test_a_line_is_one_line_of_json_with_the_checksum_of_its_canonical_text():
    line = pack("record", VALUES)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    body = json.loads(line)
    assert body == {"checksum": checksum(canonical_json(VALUES).encode()), "record": VALUES}


def test_formatting_does_not_matter_and_content_does():
    body = json.loads(pack("record", VALUES))
    assert unpack("record", json.dumps(body, indent=2).encode()) == VALUES
    body["record"]["b"][0] = 2
    with pytest.raises(RecordError, match="checksum"):
        unpack("record", json.dumps(body).encode())


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_is_not_finite_is_neither_written_nor_read(number):
    with pytest.raises(RecordError, match=VALUES["id"]):
        pack("record", VALUES | {"b": number})
    text = json.dumps(VALUES | {"b": number})
    line = f'{{"checksum":"{checksum(text.encode())}","record":{text}}}'
    with pytest.raises(RecordError):
        unpack("record", line.encode())


@pytest.mark.parametrize(
    "line", [b"", b"{", b"null", b"[]", b'{"checksum":"x"}', b"\xff\xfe", b"[" * 100_000]
)
def test_what_is_not_such_a_line_is_refused(line):
    with pytest.raises(RecordError, match="record"):
        unpack("record", line)


def test_another_kind_is_refused():
    with pytest.raises(RecordError, match="timing"):
        unpack("timing", pack("record", VALUES))
