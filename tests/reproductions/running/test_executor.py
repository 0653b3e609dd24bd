"""The executor of this machine: its class, its jobs, and what is refused before training."""

import pytest
from sgbench.bench import processor, registry
from sgbench.bench.errors import DataError, UsageError
from sgbench.reproductions.running.backend import known_class
from sgbench.reproductions.running.executor import (
    EMULATED,
    NOT_SHOWN,
    executor_of,
)
from sgbench.reproductions.running.request import plan_of, wanted_cells


@pytest.fixture
def executor(request_of):
    """Make an executor and the plan of a request; what it says is in `said`."""

    def make(**changes):
        request, said = request_of(**changes), []
        with executor_of(request, said.append) as found:
            plan = plan_of(request, wanted_cells(request), [], found.classes(), found.device)
            return found, plan, said

    return make


def test_the_class_is_known_once_the_back_end_is_chosen(executor):
    found, _, _ = executor()
    before = found.classes()
    found.prepare()
    assert found.classes() != before
    assert found.classes(["float32"]) == {known_class(found.request.store, "cpu")}


def test_a_job_has_the_cells_of_its_program_and_the_chosen_back_end(executor):
    found, plan, _ = executor()
    found.prepare()
    jobs = found.jobs(plan)
    assert [job.ids for job in jobs] == [(plan.cells[p[0]].id,) for p in plan.programs]
    assert {job.matmul for job in jobs} == {found.backend[0]}
    assert {(job.threads, job.device) for job in jobs} == {(1, "cpu")}
    assert len({file for job in jobs for file in job.checkpoints}) == len(jobs)


def test_jobs_carry_the_files_of_rules_that_were_brought(executor, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        "from sgbench.bench.contract import Rule\n"
        "from sgbench.bench.rules.backprop import step\n"
        "RULE = Rule(name='mine', label='Mine', sentence='as backprop', color='#123456',"
        " families=('feedforward',), version=1, source='a test')\n"
    )
    registry.RULES.add_file(str(path), "--rule-file")
    try:
        found, plan, _ = executor(where=("network=fcn,depth=3,rule=backprop,mine",))
        jobs = found.jobs(plan)
    finally:
        registry.RULES.remove("mine")
    assert {cell.rule for job in jobs for cell in job.cells} == {"backprop", "mine"}
    assert {tuple(source.name for source in job.external_files) for job in jobs} == {("mine",)}
    assert jobs[0].external_files[0].text == path.read_text()


def test_data_is_needed_once_for_all_cells(executor):
    _, plan, _ = executor()
    assert plan.needed_data() == (("digits", None),)


def test_missing_data_is_one_error(executor, tmp_path):
    where = ("dataset=mnist,network=fcn,depth=3,rule=backprop",)
    found, plan, _ = executor(scale="quick", where=where, data_dir=str(tmp_path))
    with pytest.raises((DataError, UsageError), match="mnist"):
        found.check_data(plan)


def test_emulated_products_are_told_of(executor, monkeypatch):
    monkeypatch.setattr(processor, "bfloat16", lambda: None)
    found, plan, said = executor(set=("precision=bf16", "iterations=9", "evaluate_every=4"))
    found.check_data(plan)
    assert said[0] == EMULATED


@pytest.mark.parametrize(
    ("rule", "told"), [("backprop", []), ("cdni", []), ("dni", []), ("top_only", [NOT_SHOWN])]
)
def test_bfloat16_is_told_of_where_nothing_is_shown_for_the_rule(executor, monkeypatch, rule, told):
    monkeypatch.setattr(processor, "bfloat16", lambda: "amx_bf16")
    linear = ",sg_layers=0" if rule in ("dni", "cdni") else ""
    where = (f"network=fcn,depth=3,rule={rule}{linear}",)
    found, plan, said = executor(set=("precision=bf16",), where=where)
    found.check_data(plan)
    assert said == told


def test_a_refused_job_has_a_failed_outcome_a_cell(executor):
    found, plan, _ = executor()
    found.prepare()
    outcomes = found.refused(found.jobs(plan)[0], "MemoryError: too large")
    assert [(o.status, o.error) for o in outcomes] == [("failed", "MemoryError: too large")]


def test_no_such_device(request_of):
    with pytest.raises(UsageError, match="--device"), executor_of(request_of(device="tpu"), print):
        pass
