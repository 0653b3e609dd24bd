"""What came of trials, from records alone, and a lost study made again from them."""

import dataclasses

from reference.studies import SMALL
from sgbench.reproductions.tuning.candidates import trial_cells
from sgbench.reproductions.tuning.study_options import declare, loaded, opened
from sgbench.reproductions.tuning.trials import RecordIndex, derive, rebuilt
from sgbench.results.store import study as studies


def test_the_file_is_made_again_from_the_records(tuned, asked):
    study, store, heard = tuned()
    studies.study_path(store, "s").write_bytes(b"torn")
    again = opened(store, declare(asked())[0], rebuild=True)
    assert sorted(map(str, again.asked["dni"])) == sorted(map(str, study.asked["dni"]))
    studies.study_path(store, "s").unlink()
    assert opened(store, declare(asked())[0], rebuild=True) == again
    studies.save(store, again)
    (arm,) = loaded(again)
    known = RecordIndex(store.scan())
    found = {
        derive(n, params, trial_cells(again, arm, params), known).value
        for n, params in enumerate(again.asked["dni"])
    }
    assert found == {trial.value for _, trial, _ in heard.trials}


def test_records_of_another_protocol_are_no_trials(tuned, asked):
    _, store, _ = tuned()
    other = declare(asked(set=("iterations=20", *SMALL[1:])))[0]
    assert opened(store, dataclasses.replace(other, name="o"), rebuild=True).asked == {"dni": []}


def test_the_protocol_as_it_is_comes_first_again(tuned, asked):
    """As in a study that was begun, even where it is outside the space or its records are lost."""
    study, store, heard = tuned()
    own = study.asked["dni"][0]
    assert own["sg_units"] == 128  # the space has 4 and 8
    studies.study_path(store, "s").unlink()
    (declared, _) = declare(asked())
    assert opened(store, declared, rebuild=True).asked["dni"][0] == own
    (arm,) = loaded(study)
    records = [r for r in store.scan() if r.id not in {x.id for x in heard.trials[0][1].records}]
    assert rebuilt(dataclasses.replace(declared, trials=6), [arm], records).asked["dni"][0] == own
    without = rebuilt(dataclasses.replace(declared, trials=5), [arm], records).asked["dni"]
    assert own not in without  # all trials of an earlier sgbench are there: none is added
    assert len(without) == 5
