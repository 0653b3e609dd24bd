"""Studies as options declare them, and as --resume finds them."""

import dataclasses

import pytest
from sgbench.bench.errors import UsageError
from sgbench.reproductions.tuning.study_options import StudyOptions, declare, resume_study


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"trials": 0}, "--trials 0 must be between 1"),
        ({"seeds": 0}, "--seeds 0 must be between 1"),
        ({"fresh": 0}, "--fresh 0 must be between 1"),
        ({"sampler": "tpa"}, "did you mean 'tpe'"),
        ({"pruner": "hyper"}, "--pruner 'hyper'"),
        ({"where": ("rule=dni,network=fcn,depth=3,sg_layers=1",)}, "--where fixes sg_layers"),
        ({"set": ("learning_rate=0.1",)}, "--set fixes learning_rate"),
        ({"where": ("seed=0",)}, "--where seed"),
        ({"set": ("split=test",)}, "--set split"),
        ({"study": "a/b"}, "--study 'a/b'"),
        ({"scale": "pepar"}, "did you mean 'paper'"),
        ({"exhibit": "tabel1"}, "did you mean 'table1'"),
        ({"space": ("T=1:5",)}, "none of T applies"),
        ({"set": ("si_units=4",)}, "--set si_units applies to no cell"),
    ],
)
def test_a_declaration_that_does_not_fit(asked, changes, words):
    with pytest.raises(UsageError, match=words):
        declare(asked(**changes))


def test_the_exhibits_own_space_less_what_is_fixed(asked):
    study, notes = declare(
        asked(space=(), where=("rule=dni,network=fcn,depth=3,sg_layers=1",), study=None)
    )
    assert list(study.space) == ["learning_rate", "sg_units", "sg_scale"]
    assert notes == ["sg_layers is not searched: --where fixes it"]
    assert study.name == "table1-demo-dni-digits-fcn-3"


class TestResume:
    def test_needs_nothing_but_the_name(self, tuned, asked):
        study, store, _ = tuned()
        assert resume_study(store, StudyOptions(exhibit="table1", study="s")) == study
        more = resume_study(store, StudyOptions(exhibit="table1", study="s", trials=99))
        assert more == dataclasses.replace(study, trials=99)

    def test_refuses_what_differs(self, tuned):
        _, store, _ = tuned()
        with pytest.raises(UsageError, match=r"seeds is 2 there, not 5.*--study"):
            resume_study(store, StudyOptions(exhibit="table1", study="s", seeds=5))
        with pytest.raises(UsageError, match="no such study"):
            resume_study(store, StudyOptions(exhibit="table1", study="t"))

    def test_another_declaration_is_another_study(self, tuned):
        tuned()
        with pytest.raises(UsageError, match=r"study s .*seeds is 2 there, not 1"):
            tuned(seeds=1)
