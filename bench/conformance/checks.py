"""Checks and their results: how a check tells what holds, and how a declared failure is judged."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from ..errors import did_you_mean
from ..source_files import where

CheckOutcome = Literal["holds", "fails", "expected", "warning", "skipped"]
"""expected: it fails, as is declared; warning: worth a look, and no failure; skipped: it does not
apply."""


class Failed(Exception):  # noqa: N818
    """Raised by a check where what it checks does not hold; the message says what is wrong."""


class Warned(Exception):  # noqa: N818
    """Raised by a check where something is worth a look."""


class Skipped(Exception):  # noqa: N818
    """Raised by a check that does not apply; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check.

    Attributes:
        name: as in `RULE.expected_failures`.
        sentence: what holds where it passes.
        run: does the check; raises Failed, Warned or Skipped.
    """

    name: str
    sentence: str
    run: Callable[[], None]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of a check.

    Attributes:
        check: the check's name.
        verdict: what became of it.
        words: what holds, what is wrong, or why it was skipped.
    """

    check: str
    verdict: CheckOutcome
    words: str


def run_checks(
    checks: Iterable[Check], expected: Mapping[str, str], path: str | None
) -> Iterator[CheckResult]:
    """Run the checks one by one; yield what each finds. Where the first fails, the others need it.

    Args:
        checks: the checks.
        expected: names of checks that are known to fail, each with the reason.
        path: the file that is checked, whose lines are told where it raises; None for any.
    """
    names: list[str] = []
    broken = False
    for number, check in enumerate(checks):
        names.append(check.name)
        if broken:
            yield CheckResult(check.name, "skipped", f"it needs {names[0]}")
            continue
        with contextlib.redirect_stdout(sys.stderr):  # what the code that is checked prints
            found = _found(check, expected.get(check.name), path)
        broken = number == 0 and found[0] == "fails"
        yield CheckResult(check.name, *found)
    for name in expected:
        if name not in names:
            words = f"expected_failures names no check {name!r}{did_you_mean(name, names)}"
            yield CheckResult(name, "fails", words)


def _found(check: Check, declared: str | None, path: str | None) -> tuple[CheckOutcome, str]:
    """Run a check; return what became of it, and the words.

    `declared` is why the check is expected to fail, None where it is not.
    """
    found: tuple[CheckOutcome, str] = "holds", check.sentence
    try:
        check.run()
    except Failed as failed:
        words = f"fails as declared: {declared}"
        return ("fails", str(failed)) if declared is None else ("expected", words)
    except Warned as warned:
        found = "warning", str(warned)
    except Skipped as skipped:
        found = "skipped", str(skipped)
    except (Exception, SystemExit) as error:  # whatever the code that is checked raises
        found = "fails", f"it raises: {where(error, path)}"
    if declared is not None and found[0] == "holds":
        return "fails", "passes although RULE.expected_failures lists it; remove the entry"
    return found
