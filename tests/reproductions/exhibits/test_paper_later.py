"""The exhibits of papers that came after: their numbers and protocols, written here once more."""

import pytest
from sgbench.reproductions.exhibits.exhibit import expand, load, names

LOCAL, DFA = load("local_loss"), load("dfa")
LOCAL_RULES = ("backprop", "local_pred", "local_sim", "local_predsim")

# Mean and standard deviation, by hidden layers and units: backprop, FA, DFA.
PRINTED = {
    (1, 800): ((1.59, 0.04), (1.68, 0.05), (1.68, 0.05)),
    (2, 800): ((1.60, 0.06), (1.64, 0.03), (1.74, 0.08)),
    (3, 800): ((1.75, 0.05), (1.66, 0.09), (1.70, 0.04)),
    (4, 800): ((1.92, 0.11), (1.70, 0.04), (1.83, 0.07)),
    (7, 240): ((2.16, 0.13), (2.20, 0.13), (2.32, 0.15)),
}


def test_the_exhibits_of_other_papers_are_these():
    papers = {name: load(name).other_paper for name in names() if load(name).other_paper}
    assert papers == {"local_loss": "Nøkland & Eidnes 2019", "dfa": "Nøkland 2016"}
    assert load("beyond").paper == "none"  # nor is it of the paper on synthetic gradients


def test_the_numbers_of_local_losses():
    for rule, value in zip(LOCAL_RULES, (0.75, 0.68, 0.80, 0.62), strict=True):
        number = LOCAL.numbers["mnist", "fcn", 4, None, rule, None]
        assert (number.value, number.grade, number.deviation) == (value, "A", None)
    assert len(LOCAL.numbers) == 4


def test_the_protocol_of_local_losses():
    cells = expand(LOCAL, "paper")
    assert len(cells) == 4 * 5
    for cell in cells:
        assert (cell.dataset, cell.depth, cell.hidden_units, cell.split) == (
            *("mnist", 4, 1024, "test"),
        )
        assert (cell.batch_size, cell.last_batch) == (128, "smaller")
        assert (cell.iterations, cell.evaluate_every) == (100 * 469, 469)
        assert [d * cell.iterations / 469 for d in cell.drops] == pytest.approx([50, 75, 89, 94])
        assert (cell.learning_rate, cell.drop_factor) == (5e-4, 0.25)
        assert cell.chosen("optimizer") == "adam"
        assert cell.chosen("loss_function") == "softmax"
        assert (cell.dropout, cell.jitter, cell.input_norm) == (0.1, 2, "standard")
        assert (cell.chosen("norm"), cell.chosen("flip")) == ("batch", "none")
        sims = cell.rule in ("local_sim", "local_predsim")
        assert cell.chosen("activation") == ("leaky_relu" if sims else "relu")
        local = cell.rule != "backprop"
        assert cell.chosen("zero_init") == ("classifier" if local else "none")


def test_the_numbers_of_direct_feedback_alignment():
    for (hidden, _), row in PRINTED.items():
        for rule, (mean, deviation) in zip(("backprop", "fa", "dfa"), row, strict=True):
            number = DFA.numbers["mnist", "fcn", hidden + 1, None, rule, None]
            assert (number.value, number.deviation, number.runs) == (mean, deviation, None)
            assert number.grade == "R"
    assert len(DFA.numbers) == 15


def test_the_protocol_of_direct_feedback_alignment():
    cells = expand(DFA, "paper")
    assert len(cells) == 15 * 5
    assert {(c.depth - 1, c.hidden_units) for c in cells} == set(PRINTED)
    for cell in cells:
        assert (cell.dataset, cell.split) == ("mnist", "test")
        assert (cell.batch_size, cell.last_batch) == (64, "smaller")
        assert (cell.iterations, cell.evaluate_every) == (300 * 938, 938)
        assert (cell.learning_rate, cell.drops, cell.optimizer) == (1e-4, (), "rmsprop")
        assert (cell.activation, cell.norm, cell.loss_function) == ("tanh", "none", "sigmoid")
        assert (cell.dropout, cell.jitter, cell.input_norm) == (None, None, None)
        zero = {"backprop": "none", "fa": "all_but_first", "dfa": "all"}[cell.rule]
        assert cell.chosen("zero_init") == zero


@pytest.mark.parametrize("exhibit", [LOCAL, DFA], ids=lambda exhibit: exhibit.name)
def test_quick_is_the_papers_protocol_but_for_a_tenth_of_its_epochs(exhibit):
    tenth = {}
    for cell in expand(exhibit, "paper", seeds=3):
        tenth[cell.replace(iterations=cell.iterations // 10)] = cell
    quick = expand(exhibit, "quick")
    assert set(quick) <= set(tenth)
    assert len(quick) == {"local_loss": 12, "dfa": 27}[exhibit.name]
    if exhibit is DFA:
        assert {(c.depth - 1, c.hidden_units) for c in quick} == {(2, 800), (3, 800), (7, 240)}
