"""Tables of studies, timings and commands."""

import pytest
from generator import other
from generator.markers import MarkerError
from sgbench.cli import VERBS
from sgbench.results.store.published import PUBLISHED


def test_the_outcome_of_a_study_is_the_published_one():
    table = other.outcome(["mnist-fcn-depth4-rate"])
    assert [stub for stub, _ in table.rows] == [("dni",), ("cdni",)]
    assert any("(20)" in line for entry in table.rows[0][1] for line in entry.lines)


def test_speeds_are_those_that_were_picked():
    for exhibit in ("table1", "beyond"):
        table = other.speed([exhibit, "dataset=mnist,network=fcn,depth=4,rule=backprop"])
        [(stub, _)] = table.rows
        assert stub == ("mnist fcn 4 backprop",)
    exhibits = {timing.exhibit for timing in other.timings()}
    assert sum(len(other.speed([one]).rows) for one in exhibits) == len(other.timings())


def test_verbs_are_all_commands():
    assert [stub[0] for stub, _ in other.verbs([]).rows] == [f"`sgbench {verb}`" for verb in VERBS]


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda: other.outcome([]), "study NAME"),
        (lambda: other.outcome(["nothing"]), "mnist-dni-depth4"),
        (lambda: other.speed(["table1", "depth=99"]), "no program"),
        (lambda: other.speed([]), "give an exhibit"),
        (lambda: other.verbs(["x"]), "no words"),
    ],
)
def test_what_is_not_there_is_refused(ask, told):
    with pytest.raises(MarkerError, match=told):
        ask()


def test_every_published_study_can_be_shown():
    for path in PUBLISHED.glob("*.study.json"):
        assert other.study(path.name.removesuffix(".study.json")).arms
