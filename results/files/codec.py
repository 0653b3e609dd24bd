"""Lines of JSON with a checksum inside: the form in which records and timings are stored."""

import hashlib
import json
from typing import Any

from ...bench.cell import canonical_json
from .schema import RecordError


def pack(kind: str, values: dict[str, Any]) -> bytes:
    """Return the line of JSON that stores `values`, with its checksum.

    Raises RecordError where a number is not finite.
    """
    try:
        text = canonical_json(values)
    except ValueError as error:
        raise RecordError(f"{kind} {values['id']} holds a number that is not finite") from error
    return f'{{"checksum":"{checksum(text.encode())}","{kind}":{text}}}\n'.encode()


def unpack(kind: str, data: bytes) -> Any:
    """Return the values that `data` stores; RecordError where they are incomplete or changed."""
    try:
        body = _DECODER.decode(data.decode())
        written, values = body["checksum"], body[kind]
        # What `pack` wrote is canonical text already, so it need not be formatted again.
        start = len(f'{{"checksum":"{"0" * 64}","{kind}":')
        unchanged = written == checksum(data.strip()[start:-1])
        if not unchanged:
            unchanged = written == checksum(canonical_json(values).encode())
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise RecordError(f"it is not a complete {kind}") from error
    if not unchanged:
        raise RecordError("its checksum does not match: it was changed after it was written")
    return values


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def checksum(text: bytes) -> str:
    """Return the checksum (SHA-256) of canonical JSON."""
    return hashlib.sha256(text).hexdigest()
