"""What the paper says of results, as data."""

import dataclasses

import pytest
from sgbench.reproductions.exhibits.evidence import Median, Number


def test_a_number_is_exact_unless_it_is_said_how_it_is_known():
    number = Number(value=1.9, grade="T")
    assert (number.rounding, number.reading) == (0.0, 0.0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        number.value = 2.0


@pytest.mark.parametrize(
    ("p_update", "inside"), [(None, False), (0.1, False), (0.1001, True), (0.2, True), (0.3, False)]
)
def test_a_bin_has_what_is_above_its_lower_end_up_to_its_upper_end(p_update, inside):
    median = Median(where={}, above=0.1, up_to=0.2, at=1.0, value=2.0, grade="F")
    assert median.has(p_update) == inside


def test_a_cell_without_p_update_is_in_no_bin():
    """It is not taken for 0, which a bin that begins below 0 would have."""
    assert not Median(where={}, above=-1, up_to=1, at=1.0, value=2.0, grade="F").has(None)
