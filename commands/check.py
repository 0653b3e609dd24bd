"""`sgbench check`."""

import json
from collections import Counter

import click

from ._entrypoint import examples
from ._options import data_dir_option, json_option

VERDICTS = {
    "holds": ("✓", "hold"),
    "expected": ("✓", "fail as declared"),
    "fails": ("✗", "fail"),
    "warning": ("!", "to look at"),
    "skipped": ("–", "do not apply"),  # noqa: RUF001
}
"""The mark of each verdict, and how their number is told."""


@click.command(
    "check",
    epilog=examples(
        "sgbench check my_rule.py",
        "sgbench check my_data.toml",
        "sgbench check dni --json",
    ),
)
@click.argument("file", metavar="FILE")
@data_dir_option
@json_option
def command(file: str, data_dir: str | None, as_json: bool) -> int:
    """Check a rule or dataset of your own, and say line by line what holds.

    FILE is a Python file, the TOML file of a dataset, or the name of a rule or dataset that is
    known. Exit code 0: everything holds, or fails as the rule declares; 1: something fails; 2: it
    cannot be loaded.
    """
    from ..bench.conformance.subject import open_subject

    counts: Counter[str] = Counter()
    with open_subject(file) as subject:
        findings = subject.check(data_dir)
        if not as_json:
            click.echo(f"{subject.kind} {subject.name}")
        for found in findings:
            counts[found.verdict] += 1
            if as_json:
                names = {"kind": subject.kind, "name": subject.name, "check": found.check}
                click.echo(json.dumps(names | {"verdict": found.verdict, "words": found.words}))
            else:
                click.echo(f"{VERDICTS[found.verdict][0]} {found.check:<16}  {found.words}")
    if not as_json:
        told = (f"{counts[verdict]} {words}" for verdict, (_, words) in VERDICTS.items())
        click.echo(", ".join(words for words in told if not words.startswith("0 ")))
    return 1 if counts["fails"] else 0
