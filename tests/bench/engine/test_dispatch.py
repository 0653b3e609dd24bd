"""The engine in this process: jobs in order, and none lost whatever one of them does."""

import dataclasses
import time

import pytest
from reference.engine import cells, run, statuses
from reference.jobs import LookingJob, job_of, never, untimed
from reference.programs import random_data, tiny_cell
from sgbench.bench import registry
from sgbench.bench.engine import dispatch
from sgbench.bench.engine.dispatch import Stop
from sgbench.bench.errors import DataError, UsageError
from sgbench.bench.training import loop

RULE = """
from sgbench.bench.contract import Rule
RULE = Rule(
    name="mine", label="mine", sentence="none", color="#000000", families=("feedforward",),
    version=1, source="a test",
)


def step(network, x, labels):
    {}
"""


@pytest.fixture
def rule_that(tmp_path):
    """Return the job of a cell whose rule, from a file, does this in an update."""

    def make(does):
        file = tmp_path / "mine.py"
        file.write_text(RULE.format(does))
        registry.RULES.add_file(str(file), "--rule-file")
        return job_of(tiny_cell("mine"), external_files=registry.external_files())

    yield make
    registry.RULES.remove("mine")


class TestInline:
    @pytest.fixture(autouse=True)
    def small_data(self, monkeypatch):
        monkeypatch.setattr(loop, "_load", lambda dataset, data_dir, corpus: random_data())
        monkeypatch.setattr(loop, "POLL_SECONDS", 0.0)

    def test_in_order_each_as_if_alone(self):
        jobs = [job_of(cell) for cell in cells()]
        ended = run(jobs)
        assert list(ended) == [0, 1, 2, 3, 4]
        for index, job in enumerate(jobs):
            assert ended[index] == untimed(loop.train(job, never))

    def test_jobs_that_come_of_others_are_numbered_on(self):
        jobs, ended = [job_of(cell) for cell in cells(3, 4)], []

        def done(index, outcomes):
            ended.append((index, outcomes[0].status))
            return {0: jobs[2:3], 2: jobs[3:]}.get(index)

        dispatch.run(jobs[:2], 1, Stop(), done, lambda *_: None)
        assert ended == [(0, "ok"), (1, "ok"), (2, "ok"), (3, "ok")]

    def test_a_job_pauses_where_it_is_asked_to_and_goes_on(self, tmp_path):
        (cell,) = cells(8, 1)
        cell = dataclasses.replace(cell, evaluate_every=2)
        job = job_of(cell, checkpoint=str(tmp_path / "one.pt"))
        want = untimed(loop.train(job_of(cell), never))
        for at in (2, 2, 6):  # the second time it is there already
            (paused,) = run([dataclasses.replace(job, pause_at=at)])[0]
            assert (paused.status, paused.iterations_done) == ("partial", at)
            assert [point.iteration for point in paused.curve] == list(range(2, at + 1, 2))
        assert run([job])[0] == want
        assert run([dataclasses.replace(job_of(cell), pause_at=8)])[0] == want

    def test_nothing_to_do(self):
        assert run([]) == {}
        assert run([], workers=2) == {}

    def test_progress(self):
        heard = []
        run([job_of(cell) for cell in cells(3, 2)], progress=lambda *event: heard.append(event))
        assert [event[:2] for event in heard] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
        assert heard[0][2] is None
        assert all(event[2] is None or event[2]["iteration"] <= event[1] for event in heard)

    def test_what_a_rule_prints_goes_to_stderr_and_what_progress_prints_does_not(
        self, monkeypatch, capsys
    ):
        def talking(job, should_stop):
            print("rule")
            should_stop(0, None)
            print("rule again")
            return real(job, should_stop)

        real = loop.train
        monkeypatch.setattr(loop, "train", talking)
        run([job_of(*cells(1, 1))], progress=lambda *_: print("progress"))
        out, err = capsys.readouterr()
        assert set(out.split("\n")) == {"progress", ""}
        assert err == "rule\nrule again\n"

    @pytest.mark.parametrize("error", [RuntimeError("a\n  b"), ZeroDivisionError(), MemoryError()])
    def test_a_program_that_raises_has_failed_and_the_others_go_on(self, monkeypatch, error):
        real, jobs = loop.train, [job_of(cell) for cell in cells(count=3)]

        def broken(job, should_stop):
            if job is jobs[1]:
                raise error
            return real(job, should_stop)

        monkeypatch.setattr(loop, "train", broken)
        ended = run(jobs)
        assert statuses(ended) == {0: "ok", 1: "failed", 2: "ok"}
        message = ended[1][0].error
        assert message.startswith(type(error).__name__)
        assert "\n" not in message

    def test_every_replica_of_a_program_that_raises_has_failed(self):
        pair = [tiny_cell("dni", seed=seed) for seed in (1, 2)]
        ended = run([job_of(*pair, kind=LookingJob)])
        assert [outcome.status for outcome in ended[0]] == ["failed", "failed"]

    @pytest.mark.parametrize("error", [DataError, UsageError])
    def test_what_the_user_is_to_mend_ends_the_run(self, error):
        jobs = [job_of(cell) for cell in cells(count=3)]
        jobs[1] = job_of(*jobs[1].cells, kind=LookingJob, error=error)
        ended = {}
        with pytest.raises(error):
            dispatch.run(jobs, 1, Stop(), ended.__setitem__, lambda *_: None)
        assert list(ended) == [0]

    def test_what_the_caller_raises_is_no_failed_program(self):
        def full(index, outcomes):
            raise OSError("disk full")

        with pytest.raises(OSError, match="disk full"):
            dispatch.run(
                [job_of(cell) for cell in cells(count=2)], 1, Stop(), full, lambda *_: None
            )

    def test_a_rule_that_ends_the_process_is_a_failed_program(self, rule_that):
        (failed,) = run([rule_that("raise SystemExit(3)")])[0]
        assert failed.status == "failed"
        assert "SystemExit: 3" in failed.error

    @pytest.mark.parametrize("end", ["raise ValueError", "raise SystemExit"])
    def test_a_failed_program_tells_the_updates_that_it_made(self, rule_that, end):
        """Two steps are done and the third raises; the network has no other count of them."""
        steps = "network.seen = getattr(network, 'seen', 0) + 1"
        job = rule_that(f"{steps}\n    if network.seen == 3: {end}")
        (failed,) = run([job])[0]
        assert (failed.status, failed.iterations_done) == ("failed", 2)

    def test_a_program_that_never_began_made_no_updates(self, monkeypatch):
        def load(dataset, data_dir, corpus):
            raise ValueError("no such thing")

        monkeypatch.setattr(loop, "_load", load)
        (failed,) = run([job_of(*cells(3, 1))])[0]
        assert (failed.status, failed.iterations_done) == ("failed", 0)

    def test_an_error_in_a_file_of_the_users_is_told_with_its_line(self, rule_that):
        (failed,) = run([rule_that("x.no_such_thing()")])[0]
        assert failed.error.startswith("mine.py line ")
        assert "x.no_such_thing()" in failed.error
        assert "AttributeError" in failed.error
        assert "\n" not in failed.error

    def test_what_a_rule_prints_is_no_result(self, rule_that, capsys):
        run([rule_that("print('hello')")])
        out, err = capsys.readouterr()
        assert out == ""
        assert "hello" in err

    def test_an_interrupt_is_no_failed_program(self):
        def interrupt(*event):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run([job_of(cell) for cell in cells()], progress=interrupt)

    def test_a_deadline_that_has_passed(self):
        assert run([job_of(cell) for cell in cells()], stop=Stop(deadline=time.time() - 1)) == {}

    def test_a_stop_file_ends_the_running_program_and_begins_no_other(self, tmp_path):
        file = tmp_path / "stop"
        paths = (str(tmp_path / f"{number}.pt") for number in range(5))
        jobs = [job_of(cell, checkpoint=path) for cell, path in zip(cells(), paths, strict=True)]

        def progress(index, iteration, point):
            if (index, iteration) == (1, 5):
                file.touch()

        ended = run(jobs, stop=Stop(file=str(file)), progress=progress)
        assert statuses(ended) == {0: "ok", 1: "timeout"}
        assert ended[1][0].iterations_done == 5
        file.unlink()
        assert run(jobs[1:2])[0] == run([job_of(*jobs[1].cells)])[0]

    def test_when_a_stop_is_asked(self, tmp_path):
        file = tmp_path / "stop"
        assert not Stop().asked()
        assert not Stop(file=str(file), deadline=time.time() + 60).asked()
        assert Stop(file=str(file), deadline=time.time() - 60).asked()
        file.touch()
        assert Stop(file=str(file)).asked()
        assert Stop(file=str(file), deadline=time.time() + 60).asked()
