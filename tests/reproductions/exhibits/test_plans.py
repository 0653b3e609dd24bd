"""What is declared before the runs: every margin, level, number of seeds and test, once more.

To change one of them is to change the plan of every verdict that hangs on it: it must be done here,
too, and said.
"""

import statistics
from collections import Counter

import pytest
from sgbench.reports.analysis.verdicts import judging
from sgbench.reproductions.exhibits.catalogue import builtin_names
from sgbench.reproductions.exhibits.exhibit import expand, load
from sgbench.results.statistics import intervals, place_verdict

SEEDS = {
    "table1": {"demo": 3, "quick": 3, "tenth": 3, "paper": 3},
    "table2": {"demo": 2, "quick": 2, "tenth": 2, "paper": 5},
    "two_networks": {"demo": 2, "quick": 3, "paper": 5},
    "deep": {"demo": 3, "quick": 3, "tenth": 3, "paper": 3},
    "p_update": {"demo": 3, "quick": 3, "tenth": 3, "paper": 5},
    "bp_lambda": {"demo": 3, "quick": 3, "tenth": 3, "paper": 3},
    "sg_scale": {"demo": 2, "quick": 2, "tenth": 2, "paper": 2},
    "locking": {"demo": 2, "quick": 3, "tenth": 3, "paper": 3},
    "local_loss": {"demo": 3, "quick": 3, "paper": 5},
    "dfa": {"demo": 3, "quick": 3, "paper": 5},
    "beyond": {"demo": 3, "quick": 3},
}
MARGINS = {  # by dataset, then by rule, "" for all others
    "table1": {"mnist": {"": 0.3, "no_bprop": 1.0}, "cifar10": {"": 1.5, "no_bprop": 2.0}},
    "table2": {"copy": {"": 1.0}, "repeat_copy": {"": 1.0}, "ptb": {"": 0.01}},
    "two_networks": {"counting": {"": 1.0}},
    "deep": {"mnist": {"": 0.5}},
    "p_update": {"mnist": {"": 0.3}},
    "bp_lambda": {},
    "sg_scale": {},
    "locking": {},
    "local_loss": {"mnist": {"": 0.1}},
    "dfa": {"mnist": {"": 0.2}},
    "beyond": {},
}
CLAIMS = {  # kind, margins or levels, factor, pairing, correlation
    "table1": {
        "cdni-beats-dni-deep": ("below", {}, 1, "unpaired", 0.43),
        "dni-differs-from-backprop": ("above", {}, 1, "unpaired", 0.44),
        "dni-beats-top-only": ("below", {}, 1, "unpaired", -0.76),
        "cdni-near-backprop": ("below", {"mnist": 0.5}, 1, "paired", 0.73),
        "dni-grows": ("grows", {}, 1, "paired", 0),
        "cdni-does-not-grow": (
            "does_not_grow", {"digits": 0.3, "mnist": 0.1, "cifar10": 0.5}, 1, "paired", 0,
        ),
        "no-bprop-grows": ("grows", {}, 1, "paired", 0),
    },
    "table2": {
        "dni-longer": ("above", {}, 1, "unpaired", 0),
        "dni-longer-by-factor": ("above", {"copy": -1.375}, 1.75, "unpaired", 0),
        "dni-repeats-longer-by-factor": ("above", {"repeat_copy": -7.1}, 2.05, "unpaired", 0),
        "dni-fewer-bits": ("below", {}, 1, "paired", 0.92),
        "aux-5-equals-bptt-20": ("below", {"ptb": 0.01}, 1, "paired", 0.92),
    },
    "two_networks": {
        "dni-feeds-back": ("below", {}, 1, "paired", 0.76),
        "dni-near-end-to-end": (
            "below", {"counting": 5.0, "counting_digits": 5.0}, 1, "unpaired", 0.27,
        ),
        "dni-costs-a-nothing": (
            "below", {"counting": 2.0, "counting_digits": 2.0}, 1, "paired", 0.92,
        ),
    },
    "deep": {
        "cdni-beats-dni-deep": ("below", {}, 1, "unpaired", 0.02),
        "cdni-trains-deep": ("below", {"digits": 2.0, "mnist": 0.5}, 1, "paired", 0.76),
        "cdni-21-reaches-2": ("reaches", {"mnist": 2.5}, 1, "paired", 0),
    },
    "p_update": {
        "p-0.2-trains": ("below", {"digits": 2.0, "mnist": 0.5}, 1, "paired", 0.63),
        "dni-suffers-below-0.2": ("above", {"digits": 2.0, "mnist": 0.5}, 1, "unpaired", 0.3),
        "unlocked-reaches-2": ("reaches", {"mnist": 2.5}, 1, "paired", 0),
    },
    "bp_lambda": {},
    "sg_scale": {},
    "locking": {
        "unlocked-rate-ignores-the-delay": ("within", {"mnist": 5.0}, 1, "paired", 0.6),
        "unlocked-rate-ignores-30-ms": ("within", {"digits": 5.0}, 1, "paired", 0.6),
        "locked-waits-for-the-round-trip": (
            "within", {"digits": 5.0, "mnist": 5.0}, 2, "paired", 0,
        ),
        "a-straggler-slows-all-that-is-locked": (
            "within", {"digits": 20.0, "mnist": 20.0}, 2.5, "paired", 0.6,
        ),
        "a-straggler-leaves-the-unlocked": (
            "within", {"digits": 5.0, "mnist": 5.0}, 1, "paired", 0.6,
        ),
        "stale-targets-cost-little": ("below", {"mnist": 0.5}, 1, "paired", 0.6),
        "stale-targets-cost-a-stage-little": ("below", {"mnist": 0.5}, 1, "paired", 0.6),
        "targets-30-ms-late-cost-little": ("below", {"digits": 2.0}, 1, "paired", 0.6),
    },
    "local_loss": {
        "predsim-beats-backprop": ("below", {}, 1, "unpaired", 0),
        "sim-above-pred": ("above", {}, 1, "unpaired", 0),
        "pred-near-backprop": ("below", {"digits": 1.0, "mnist": 0.1}, 1, "unpaired", 0),
    },
    "dfa": {
        "dfa-near-backprop": ("below", {"digits": 2.0, "mnist": 0.5}, 1, "unpaired", 0),
        "fa-beats-backprop-deep": ("below", {}, 1, "unpaired", 0),
        "backprop-grows": ("grows", {}, 1, "paired", 0),
    },
    "beyond": {
        "local-matches-backprop": ("below", {"digits": 2.0, "mnist": 0.3}, 1, "unpaired", 0),
        "predsim-beats-pred": ("below", {}, 1, "unpaired", 0),
        "supervision-beats-forward-forward": ("below", {}, 1, "unpaired", 0),
        "dfa-beats-dni": ("below", {}, 1, "unpaired", 0),
        "errors-beat-targets": ("below", {}, 1, "unpaired", 0),
        "detaching-costs": ("above", {}, 1, "unpaired", 0),
    },
}  # fmt: skip
TESTS = {  # the family at scale paper, at quick where there is none
    "table1": 17, "table2": 12, "two_networks": 3, "deep": 7, "p_update": 8,
    "bp_lambda": 0, "sg_scale": 0, "locking": 18,
    "local_loss": 3, "dfa": 7, "beyond": 12,
}  # fmt: skip
SPREADS = {
    "table1": {
        "mnist fcn": {
            "no_bprop": 0.95,
            "top_only": 0.21,
            "backprop": 0.04,
            "dni": 0.97,
            "cdni": 0.085,
        }
    },
    "table2": {
        "copy lstm": {"bptt": 0.35, "dni": 0.79, "dni_aux": 0.5},
        "repeat_copy lstm": {"bptt": 0.29, "dni": 1.8, "dni_aux": 0.35},
        "ptb lstm": {"bptt": 0.021, "dni": 0.054, "dni_aux": 0.047},
    },
    "two_networks": {
        "counting two_lstms error_a": {"end_to_end": 0.10, "no_feedback": 0.20, "dni": 0.62},
        "counting two_lstms error_b": {"end_to_end": 0.68, "no_feedback": 0.53, "dni": 4.4},
    },
    "deep": {"mnist fcn": {"backprop": 0.062, "dni": 0.40, "cdni": 0.13}},
    "p_update": {},
    "bp_lambda": {},
    "sg_scale": {},
    "locking": {},
    "local_loss": {},
    "beyond": {},
    "dfa": {"mnist fcn": {"backprop": 0.086, "fa": 0.077, "dfa": 0.087}},  # the paper's own
}
INTERMEDIATE = {  # T or depth, rule, result, when: value, margin, side
    "table1": {
        (3, "dni", None, "iteration 300000"): (2.3, 0.2, "at"),
        (4, "dni", None, "iteration 300000"): (3.0, 0.2, "at"),
        (5, "dni", None, "iteration 300000"): (3.9, 0.2, "at"),
        (6, "dni", None, "iteration 300000"): (5.5, 0.5, "at"),
        (4, "cdni", None, "iteration 20000"): (2.0, 0.2, "below"),
        (5, "cdni", None, "iteration 20000"): (2.0, 0.2, "below"),
        (6, "cdni", None, "iteration 20000"): (2.0, 0.2, "below"),
    },
    "table2": {
        (2, "dni_aux", None, "data_steps 260000"): (28, 1, "at"),
        (2, "dni_aux", None, "data_steps 600000"): (33, 1, "at"),
        (2, "dni_aux", None, "data_steps 800000"): (39, 1, "at"),
        (3, "dni_aux", None, "data_steps 1000000"): (28, 1, "at"),
        (3, "dni_aux", None, "data_steps 1900000"): (45, 1, "at"),
        (3, "dni_aux", None, "data_steps 3850000"): (59, 1, "at"),
        (4, "dni_aux", None, "data_steps 600000"): (28, 1, "at"),
        (4, "dni_aux", None, "data_steps 2650000"): (52, 1, "at"),
        (4, "dni_aux", None, "data_steps 3550000"): (67, 1, "at"),
        (5, "dni_aux", None, "data_steps 450000"): (33, 1, "at"),
        (5, "dni_aux", None, "data_steps 1000000"): (52, 1, "at"),
        (5, "dni_aux", None, "data_steps 1170000"): (59, 1, "at"),
        (4, "bptt", None, "data_steps 500000"): (19, 1, "at"),
        (5, "bptt", None, "data_steps 2400000"): (23, 1, "at"),
    },
    "two_networks": {
        (4, "end_to_end", "error_a", "data_steps 20000"): (37, 1, "at"),
        (4, "dni", "error_a", "data_steps 20000"): (10, 1, "at"),
        (4, "end_to_end", "error_b", "data_steps 30000"): (50, 1, "at"),
        (4, "dni", "error_b", "data_steps 30000"): (36, 1, "at"),
    },
}
INTERMEDIATE_OF = {
    "table1": ("mnist", "fcn"),
    "table2": ("repeat_copy", "lstm"),
    "two_networks": ("counting", "two_lstms"),
}
BASELINES = {
    "table1": "backprop",
    "table2": "bptt",
    "two_networks": "end_to_end",
    "deep": "backprop",
    "p_update": None,
    "bp_lambda": None,
    "sg_scale": None,
    "locking": None,
    "local_loss": "backprop",
    "dfa": "backprop",
    "beyond": "backprop",
}
UNSTATED = {
    "locking": set(),
    "local_loss": set(),
    "beyond": set(),
    "dfa": {"precision"},
    "table1": {"sg_scale", "precision"},
    "deep": {"sg_scale", "precision"},
    "table2": {"sg_scale", "precision", "aux_weight", "solve_window"},
    "p_update": {"sg_scale", "precision", "sg_units", "si_units"},
    "bp_lambda": {"sg_scale", "precision", "sg_layers"},
    "sg_scale": {"sg_scale", "precision"},
    "two_networks": {"sg_scale", "precision", "batch_size", "iterations"},
}
NEIGHBOURS = {"table1": "depth", "table2": "T", "deep": "depth", "dfa": "depth"}


def test_the_scale_of_m_s_target_is_one_rule_that_three_exhibits_state():
    names = ("table1", "table2", "two_networks")
    said = {name: load(name).readings["scale of M's target"] for name in names}
    (rule,) = {words.partition(" (O). ")[0] for words in said.values()}
    for words in ("Table 1", "Figure 8", "Table 2", "plain gradient", "gradient of one example"):
        assert words in rule
    scales = {
        name: {cell.sg_scale for cell in expand(load(name), "paper", seeds=1)} - {None}
        for name in names
    }
    assert scales == {"table1": {1.0}, "table2": {256.0}, "two_networks": {1.0}}
    assert all("has not been run" in words.partition(" (O). ")[2] for words in said.values())


def test_the_levels_of_all_verdicts():
    assert intervals.VERDICT_CONFIDENCE == 0.90  # two one-sided tests at 5 %
    assert place_verdict.DRAW_CONFIDENCE == place_verdict.POOLED_CONFIDENCE == 0.95
    assert judging.ALPHA == 0.05


@pytest.mark.parametrize("name", builtin_names())
def test_seeds_margins_and_claims_are_those_that_were_declared(name):
    exhibit = load(name)
    seeds = {scale: one.seeds for scale, one in exhibit.scales.items()}
    assert seeds == SEEDS[name]
    margins = {d: {"": m.points, **m.rules} for d, m in exhibit.margins.items()}
    assert margins == MARGINS[name]
    found = {
        c.name: (c.kind, dict(c.margins), c.factor, c.pairing, c.correlation)
        for c in exhibit.claims
    }
    assert found == CLAIMS[name]
    assert len(exhibit.claim_tests("paper" if "paper" in seeds else "quick")) == TESTS[name]
    spreads = {}
    for (dataset, network, rule, result), spread in exhibit.spreads.items():
        key = " ".join(filter(None, (dataset, network, result)))
        spreads.setdefault(key, {})[rule] = spread.deviation
        whose = "the paper's own" if name == "dfa" else "records of scale quick"
        assert spread.source.startswith(whose)
    assert spreads == SPREADS[name]
    assert exhibit.baseline == BASELINES[name]
    assert exhibit.neighbours == NEIGHBOURS.get(name)
    assert set(exhibit.unstated) == UNSTATED[name]


@pytest.mark.parametrize("name", builtin_names())
def test_a_claim_is_paired_where_seeds_correlate_by_more_than_a_half(name):
    for claim in load(name).claims:
        if claim.right is not None:
            assert (claim.pairing == "paired") == (claim.correlation > 0.5)


def test_numbers_are_as_exact_as_the_paper_prints_or_as_its_figures_are_read():
    table1, table2, pair = load("table1"), load("table2"), load("two_networks")
    assert {(n.rounding, n.reading) for n in table1.numbers.values()} == {(0.05, 0)}
    exact = {(p[0], p[4]): (n.rounding, n.reading) for p, n in table2.numbers.items()}
    assert exact["copy", "dni"] == exact["repeat_copy", "bptt"] == (0.5, 0)
    assert exact["ptb", "dni"] == (0.005, 0)
    assert exact["ptb", "bptt"] == exact["ptb", "dni_aux"] == (0.0005, 0)
    assert {(n.rounding, n.reading) for n in pair.numbers.values()} == {(0, 1.0)}
    (deep,) = load("deep").numbers.values()
    assert (deep.value, deep.rounding) == (2.0, 0.5)
    later = (*load("local_loss").numbers.values(), *load("dfa").numbers.values())
    assert {(n.rounding, n.reading) for n in later} == {(0.005, 0)}


@pytest.mark.parametrize("name", builtin_names())
def test_the_papers_numbers_before_the_end_of_training(name):
    found = {}
    for one in load(name).intermediate:
        along = one.where.get("depth", one.where.get("T"))
        key = (along, one.where["rule"], one.result, f"{one.unit} {one.at}")
        found[key] = (one.number.value, one.number.reading, one.side)
        assert one.number.grade == "F"
        assert (one.where["dataset"], one.where["network"]) == INTERMEDIATE_OF[name]
    assert found == INTERMEDIATE.get(name, {})
    assert len(found) == len(load(name).intermediate)


def test_medians_are_read_to_a_tenth_and_those_that_are_cut_off_are_known():
    exhibit = load("p_update")
    assert {m.reading for m in (*exhibit.medians, *exhibit.cut_off)} == {0.1}
    assert not any(m.censored for m in exhibit.medians)
    cut = {(m.where["decoupled"], m.where["rule"], m.at, m.up_to): m.value for m in exhibit.cut_off}
    assert cut == {
        ("update", "dni", 0.5, 0.05): 5.2,
        ("update", "cdni", 0.01, 0.05): 6.0,
        ("both", "dni", 0.5, 0.05): 5.4,
        ("both", "cdni", 0.01, 0.05): 6.0,
        ("both", "cdni", 0.01, 0.1): 6.0,
    }
    assert all(m.censored for m in exhibit.cut_off)
    networks = {(m.above, m.up_to): m.networks for m in exhibit.medians}
    assert networks[0, 0.05] == 4  # of 80 over (0, 1]
    assert networks[0.4, 0.6] == 16


def test_twelve_places_of_table_1_cannot_tell_their_rule_from_backprop():
    exhibit, near = load("table1"), Counter()
    for cell in expand(exhibit, "paper", seeds=1):
        other = exhibit.baseline_number(cell)
        assert (cell.rule == "backprop") == (other is None)
        fills = exhibit.fills_place(cell.dataset, cell.network, cell.rule, cell.sg_layers)
        if other is not None and fills and cell.rule in ("dni", "cdni"):
            off = abs(exhibit.number(cell).value - other.value)
            near[off <= exhibit.margin(cell.dataset, cell.rule) + 1e-9] += 1
    assert near == {True: 12, False: 12}


@pytest.mark.parametrize("scale", ["demo", "quick"])
def test_stages_without_m_have_the_delays_of_cdni_and_no_claims(scale):
    exhibit, delays = load("locking"), {}
    for cell in expand(exhibit, scale, seeds=1):
        if (cell.schedule, cell.straggler) == ("unlocked", 1):
            delays.setdefault(cell.hidden_units, {}).setdefault(cell.rule, set()).add(cell.delay)
    for by_rule in delays.values():
        assert by_rule["dfa"] == by_rule["local_pred"] == by_rule["cdni"]
    claimed = {side["rule"] for t in exhibit.claim_tests(scale) for side in [t.left]}
    assert claimed == {"backprop", "cdni"} | ({"dni"} if scale == "quick" else set())


def test_the_planned_spreads_of_dfa_are_the_papers_pooled():
    exhibit = load("dfa")
    for (_, _, rule, _), spread in exhibit.spreads.items():
        theirs = [n.deviation for place, n in exhibit.numbers.items() if place[4] == rule]
        assert len(theirs) == 5
        pooled = statistics.fmean(d * d for d in theirs) ** 0.5
        assert spread.deviation == pytest.approx(pooled, abs=0.0005)
    pooled = statistics.fmean(n.deviation**2 for n in exhibit.numbers.values()) ** 0.5
    assert exhibit.margin("mnist", "dfa") == pytest.approx(2.4 * pooled, abs=0.01)
