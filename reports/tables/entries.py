"""Numbers and verdicts as the entries of tables write them."""

import math

from ...results.statistics import intervals
from ...results.statistics.place_verdict import DECIDERS
from ...results.statistics.published_mean import PublishedMean, differs
from ..analysis.verdicts.judging import ALPHA
from ..analysis.wording import beside_limit


def interval(measured: intervals.Interval, decimals: int = 2, signed: bool = False) -> str:
    """Return `mean ± half-width` with so many decimals; the mean alone where n is 1."""
    mean = f"{measured.mean:+.{decimals}f}" if signed else f"{measured.mean:.{decimals}f}"
    mean = mean.replace("-", "\N{MINUS SIGN}")
    if measured.high is None:
        return mean
    return f"{mean} ± {measured.high - measured.mean:.{decimals}f}"


def paper(value: float, decimals: int = 1) -> str:
    """Return a number of the paper with the paper's decimals, or more where it has more."""
    return f"{value:.{decimals}f}" if round(value, decimals) == value else f"{value:g}"


def published(known: PublishedMean) -> str:
    """Return a paper's mean and standard deviation with its decimals: `1.60 ± 0.06`."""
    digits = round(-math.log10(2 * known.rounding)) if known.rounding else 2
    return f"{known.value:.{digits}f} ± {known.deviation:g}"


def difference(found: intervals.Interval, decimals: int = 2) -> tuple[str, str]:
    """Return the difference of our mean and a published one, and what it says, in words."""
    words = {None: "one seed tells no spread", True: "a difference", False: "no difference found"}
    return f"both uncertain: {interval(found, decimals, signed=True)}", words[differs(found)]


def p_value(p: float) -> str:
    """Return a p as it is printed: on its side of the level at which a claim is decided."""
    return "< 0.001" if p < 0.001 else beside_limit(p, ALPHA, "f", 3)


def verdict(word: str, decides: str) -> str:
    """Return the verdict, and in parentheses what would decide it where it is undecided."""
    first, *rest = verdict_lines(word, decides)
    return f"{first} ({rest[0]})" if rest else first


def verdict_lines(word: str, decides: str) -> tuple[str, ...]:
    """Return the verdict, and after it what would decide it where it is undecided."""
    if decides in DECIDERS:
        decides += f"{',' if ',' in decides else ''} may decide"  # after a phrase in commas
    return (word, decides) if decides else (word,)
