"""How far to train: what `--until` may say, and which updates of a cell it means."""

import pytest
from sgbench.reproductions.exhibits.exhibit import pick_cells
from sgbench.reproductions.running.until import Until, read_until


def cell_of(*sets):
    return pick_cells("table1", "demo", where=("rule=backprop",), sets=sets, seeds=1)[0]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("5000", Until(updates=5000)),
        ("5_000", Until(updates=5000)),
        ("5,000", Until(updates=5000)),
        ("1%", Until(share=0.01)),
        ("2.5 %", Until(share=0.025)),
        ("100%", Until(share=1.0)),
    ],
)
def test_what_is_read(text, meant):
    assert read_until(text) == meant


@pytest.mark.parametrize("text", ["", "0", "-5", "1e3", "0%", "101%", "half", "5000s", "%"])
def test_what_is_refused(text):
    with pytest.raises(ValueError, match="share"):
        read_until(text)


@pytest.mark.parametrize(
    ("until", "updates"),
    [
        (Until(updates=50), 50),
        (Until(updates=400), 400),
        (Until(updates=10**6), 400),
        (Until(share=0.25), 100),
        (Until(share=1.0), 400),
        (Until(updates=60), 100),  # on to the next evaluation
        (Until(share=0.3), 150),
        (Until(updates=1), 50),
    ],
)
def test_the_updates_of_a_cell(until, updates):
    assert until.of(cell_of("iterations=400", "evaluate_every=50")) == updates


def test_a_share_of_the_evaluations_that_a_protocol_adds():
    (cell, *_) = pick_cells("p_update", "paper", where=("p_update=0.2",), seeds=1)
    assert read_until("1%").of(cell) == 5000
    assert read_until("2.4%").of(cell) == 12000
