"""What a title says of cosines: whether synthetic gradients point the way of the true ones."""

from collections.abc import Sequence

from ..data.ends import Ends, parts

ALIGNED = 0.5
"""Cosine from which on gradients count as aligned: within 60 degrees of one another."""
HARDLY = 0.2
"""Cosine up to which they hardly are: less than 4 % of the squared length is along the other."""
LEAST = 3
"""Seeds, of all settings together, without which a title says nothing of a rule."""
_TARGETS = {  # what M predicts, by the family of its network
    "recurrent": "those of a longer unroll",
    "feedforward": "the true ones",
    "pair": "the true ones at A's message",
}
_KINDS = {  # how it is said first, and of a further rule
    "aligned": ("align with {}", "do"),
    "partly": ("partly align with {}", "partly do"),
    "hardly": ("hardly align with {}", "hardly do"),
    "rising": ("align with {0} the better, the {1}", "do the better, the {1}"),
}


def sentence(ends: Ends, rising: Sequence[str], along: str) -> str:
    """Return which rules' gradients align, with their cosines; nothing where no rule is clear.

    A rule is aligned, partly aligned or hardly aligned where every seed in every setting is: of
    several layers the mean. Else it can be `rising`.

    Args:
        ends: cosines at the end of training.
        rising: the rules whose cosines grow along the figure's lines.
        along: how that is said: `larger p_update`.
    """
    target = _TARGETS.get(ends.cell.family, "the true ones")
    found: dict[str, list[str]] = {kind: [] for kind in _KINDS}
    cosines: dict[str, list[float]] = {}
    for subject in ends.subjects:
        mine = ends.frame[ends.frame["subject"] == subject]
        each = [float(part["y"].mean()) for _, part in parts(mine, ["configuration", "seed"])]
        if len(each) < LEAST:
            continue
        kind = _kind(each) or ("rising" if subject in rising else None)
        if kind is not None:
            found[kind].append(subject)
            cosines[subject] = each
    clauses: list[str] = []
    layered = ends.figure.lines == "layer"
    for kind, subjects in found.items():
        if subjects:
            first, further = _KINDS[kind]
            verb = (further if clauses else first).format(target, along)
            every = [value for subject in subjects for value in cosines[subject]]
            whose = " and ".join(f"{subject}'s" for subject in subjects)
            what = "" if clauses else " synthetic gradients"
            many = f"mean cosine over layers in {len(every)} runs: "
            what_of = many if layered else "cosine "
            said = f"({'' if clauses else what_of}{_span(every)})"
            clauses.append(f"{whose}{what} {verb} {said}")
    return ", ".join(clauses)


def _kind(cosines: Sequence[float]) -> str | None:
    if min(cosines) >= ALIGNED:
        return "aligned"
    if max(map(abs, cosines)) <= HARDLY:
        return "hardly"
    return "partly" if min(cosines) > HARDLY and max(cosines) < ALIGNED else None


def _span(cosines: Sequence[float]) -> str:
    ends = [f"{value:.2f}".replace("-0.00", "0.00") for value in (min(cosines), max(cosines))]
    low, high = (end.replace("-", "\N{MINUS SIGN}") for end in ends)
    return low if low == high else f"{low} to {high}".replace(" ", "\N{NO-BREAK SPACE}")
