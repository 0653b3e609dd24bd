"""`sgbench run` on a terminal: what is drawn, and that results stay clear of it."""

import contextlib
import json
import os

import pytest

ONE = ("--jobs", "1", "--device", "cpu")


def test_on_a_terminal_bars_stay_out_of_the_results(start, store, make):
    controller, terminal = os.openpty()
    line = ("run", "table1", *make.tiny, *ONE, "--store", store.path, "--json")
    process = start(*line, stderr=terminal, env={"TERM": "xterm", "COLUMNS": "100"})
    os.close(terminal)
    shown = b""
    with contextlib.suppress(OSError):  # Linux's way to say that the other end is closed
        while block := os.read(controller, 4096):
            shown += block
    os.close(controller)
    output, _ = process.communicate(timeout=100)
    assert [json.loads(line)["status"] for line in output.splitlines()] == ["ok"] * 3
    assert b"cells" in shown
    assert b'"status"' not in shown
    assert b"\x1b[" in shown


@pytest.mark.parametrize("verb", [("list",), ("data", "list")], ids=" ".join)
@pytest.mark.parametrize(
    ("settings", "styled"),
    [
        ({"TERM": "xterm", "NO_COLOR": ""}, True),  # empty is unset: no-color.org
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
        ({"TERM": "dumb", "NO_COLOR": ""}, False),
    ],
)
def test_a_terminal_that_wants_no_styles_gets_none(start, tmp_path, verb, settings, styled):
    controller, terminal = os.openpty()
    process = start(*verb, "--data-dir", tmp_path, stdout=terminal, env=settings)
    os.close(terminal)
    shown = b""
    with contextlib.suppress(OSError):
        while block := os.read(controller, 4096):
            shown += block
    os.close(controller)
    process.wait(timeout=100)
    assert b"mnist" in shown
    assert (b"\x1b[" in shown) == styled
