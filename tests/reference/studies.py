"""What tests of studies share: a small study, who listens to it, and the states of its trials."""

from sgbench.results.store.study import Study

SMALL = ("iterations=18", "evaluate_every=2", "hidden_units=8", "batch_size=16")
SPACE = ("learning_rate=1e-5:0.1:log", "sg_layers=0:1", "sg_units=4,8")
WHERE = ("rule=dni,network=fcn,depth=3",)


class StudyListener:
    """Takes down what it hears."""

    def __init__(self, **on):
        self.trials, self.retrained, self.begun, self.on = [], [], None, on

    def begins(self, study, arms, there, workers):
        self.begun = (there, workers)

    def ended(self, arm, trial, leading):
        self.trials.append((arm.label, trial, leading))
        self.on.get("ended", lambda *_: None)(arm, trial)

    def retraining(self, arm, trial):
        self.retrained.append((arm.label, trial.number))
        self.on.get("retraining", lambda *_: None)()

    def stopping(self, number):
        pass


def states(heard):
    return [trial.state for _, trial, _ in heard.trials]


def study(**fields):
    """Return a study of Table 1, as a test wants it."""
    values = {
        "name": "s", "exhibit": "table1", "scale": "demo", "where": "", "set": [], "space": {},
        "trials": 1, "seeds": 2, "fresh": 2, "sampler": "tpe", "pruner": "none",
    }  # fmt: skip
    return Study(**(values | fields))
