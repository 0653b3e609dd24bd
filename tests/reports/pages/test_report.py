"""A report as files: written, checked, the same bytes for the same records."""

import os
import random
import subprocess
import sys

import pytest
from sgbench.bench.errors import UsageError
from sgbench.reports.pages.exhibit import build
from sgbench.reports.pages.report import check, write
from sgbench.results.record import json_line

MINUS = "\N{MINUS SIGN}"
WORDS = ("md", "csv", "tex")


SCRIPT = """
import hashlib, json, sys
from pathlib import Path
from sgbench.reports.pages.exhibit import build
from sgbench.reproductions.exhibits.exhibit import load
from sgbench.results.record import Record
records = [Record.from_dict(json.loads(line)) for line in open(sys.argv[1])]
files = build(load("sg_scale"), "demo", records).files
for name, content in files.items():
    print(name, hashlib.sha256(content).hexdigest())
assert "torch" not in sys.modules, "heavy imports"
"""


def test_the_same_records_give_the_same_bytes_in_fresh_processes(sg_scale, make, tmp_path):
    records = make.grid(sg_scale, "demo", data_hash=make.other_data)
    processes = []
    for seed in ("1", "2"):
        random.Random(seed).shuffle(records)
        file = tmp_path / f"{seed}.jsonl"
        file.write_text("\n".join(map(json_line, records)))
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": f"UTC-{seed}"}
        command = [sys.executable, "-c", SCRIPT, str(file)]
        processes.append(
            subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        )
    first, second = (process.communicate()[0] for process in processes)
    assert [process.returncode for process in processes] == [0, 0]
    assert first == second
    assert len(first.splitlines()) == 8


def test_check_names_what_is_stale_or_missing(table1, make, tmp_path):
    records = make.grid(table1, "demo", lambda cell: cell.depth == 3)
    report = build(table1, "demo", records, WORDS)
    assert check(report, tmp_path) == list(report.files)
    out = tmp_path / "new" / "folder"
    assert write(report, out) == [out / name for name in report.files]
    assert check(report, out) == []
    assert sorted(path.name for path in out.iterdir()) == list(report.files)
    (out / "table1-demo.csv").unlink()
    with open(out / "table1-demo.md", "a") as page:
        page.write(" ")
    assert check(report, out) == ["table1-demo.csv", "table1-demo.md"]
    kept = (out / "table1-demo.tex").stat().st_mtime_ns
    write(report, out)
    assert check(report, out) == []
    assert (out / "table1-demo.tex").stat().st_mtime_ns == kept
    less = build(table1, "demo", records[1:], WORDS)
    assert "table1-demo.md" in check(less, out)


def test_bad_arguments_are_one_line(table1, tmp_path):
    with pytest.raises(UsageError, match=r"--format 'pgn'; did you mean 'png'\?"):
        build(table1, "demo", [], ("md", "pgn"))
    with pytest.raises(UsageError, match="unknown scale 'demoo'"):
        build(table1, "demoo", [])
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"--out .*file: cannot be written"):
        write(build(table1, "demo", [], ("md",)), tmp_path / "file")
