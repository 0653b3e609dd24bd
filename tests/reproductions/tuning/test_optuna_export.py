"""A study as an Optuna storage, and the importances that Optuna computes."""

from datetime import datetime

import pytest
from sgbench.bench.errors import UsageError
from sgbench.reproductions.tuning.optuna_export import export, importances
from sgbench.reproductions.tuning.study_options import arms_of_study


def test_importances_and_the_exported_storage(tuned, tmp_path):
    import optuna

    study, _, heard = tuned(trials=10, seeds=1, pruner="none")
    (arm,) = arms_of_study(study)
    trials = [trial for _, trial, _ in heard.trials]
    found = importances(arm, trials)
    assert set(found) == {"fANOVA", "MDI"}
    for shares in found.values():
        assert set(shares) == {"learning_rate", "sg_layers"}  # sg_units: not of all trials
        assert sum(shares.values()) == pytest.approx(1)
    assert importances(arm, trials[:3]) == {}
    for name in ("study.db", "study.log"):
        export(study, [(arm, trials)], tmp_path / name)
        storage = f"sqlite:///{tmp_path / name}"
        if name.endswith(".log"):
            file = optuna.storages.journal.JournalFileBackend(str(tmp_path / name))
            storage = optuna.storages.JournalStorage(file)
        read = optuna.load_study(study_name="s/dni", storage=storage)
        assert [t.user_attrs["choice"] for t in read.trials] == study.asked["dni"]
        assert [t.params for t in read.trials[1:]] == study.asked["dni"][1:]
        assert read.trials[0].params == {}  # the untuned protocol, which is outside the space
        assert [t.value for t in read.trials] == [t.value for t in trials]
        assert read.trials[0].intermediate_values == dict(trials[0].points)
        for optunas, trial in zip(read.trials, trials, strict=True):
            seconds = [r.train_seconds + r.evaluation_seconds for r in trial.records]
            assert optunas.duration.total_seconds() >= max(seconds) - 1e-5 > 0
            ended = [datetime.fromisoformat(record.finished) for record in trial.records]
            assert optunas.datetime_complete.astimezone() == max(ended)
        with pytest.raises(UsageError, match=r"--export .*exists"):
            export(study, [(arm, trials)], tmp_path / name)
    with pytest.raises(UsageError, match=r"--export .*cannot be written"):
        export(study, [(arm, trials)], tmp_path / "no" / "where.db")
