"""The figures of a study, from made-up records."""

import math

import pytest
from sgbench.reports.analysis.study_results import study_results
from sgbench.reports.figures.drawing import style
from sgbench.reports.figures.titles import tuning as titles
from sgbench.reports.figures.tuning import _budget, _Frame, drawn
from sgbench.reproductions.tuning.candidates import trial_cells
from sgbench.reproductions.tuning.study_options import arms_of_study
from sgbench.results.store.study import Study

RATES = (1e-4, 3e-4, 1e-3, 2e-3, 1e-2, 4e-3)
STATES = {4: "pruned", 5: "diverged"}


def studied(make, space, trials):
    """The results of a study of backprop and cDNI with these trials."""
    study = Study(
        name="made-up", exhibit="table1", scale="demo",
        where="rule=backprop,cdni,network=fcn,depth=4", set=["sg_scale=10"], space=space,
        trials=len(RATES), seeds=1, fresh=2, sampler="tpe", pruner="none",
    )  # fmt: skip
    arms = arms_of_study(study)
    records = []
    for arm in arms:
        for n in range(trials):
            params = {"learning_rate": RATES[n]}
            if "sg_layers" in space and "sg_layers" not in arm.dropped:
                params["sg_layers"] = n % 3
            study = study.asking(arm.label, params)
            for cell in trial_cells(study, arm, params):
                error = 2 + abs(math.log10(cell.learning_rate / 2e-3)) + cell.seed / 10
                records.append(make.record(cell, error, status=STATES.get(n, "ok")))
    return study_results(study, records, importance=trials > 5)


RATE = {"learning_rate": "1e-05:0.01:log"}


def test_each_figure_has_a_name_a_title_and_a_file_of_each_format(make):
    results = studied(make, RATE | {"sg_layers": "0:2"}, 6)
    found = drawn(results, ("png", "svg"))
    assert [name for name, _, _ in found] == ["history", "budget", "slices", "importance"]
    for _, title, files in found:
        assert "error" in title.lower()
        assert list(files) == ["png", "svg"]
        assert files["png"].startswith(b"\x89PNG")
    assert drawn(results, ("svg",)) == [
        (name, title, {"svg": files["svg"]}) for name, title, files in found
    ]


@pytest.mark.parametrize(("trials", "names"), [(0, []), (1, ["history", "budget", "slices"])])
def test_a_study_that_has_just_begun_has_what_there_is(make, trials, names, recwarn):
    found = drawn(studied(make, RATE, trials), ("svg",))
    assert [name for name, _, _ in found] == names
    assert not [str(warning.message) for warning in recwarn]


@pytest.mark.parametrize("space", ["64,256", "200:900"], ids=["choices", "range"])
def test_the_untuned_protocol_may_lie_beside_the_space(make, space):
    study = Study(
        name="made-up", exhibit="table1", scale="demo",
        where="rule=cdni,network=fcn,depth=4,sg_layers=1", set=[], space={"sg_units": space},
        trials=2, seeds=1, fresh=2, sampler="random", pruner="none",
    )  # fmt: skip
    (arm,) = arms_of_study(study)
    records = []
    for units in (128, 256):  # the untuned protocol's, and one of the space
        study = study.asking(arm.label, {"sg_units": units})
        cells = trial_cells(study, arm, {"sg_units": units})
        records += [make.record(cell, 2 + units / 1000) for cell in cells]
    found = drawn(study_results(study, records), ("svg",))
    (slices,) = (files["svg"].decode() for name, _, files in found if name == "slices")
    assert "128" in slices or space == "200:900"


def test_the_default_protocol_is_a_line_for_each_arm(study, records):
    results = study_results(study, records)
    with style.style():
        figure = _budget(results, _Frame("title", style.SCREEN))
    (axes,) = figure.axes
    across = [one for one in axes.lines if len(set(one.get_ydata())) == 1]
    expected = [titles.default(arm)[0] for arm in results.arms]
    assert [one.get_ydata()[0] for one in across] == pytest.approx(expected)
    texts = [text.get_text() for text in axes.get_legend().get_texts()]
    default = "default (test error)"  # on seeds that no trial had
    assert texts == ["bprop", f"bprop, {default}", "cDNI", f"cDNI, {default}"]


def test_for_a_paper_a_figure_is_a_column_without_words_around_it(study, records):
    results = study_results(study, records)
    frame = _Frame("title", style.SHEETS["paper"])
    with style.style(frame.sheet):
        figure = _budget(results, frame)
    assert figure.get_figwidth() == frame.sheet.width
    assert not figure.get_suptitle()
    assert "Dotted" in frame.note
