"""`sgbench run` on a terminal: what is drawn, and that results stay clear of it."""

import contextlib
import json
import os

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
