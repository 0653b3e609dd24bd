"""Claims as tests of places: which there are, and what their two sides are."""

import dataclasses
from collections import Counter
from statistics import fmean

import pytest
from sgbench.bench.errors import UsageError
from sgbench.reproductions.exhibits.exhibit import expand, load
from sgbench.reproductions.exhibits.parser import parse
from small_files.exhibit import ABOVE, SMALL

TABLE1 = load("table1")
TABLE2 = load("table2")


def claims_at(scale, name):
    return [test for test in TABLE1.claim_tests(scale) if test.claim.name == name]


def test_claims_are_written_out_for_the_places_of_the_scale():
    count = Counter(test.claim.name for test in TABLE1.claim_tests("paper"))
    assert count == {
        "cdni-beats-dni-deep": 2,
        "dni-differs-from-backprop": 2,
        "dni-beats-top-only": 1,
        "cdni-near-backprop": 4,
        "dni-grows": 2,
        "cdni-does-not-grow": 2,
        "no-bprop-grows": 4,
    }
    assert {test.place["dataset"] for test in TABLE1.claim_tests("demo")} == {"digits"}
    assert load("sg_scale").claim_tests("quick") == []


def test_claims_select_the_fixed_model():
    deep = claims_at("quick", "cdni-beats-dni-deep")
    assert [test.place for test in deep] == [{"dataset": "mnist"}, {"dataset": "cifar10"}]
    mnist = {"dataset": "mnist", "network": "fcn", "depth": 6}
    assert deep[0].left == {**mnist, "rule": "cdni", "sg_layers": 0}
    assert deep[0].right == {**mnist, "rule": "dni", "sg_layers": 2}
    assert (deep[1].left["sg_layers"], deep[1].right["sg_layers"]) == (1, 1)
    assert deep[0].margin == 0.0
    trend = claims_at("quick", "cdni-does-not-grow")
    assert trend[0].left == {"dataset": "mnist", "network": "fcn", "rule": "cdni", "sg_layers": 0}
    assert trend[0].right is None
    assert trend[0].values == (3, 4, 5, 6)
    assert [test.margin for test in trend] == [0.1, 0.5]
    bound = claims_at("paper", "cdni-near-backprop")
    assert {(t.place["dataset"], t.margin) for t in bound} == {("mnist", 0.5)}
    assert {t.right["sg_layers"] for t in bound} == {None}


@pytest.mark.parametrize("exhibit", [TABLE1, TABLE2], ids=lambda exhibit: exhibit.name)
@pytest.mark.parametrize("scale", ["demo", "quick", "paper"])
def test_each_side_of_a_claim_is_one_cell_a_seed(exhibit, scale):
    cells = [cell.to_dict() for cell in expand(exhibit, scale, seeds=2)]
    for test in exhibit.claim_tests(scale):
        for side in test.sides():
            assert len(side) == max(1, len(test.values))
            for fields in side:
                found = [c for c in cells if all(c[k] == v for k, v in fields.items())]
                assert sorted(c["seed"] for c in found) == [0, 1]


@pytest.mark.parametrize("exhibit", [TABLE1, TABLE2], ids=lambda exhibit: exhibit.name)
def test_the_papers_own_numbers_satisfy_its_claims(exhibit):
    cells = expand(exhibit, "paper", seeds=1)

    def error(side, **more):
        (cell,) = (c for c in cells if all(c.value(k) == v for k, v in {**side, **more}.items()))
        return exhibit.number(cell).value

    for test in exhibit.claim_tests("paper"):
        if test.claim.source.startswith("ours"):  # the paper has no number for one side
            continue
        if test.right is not None:
            left, right = (fmean(map(error, side)) for side in test.sides())
            excess = left - test.claim.factor * right - test.margin
            # what the paper rounds may be equal to the margin
            assert (excess >= -1e-9) if test.claim.kind == "above" else (excess <= 1e-9), test
        else:
            errors = [error(test.left, depth=depth) for depth in test.values]
            middle = (len(errors) - 1) / 2
            slope = sum((n - middle) * e for n, e in enumerate(errors))
            slope /= sum((n - middle) ** 2 for n in range(len(errors)))
            assert (slope > test.margin) == (test.claim.kind == "grows")


def test_a_claim_is_left_out_where_the_grid_lacks_a_side():
    claim = """
    [[claims]]
    name = "a"
    text = "b"
    source = "c"
    kind = "below"
    each = ["depth"]
    left = { rule = "backprop" }
    right = { rule = "dni" }
    """
    assert parse("small", SMALL + claim).claim_tests("demo") == []
    mirrored = claim.replace('"dni"', '"backprop"')
    tests = parse("small", SMALL + mirrored).claim_tests("demo")
    assert [test.place for test in tests] == [{"depth": 3}, {"depth": 4}]


def test_a_claim_may_be_of_some_datasets_and_multiply_its_right_side():
    scale, grid = SMALL.index("[scales.demo]"), SMALL.index("[[grid]]")
    block = """
    [[grid]]
    network = ["lstm"]
    dataset = ["copy", "repeat_copy", "ptb"]
    rule = ["bptt", "dni"]
    T = [2, 3]
    """
    found = parse("small", SMALL[:grid] + block + SMALL[scale:] + ABOVE)
    (claim,), tests = found.claims, found.claim_tests("demo")
    assert (claim.kind, claim.factor, claim.datasets) == ("above", 2.5, ("copy", "ptb"))
    places = [(name, T) for name in ("copy", "ptb") for T in (2, 3)]
    assert [(test.place["dataset"], test.place["T"]) for test in tests] == places
    assert [test.margin for test in tests] == [1.0, 1.0, 0.01, 0.01]
    assert {(test.left["rule"], test.right["rule"]) for test in tests} == {("dni", "bptt")}
    plain = parse("small", SMALL + ABOVE.replace("factor = 2.5\n", "").partition("datasets")[0])
    assert (plain.claims[0].factor, plain.claims[0].datasets) == (1.0, ())


CLAIM = """
[[claims]]
name = "a"
text = "b"
source = "c"
kind = "{kind}"
each = ["dataset"]
left = {{ rule = "backprop" }}
{more}
"""


@pytest.mark.parametrize(
    ("kind", "more", "key"),
    [
        ("below", 'right = { rule = "backprop" }\npairing = "some"', "pairing"),
        ("below", 'right = { rule = "backprop" }\ncorrelation = 2', "correlation"),
        ("grows", 'over = "depth"\npairing = "unpaired"', "pairing"),
    ],
)
def test_a_claim_that_cannot_be_tested_so_is_refused(kind, more, key):
    with pytest.raises(UsageError, match=key):
        parse("small", SMALL + CLAIM.format(kind=kind, more=more))


def test_a_difference_may_be_averaged_over_a_field():
    more = 'over = "depth"\nright = { rule = "backprop" }'
    exhibit = parse("small", SMALL + CLAIM.format(kind="below", more=more))
    (test,) = exhibit.claim_tests("demo")
    assert test.values == (3, 4)
    assert [[fields["depth"] for fields in side] for side in test.sides()] == [[3, 4], [3, 4]]
    assert test.is_order
    assert not dataclasses.replace(test, margin=0.1).is_order


WITHIN = """
[[claims]]
name = "a"
text = "b"
source = "c"
kind = "within"
quantity = "updates_per_second"
each = ["dataset"]
left = { depth = 3 }
right = { depth = 4, p_update = "none" }
factor = 2.5
margin = { digits = 5 }
"""


def test_a_quantity_is_held_against_another_at_every_scale():
    exhibit = parse("small", SMALL + WITHIN)
    (claim,) = exhibit.claims
    assert (claim.quantity, claim.every_scale, claim.is_slope) == (
        "updates_per_second",
        True,
        False,
    )
    assert claim.right == {"depth": 4, "p_update": None}
    assert claim.measure("digits").unit == "updates/s"
    (test,) = exhibit.claim_tests("demo")
    assert (test.right["p_update"], test.margin) == (None, 5.0)
    slope = WITHIN.replace('right = { depth = 4, p_update = "none" }', 'over = "depth"')
    (claim,) = parse("small", SMALL + slope.replace("left = { depth = 3 }", "left = {}")).claims
    assert (claim.right, claim.over, claim.is_slope) == (None, "depth", True)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('quantity = "updates_per_second"', "", "quantity names what is measured"),
        ('kind = "within"', 'kind = "below"', "quantity names what is measured"),
        ('"updates_per_second"', '"update_per_second"', "did you mean 'updates_per_second'"),
        ("factor = 2.5", "factor = -1", "whose factor is above 0"),
        ("factor = 2.5", 'pairing = "unpaired"', "within is of pairs"),
        ('p_update = "none"', 'p_updates = "none"', "did you mean 'p_update'"),
        ("depth = 3", 'seed = "none"', "seed is not set in a file"),
        ("factor = 2.5", "every_scale = true", "every_scale"),
    ],
)
def test_a_claim_on_a_quantity_that_is_malformed_is_refused(old, new, words):
    parse("small", SMALL + WITHIN)
    assert old in WITHIN
    with pytest.raises(UsageError, match=words):
        parse("small", SMALL + WITHIN.replace(old, new))


def test_a_model_that_a_claim_names_is_not_replaced_by_the_fixed_one():
    """`sg_layers` of `where` or a side stays; the fixed one is for claims that name none."""
    (claim,) = [c for c in TABLE1.claims if c.name == "cdni-beats-dni-deep"]
    named = dataclasses.replace(claim, left={**claim.left, "sg_layers": 2})
    exhibit = dataclasses.replace(TABLE1, claims=(named,))
    (test,) = [t for t in exhibit.claim_tests("quick") if t.place["dataset"] == "mnist"]
    assert (test.left["sg_layers"], test.right["sg_layers"]) == (2, 2)
    assert claims_at("quick", "cdni-beats-dni-deep")[0].left["sg_layers"] == 0


@pytest.mark.parametrize("scale", ["demo", "quick", "paper"])
def test_each_side_of_a_claim_on_stages_is_one_cell(scale):
    exhibit = load("locking")
    cells, tests = expand(exhibit, scale, seeds=1), exhibit.claim_tests(scale)
    for test in tests:
        for fields in (f for side in test.sides() for f in side):
            assert sum(cell.has(fields) for cell in cells) == 1
    whole = [t for t in tests if t.claim.name == "stale-targets-cost-little"]
    assert all(t.left["stages"] == 2 and t.right["stages"] is None for t in whole)
