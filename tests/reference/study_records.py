"""A made-up study of two arms, whose trials are as good as their rate is near to 2e-3."""

import math

from sgbench.reproductions.tuning.candidates import fresh_cells, trial_cells
from sgbench.reproductions.tuning.study_options import arms_of_study
from sgbench.results.store.study import Study

RATES = (1e-4, 3e-4, 1e-3, 2e-3, 1e-2, 4e-3, 5e-4, 7e-3)


def declared(**changes):
    values = {
        "name": "made-up", "exhibit": "table1", "scale": "demo",
        "where": "rule=backprop,cdni,network=fcn,depth=4", "set": ["sg_scale=10"],
        "space": {"learning_rate": "1e-05:0.01:log", "sg_layers": "0:2"}, "trials": len(RATES),
        "seeds": 2, "fresh": 3, "sampler": "tpe", "pruner": "none",
    }  # fmt: skip
    study = Study(**(values | changes))
    for arm in arms_of_study(study):
        for n, rate in enumerate(RATES):
            params = {"learning_rate": rate}
            if arm.label == "cdni":
                params["sg_layers"] = n % 3
            study = study.asking(arm.label, params)
    return study


def error_of(cell):
    """Best at 2e-3; a hidden layer more of M is little."""
    return 2 + abs(math.log10(cell.learning_rate / 2e-3)) + 0.02 * (cell.sg_layers or 0)


def records_of(study, make):
    """The records of its trials, of the winners and of the untuned protocol."""
    found = []
    for arm in arms_of_study(study):
        for n, params in enumerate(study.asked[arm.label]):
            for cell in trial_cells(study, arm, params):
                status = {6: "pruned", 7: "diverged"}.get(n, "ok")
                found.append(make.record(cell, error_of(cell) + cell.seed / 10, status=status))
        best = {"learning_rate": 2e-3} | ({"sg_layers": 0} if arm.label == "cdni" else {})
        for params, worse in ((best, 0.0), (None, 1.5)):
            found += [
                make.record(cell, 2.0 + worse + cell.seed / 10 * (1 + worse / 10))
                for cell in fresh_cells(study, arm, params)
            ]
    return found
