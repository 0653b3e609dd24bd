"""Fields: what is taken as their value, as what, and what is refused with their name."""

import math

import pytest
from sgbench.bench.errors import UsageError
from sgbench.bench.fields import Field

RATE = Field(name="rate", doc="how fast", scalar=float, above=0, max=10)
COUNT = Field(name="count", doc="how many", scalar=int, min=1, max=8, optional=True)
DROPS = Field(name="drops", doc="when", scalar=float, many=True, min=0, max=1)
RULE = Field(name="rule", doc="which", scalar=str, choices=lambda: ("dni", "cdni"))
SEED = Field(name="seed", doc="which", scalar=int)
CORPUS = Field(name="corpus", doc="a file", scalar=str)


@pytest.mark.parametrize(
    ("field", "value", "held"),
    [
        (RATE, 1, 1.0),
        (RATE, 0.5, 0.5),
        (COUNT, 3.0, 3),
        (COUNT, None, None),
        (DROPS, [0, 1], (0.0, 1.0)),
        (DROPS, (), ()),
        (RULE, "dni", "dni"),
    ],
)
def test_values(field, value, held):
    found = field.coerce(value)
    assert found == held
    assert type(found) is type(held)


def test_one_float_of_a_value():
    zero = Field(name="x", doc="d", scalar=float, min=-1, max=1).coerce(-0.0)
    assert math.copysign(1, zero) == 1


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        (RATE, None, "must be given"),
        (RATE, "fast", "must be a number"),
        (RATE, True, "must be a number"),
        (RATE, math.nan, "finite"),
        (RATE, 10**400, "finite"),
        (RATE, 0, "above 0"),
        (RATE, 11, "between 0 and 10"),
        (COUNT, 2.5, "must be an integer"),
        (COUNT, 0, "between 1 and 8"),
        (DROPS, 0.5, "must be a list"),
        (DROPS, [0.5, 2], "between 0 and 1"),
        (RULE, 1, "must be a string"),
        (RULE, "dnii", "did you mean 'dni'"),
        (SEED, 2**63, "must fit into 64 bits"),
        (SEED, -(10**400), "must fit into 64 bits"),
        (CORPUS, "caf\udce9.txt", "is not UTF-8"),  # as Python reads a name that is not
    ],
)
def test_what_is_refused(field, value, words):
    with pytest.raises(UsageError) as caught:
        field.coerce(value)
    assert words in str(caught.value)
    assert field.name in str(caught.value)


def test_a_bound_may_lie_outside_of_the_range():
    assert RATE.coerce_bound(0) == 0.0
    with pytest.raises(UsageError, match="rate"):
        RATE.coerce_bound("x")
