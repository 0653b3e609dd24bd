"""Declares and runs small studies."""

import pytest
from reference.studies import SMALL, SPACE, WHERE, StudyListener
from sgbench.reproductions.tuning.search import RunOptions
from sgbench.reproductions.tuning.study_options import StudyOptions, declare, open_study
from sgbench.reproductions.tuning.tune import tune
from sgbench.results.store import study as studies
from sgbench.results.store.store import Store


@pytest.fixture
def asked():
    def make(**changes):
        values = {
            "exhibit": "table1", "where": WHERE, "set": SMALL, "space": SPACE, "trials": 6,
            "seeds": 2, "fresh": 2, "study": "s",
        }  # fmt: skip
        return StudyOptions(**(values | changes))

    return make


@pytest.fixture
def tuned(tmp_path, asked):
    """Tune in the store of a name; returns the study, its store and what was heard."""

    def go(store="store", listener=None, options=None, **changes):
        source, heard = Store(tmp_path / store), listener or StudyListener()
        study = open_study(source, declare(asked(**changes))[0])
        given = {"store": source, "device": "cpu", "jobs": 1} | (options or {})
        heard.summary = tune(study, RunOptions(**given), heard)
        return studies.load(source, study.name), source, heard

    return go
