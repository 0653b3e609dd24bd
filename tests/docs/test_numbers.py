"""Numbers in sentences are those of the records, computed here without the generator."""

import statistics

import pytest
from generator import findings, numbers
from generator.markers import MarkerError
from sgbench.results.store.published import open_published

DNI = "dataset=mnist,network=fcn,depth=4,rule=dni"
MINE = {"dataset": "mnist", "network": "fcn", "depth": 4, "rule": "dni", "sg_layers": 2}


def number(text):
    return numbers.number(text.split())


def errors(**fields):
    return [
        record.test_error
        for record in open_published().scan()
        if (record.exhibit, record.scale) == ("table1", "quick")
        and all(getattr(record, name) == value for name, value in fields.items())
    ]


def test_mean_n_and_interval_are_of_the_protocols_own_m():
    assert number(f"n table1 quick {DNI}") == "3"  # of the declared seeds, of six
    three = errors(**MINE, seed=0) + errors(**MINE, seed=1) + errors(**MINE, seed=2)
    first = number(f"mean table1 quick {DNI},seed<3")
    assert min(three) < float(first) < max(three)
    assert number(f"interval table1 quick {DNI},seed<3").startswith(f"{first} ± ")
    one = errors(**MINE | {"sg_layers": 0, "seed": 1, "depth": 5})
    assert number(f"mean table1 quick {DNI.replace('4', '5')},sg_layers=0,seed=1") in {
        f"{value:.2f}" for value in one
    }


def test_the_papers_number_and_the_verdict():
    assert number(f"paper table1 quick {DNI}") == "2.2"
    assert number(f"verdict table1 quick {DNI}") == "not comparable"
    assert number("verdict table1 paper rule=no_bprop,depth=3") == "inconclusive"


def test_processors_are_counted_over_records():
    every = [(record.exhibit, record.device) for record in open_published().scan()]
    for exhibit in ("", "p_update"):
        devices = [device for of, device in every if exhibit in ("", of)]
        text = number(f"processors {exhibit}")
        each = text.replace("), ", ") and ").split(" and ")
        counted = {one.rpartition(" (")[0]: one.rpartition(" (")[2] for one in each}
        assert counted == {device: f"{devices.count(device):,})" for device in devices}
    with pytest.raises(MarkerError, match="no published record"):
        number("processors table9")


def test_one_of_two_results_is_named():
    assert float(number("mean two_networks quick rule=dni result=error_b")) > 50
    with pytest.raises(MarkerError, match="2 places"):
        number("mean two_networks quick rule=dni")


def test_claims_by_name_and_place():
    assert number("claim table1 quick dni-grows verdict dataset=mnist") == "not comparable"
    order = "claim table1 quick cdni-beats-dni-deep"
    assert number(f"{order} verdict dataset=mnist") == "same way round"
    assert number("claim table1 quick dni-grows value dataset=mnist").startswith("+")
    assert 0 < float(number(f"{order} p dataset=mnist")) < 0.05
    with pytest.raises(MarkerError, match="dni-grows"):
        number("claim table1 quick dni-shrinks p dataset=mnist")


def test_counts_of_cells():
    done = sum(
        (r.exhibit, r.scale, r.status) == ("table1", "paper", "ok") for r in open_published().scan()
    )
    assert number("count table1 paper run") == str(done)
    assert number("count table1 paper cells") == "324"
    assert number("count table1 paper cells dataset=mnist,network=fcn") == "108"


def test_what_is_left_is_less_where_less_is_picked():
    assert number("left deep quick") == "nothing is left"
    assert number("left table1 paper rule=no_bprop,dataset=mnist") != number("left table1 paper")


def test_fields_and_curves_fold_over_records():
    records = [
        r
        for r in open_published().scan()
        if (r.exhibit, r.scale, r.rule) == ("deep", "quick", "dni")
    ]
    most = max(r.test_error for r in records)
    assert number("field deep quick test_error max .2f rule=dni") == f"{most:.2f}"
    top = statistics.fmean(r.curve[-1]["sg_cosine"][0] for r in records)
    expected = f"{top:.3f}".replace("-", "\N{MINUS SIGN}")
    assert number("curve deep quick sg_cosine mean .3f rule=dni layer=1") == expected


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("average table1 quick", "unknown number 'average'"),
        ("mean table1", "takes 2 words"),
        ("mean table9 quick rule=dni", "table9"),
        ("mean table1 huge rule=dni", "huge"),
        ("mean table1 quick rule=dnii", "dnii"),
        ("mean table1 quick rule=dni", "places"),
        ("field table1 quick nothing max .2f", "no field 'nothing'"),
        ("field table1 quick test_error most .2f", "unknown fold 'most'"),
        ("curve table1 quick nothing max .2f", "no 'nothing'"),
        ("count table1 quick nothing", "no 'nothing'"),
        ("left table1 paper rule=dnii", "dnii"),
    ],
)
def test_what_cannot_be_told_is_refused(words, told):
    with pytest.raises(MarkerError, match=told):
        number(words)


@pytest.mark.parametrize("name", [*findings.NAMED, None])
def test_every_finding_says_something(name):
    if name is not None:
        assert findings.NAMED[name]().strip()
