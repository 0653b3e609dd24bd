"""Values of options: callbacks that read what was typed, and completions for the shell."""

import math
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from ..bench.errors import did_you_mean

if TYPE_CHECKING:
    from ..reproductions.running.until import Until

Completion = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def seconds(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """Return the seconds of a time such as `1h30m`."""
    if value is None:
        return None
    number = r"(?:(\d+(?:\.\d+)?){})?"
    match = re.fullmatch("".join(map(number.format, "dhms")), value)
    units = zip(match.groups(), (86400, 3600, 60, 1), strict=True) if match else ()
    total = sum(float(count) * size for count, size in units if count)
    if not 0 < total < math.inf:
        raise click.BadParameter(f"{value!r} is no time; write 90s, 30m, 1h30m or 2d")
    return total


def until(ctx: click.Context, param: click.Parameter, value: str | None) -> "Until | None":
    """Return how far to train, as `5000` or `1%` says; None for the whole."""
    if value is None:
        return None
    from ..reproductions.running.until import read_until

    try:
        return read_until(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def workers(ctx: click.Context, param: click.Parameter, value: str) -> int | None:
    """Return a number of at least 1, None for `auto`."""
    if value == "auto":
        return None
    if not value.isdecimal() or len(value) > 9 or int(value) < 1:
        raise click.BadParameter(f"{value!r} is neither auto nor a number of at least 1")
    return int(value)


def shard(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """Return the part, from 1, and the number of parts that `2/8` stands for."""
    if value is None:
        return None
    match = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", value)
    part, parts = map(int, match.groups()) if match else (0, 0)
    if not 1 <= part <= parts:
        raise click.BadParameter(f"{value!r} is no part; write I/N with I from 1 to N, as in 2/8")
    return part, parts


def items(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[str, ...]:
    """Return the texts between commas."""
    return tuple(item.strip() for item in (value or "").split(",") if item.strip())


def words_option(*declarations: str, choices: Sequence[str], **settings: Any) -> Any:
    """Return an option whose value is some of the `choices`, joined by commas."""

    def read(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[str, ...]:
        found = items(ctx, param, value)
        for word in found:
            if word not in choices:
                raise click.BadParameter(f"unknown word {word!r}{did_you_mean(word, choices)}")
        return found

    def complete(
        ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        before, comma, last = incomplete.rpartition(",")
        return [CompletionItem(f"{before}{comma}{c}") for c in choices if c.startswith(last)]

    return click.option(*declarations, callback=read, shell_complete=complete, **settings)


def suggesting(*words: str) -> Completion:
    """Return the completion of a value that is mostly, not always, one of some words."""

    def complete(
        ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return [CompletionItem(word) for word in words if word.startswith(incomplete)]

    return complete


def exhibit_names(*others: str) -> Completion:
    """Return the completion of an exhibit's name, or of a path to an exhibit of one's own."""

    def complete(
        ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        from ..reproductions.exhibits.exhibit import names

        found = suggesting(*names(), *others)(ctx, param, incomplete)
        return found or [CompletionItem(incomplete, type="file")]

    return complete


def dataset_names(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the name of a dataset."""
    from ..bench import datasets

    return suggesting(*datasets.names())(ctx, param, incomplete)
