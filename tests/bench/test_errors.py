"""Errors: exit codes, one line, and the nearest name."""

import pytest
from sgbench.bench import errors
from torch import OutOfMemoryError


@pytest.mark.parametrize(
    ("kind", "code"), [(errors.UsageError, 2), (errors.DataError, 2), (errors.StoreError, 5)]
)
def test_exit_codes(kind, code):
    assert kind("x").exit_code == code
    assert issubclass(kind, errors.SgbenchError)


def test_one_line_has_no_line_breaks_and_no_control_characters():
    found = errors.one_line("a\n\tb \x1b[31mc\x07")
    assert found.split()[:2] == ["a", "b"]
    assert found.isprintable()


@pytest.mark.parametrize(
    ("name", "near"),
    [("cdnni", ["cdni"]), ("DNI", ["dni"]), ("bprop", ["no_bprop", "backprop"])],
)
def test_the_nearest_names_are_suggested(name, near):
    tail = errors.did_you_mean(name, ["dni", "cdni", "no_bprop", "backprop"])
    assert tail.split("'")[1::2] == near


def test_all_names_are_told_where_none_is_near():
    assert errors.did_you_mean("xyz", ["dni", "cdni"]).endswith("dni, cdni")
    assert errors.did_you_mean("", ["dni"]).endswith("dni")


@pytest.mark.parametrize(
    ("error", "short"),
    [
        (MemoryError(), True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you"), True),
        (OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"), True),
        (RuntimeError("shape mismatch"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_what_says_that_memory_is_short(error, short):
    assert errors.exhausted(error) == short
