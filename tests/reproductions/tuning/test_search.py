"""A batch of trials: the programs of its cells, and where it is judged next."""

from sgbench.reproductions.exhibits import exhibit as exhibits
from sgbench.reproductions.running.plan import make_plan
from sgbench.reproductions.tuning.optuna_adapter import Optimizer
from sgbench.reproductions.tuning.search import Search, TrialBatch
from sgbench.reproductions.tuning.study_options import arms_of_study, declare


def test_a_batch_is_judged_at_its_next_rung_and_at_the_end(asked):
    study, _ = declare(asked())
    (arm,) = arms_of_study(study)
    cells = exhibits.expand(arm.exhibit, study.scale, {}, 2)
    batch = TrialBatch(
        search=Search(arm, Optimizer(study, arm)),
        numbers=(0,),
        plan=make_plan(cells, (), machine=None),
        pruning_iterations=(2, 6),
    )
    assert batch.pause_at == 2
    batch.pruning_iterations = batch.pruning_iterations[2:]
    assert batch.pause_at is None
    programs = [batch.cells(program) for program in range(len(batch.plan.programs))]
    assert [cell for some in programs for cell in some] == cells
