"""Broken inputs: bytes and values made from good ones, a few changes at a time."""

from hypothesis import strategies as st

EXTREMES = [0, 1, 255, 2**15, 2**16, 2**31 - 1, 2**31, 2**32 - 1]
_changes = st.one_of(
    st.tuples(st.just("flip"), st.integers(0, 2**20), st.integers(0, 7)),
    st.tuples(st.just("set"), st.integers(0, 2**20), st.sampled_from(EXTREMES)),
    st.tuples(st.just("cut"), st.integers(0, 2**20), st.none()),
    st.tuples(st.just("insert"), st.integers(0, 2**20), st.binary(min_size=1, max_size=40)),
    st.tuples(st.just("repeat"), st.integers(0, 2**20), st.integers(1, 200)),
    st.tuples(st.just("drop"), st.integers(0, 2**20), st.integers(1, 200)),
)


def broken(good, near=64):
    """Bytes like those of `good`, changed in a few places, often near either end; or any bytes."""
    return st.one_of(
        st.builds(_changed, st.sampled_from(good), st.lists(_changes, min_size=1, max_size=4)),
        st.builds(
            lambda data, changes: _changed(data, [(k, p % near, w) for k, p, w in changes]),
            st.sampled_from(good),
            st.lists(_changes, min_size=1, max_size=4),
        ),
        st.builds(
            lambda data, changes: _changed(data, [(k, -1 - p % near, w) for k, p, w in changes]),
            st.sampled_from(good),
            st.lists(_changes, min_size=1, max_size=4),
        ),
        st.binary(max_size=300),
    )


def _changed(data, changes):
    found = bytearray(data)
    for kind, place, what in changes:
        at = place % len(found) if found else 0
        if kind == "flip" and found:
            found[at] ^= 1 << what
        elif kind == "set":
            found[at : at + 4] = what.to_bytes(4, "big" if place % 2 else "little")
        elif kind == "cut":
            del found[at:]
        elif kind == "insert":
            found[at:at] = what
        elif kind == "repeat":
            found[at:at] = found[at : at + what]
        elif kind == "drop":
            del found[at : at + what]
    return bytes(found)


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([0, -1, 1, 2, 10**9, 2**63, 10**30]),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["dni", "mnist", "fcn", "table1", "depth", "../../etc/passwd", "", "\x1b[2J"]),
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=6,
)


@st.composite
def altered(draw, good, replacement=values):
    """A tree of dictionaries and lists like one of `good` in all but one to three places."""
    tree = draw(st.sampled_from(good))
    for _ in range(draw(st.integers(1, 3))):
        tree = _altered(draw, tree, replacement)
    return tree


def _altered(draw, tree, replacement):
    inside = isinstance(tree, (dict, list)) and len(tree) > 0
    if not inside or draw(st.integers(0, 9)) == 0:
        return draw(replacement)
    if isinstance(tree, list):
        at, copy = draw(st.integers(0, len(tree) - 1)), list(tree)
    else:
        at, copy = draw(st.sampled_from(sorted(tree))), dict(tree)
    how = draw(st.integers(0, 9))
    if how == 0:
        del copy[at]
    elif how == 1 and isinstance(copy, dict):
        copy[draw(st.text(max_size=8))] = draw(replacement)
    elif how == 1:
        copy.insert(at, copy[at])
    else:
        copy[at] = _altered(draw, copy[at], replacement)
    return copy
