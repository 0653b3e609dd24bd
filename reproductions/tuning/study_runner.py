"""The tuner: the state of a running study, and which jobs come next.

A trial is judged when all of its seeds have reached a pruning iteration, where its jobs pause:
they continue from their checkpoints, or the trial is given up and its records say so.
"""

import dataclasses
from collections import deque
from collections.abc import Sequence
from typing import Any

from ...bench import datasets, hardware
from ...bench.cell import Cell
from ...bench.errors import UsageError
from ...bench.outcome import UNFINISHED, Outcome
from ...bench.profiling import memory_estimate
from ...results import provenance
from ...results.store import study as studies
from ...results.store.study import Study
from ..exhibits.space import largest
from ..running.backend import choose_backend
from ..running.executor import check_data, job_of
from ..running.memory_fit import fit_per_worker, workers_for
from ..running.plan import Plan, make_plan
from ..running.request import RunRequest, stacks
from ..running.run import store_outcome
from .candidates import fresh_cells, trial_cells
from .optuna_adapter import Optimizer
from .search import RunOptions, Search, StudyListener, TrialBatch
from .study_options import arms_of_study
from .trials import RecordIndex, Trial, best, derive

AT_ONCE = 8  # trials that are asked for together where they can be one program


class Tuner:
    """Gives the engine its jobs and takes their outcomes."""

    def __init__(self, study: Study, options: RunOptions, listener: StudyListener) -> None:
        self.study, self.options, self.listener = study, options, listener
        self.arms = arms_of_study(study)
        self._saved = study.asked
        self.device = hardware.resolve_device(options.device)
        self.stack = stacks(self.device)
        sources = {(arm.cell.dataset, arm.cell.corpus) for arm in self.arms}
        hashes = {s: datasets.data_hash(s[0], options.data_dir, corpus=s[1]) for s in sources}
        self.records = RecordIndex(options.store.scan(), hashes)
        self.stop: Any = None
        self.workers, self._jobs_running = 1, 0
        self._entries: list[tuple[TrialBatch, int]] = []  # by the engine's number of a job
        self._ready: deque[TrialBatch] = deque()
        self._searches = [Search(arm, Optimizer(study, arm)) for arm in self.arms]
        for search in self._searches:
            self._resume(search)
        self.trials_done = sum(t.state != "open" for s in self._searches for t in s.trials)

    def _resume(self, search: Search) -> None:
        """Continue the trials of earlier runs."""
        for number, params in enumerate(self.study.asked.get(search.arm.label, ())):
            cells = trial_cells(self.study, search.arm, params)
            trial = derive(number, params, cells, self.records)
            if trial.state in self.options.retry:
                self.records.forget(cells)
                trial = derive(number, params, cells, self.records)
            search.optimizer.replay(trial)
            search.trials.append(trial)
        live = [trial for trial in search.trials if trial.state == "open"]
        for some in [live] if self.stack and live else [[trial] for trial in live]:
            self._ready.append(self._batch(search, some))
        self._retrain_winner(search)

    @property
    def finished(self) -> bool:
        """Whether every trial has ended and every winner has been retrained."""
        return (
            not self._ready and not self._jobs_running and all(s.retrained for s in self._searches)
        )

    def prepare(self) -> None:
        """Check the data, the memory and the machine before anything is trained."""
        cells = [arm.cell for arm in self.arms]
        most = [trial_cells(self.study, arm, largest(arm.space, arm.cell))[0] for arm in self.arms]
        self.options.store.warnings += provenance.warnings()
        data_dir = self.options.data_dir
        check_data(self._request(), make_plan(cells, (), machine=None, data_dir=data_dir))
        missing = sum(self.study.trials - len(s.trials) for s in self._searches)
        ready = sum(len(batch.plan.programs) for batch in self._ready)
        total = missing * self.study.seeds + ready + self.study.fresh
        asked = self.options.jobs or (None if self.device == "cpu" else 1)
        self.workers = workers_for(asked, self.device, total)
        plan = make_plan([*cells, *most], (), machine=None, data_dir=data_dir)
        fit = fit_per_worker(plan, self.workers, memory_estimate.free(self.device))
        if fit.too_large:
            raise UsageError(f"--space: the largest cell: {next(iter(fit.too_large.values()))}")
        self.backend = choose_backend(self.options.store, self.device)
        self._save()

    def _request(self, own: bool = False) -> RunRequest:
        """Return the request that records are made under; `own`: of the unchanged protocol."""
        return RunRequest(
            exhibit=self.study.exhibit,
            scale=self.study.scale,
            set=() if own else ("split=validation",),  # then the scale's label is `custom`
            store=self.options.store,
            data_dir=self.options.data_dir,
        )

    def fill(self) -> list[Any]:
        """Return jobs for the idle workers."""
        jobs: list[Any] = []
        while self._jobs_running < self.workers:
            if not self._ready and not self._ask():
                break
            if self._ready:
                jobs += self._launch(self._ready.popleft())
        return jobs

    def _ask(self) -> bool:
        """Ask for a trial, or for several that can be one program; False where none is left."""
        for search in self._searches:
            left = self.study.trials - len(search.trials)
            if left > 0:
                some = [self._asked(search) for _ in range(min(left, AT_ONCE if self.stack else 1))]
                self._save()
                self._ready.append(self._batch(search, some))
                return True
        return False

    def _asked(self, search: Search) -> Trial:
        number = len(search.trials)
        params = search.optimizer.ask(number)
        self.study = self.study.asking(search.arm.label, params)
        cells = trial_cells(self.study, search.arm, params)
        trial = derive(number, params, cells, self.records)
        search.trials.append(trial)
        return trial

    def _save(self) -> None:
        """Write the study's file durably, before the trials in it are trained."""
        store, name = self.options.store, self.study.name
        there = studies.load(store, name).asked if name in studies.names(store) else self._saved
        if there != self._saved:
            raise UsageError(
                f"study {name} was changed meanwhile by another sgbench tune: wait for that one to"
                " end, or give another name by --study"
            )
        studies.save(store, self.study)
        self._saved = self.study.asked

    def _batch(self, search: Search, trials: Sequence[Trial]) -> TrialBatch:
        cells = [
            cell for trial in trials for cell in trial_cells(self.study, search.arm, trial.params)
        ]
        return TrialBatch(
            search=search,
            numbers=tuple(trial.number for trial in trials),
            plan=self._plan(cells),
            pruning_iterations=search.optimizer.pruning_iterations,
        )

    def _plan(self, cells: Sequence[Cell]) -> Plan:
        cells = list({cell.key: cell for cell in cells}.values())
        return make_plan(
            cells,
            self.records.records_of(cells),
            machine=None,
            data_dir=self.options.data_dir,
            stack=self.stack,
        )

    def _launch(self, batch: TrialBatch) -> list[Any]:
        """Return the jobs that take a batch to its next judgement; where none do, judge it."""
        at, jobs = batch.pause_at, list[Any]()
        for program_index, indices in enumerate(batch.plan.programs):
            if not self.records.reached(batch.cells(program_index), at):
                job = job_of(self._request(), batch.plan, indices, self.device, self.backend)
                jobs.append(dataclasses.replace(job, pause_at=at))
                self._entries.append((batch, program_index))
                batch.waiting.add(program_index)
        self._jobs_running += len(jobs)
        return jobs or self._judge(batch)

    def done(self, index: int, outcomes: list[Outcome]) -> list[Any]:
        """Store the outcomes of a job; return the jobs that follow from them."""
        batch, program_index = self._entries[index]
        self._jobs_running -= 1
        if batch.closed:  # another seed has decided its trial meanwhile
            outcomes = [_given_up(o, "another seed did not train") for o in outcomes]
        self._store(batch, program_index, outcomes)
        batch.waiting.discard(program_index)
        stopped = self.stop is not None and self.stop.asked()
        jobs: list[Any] = []
        if not batch.closed:
            decided = bool(batch.numbers) and all(t.state != "open" for t in self._derive(batch))
            if decided:
                self._end(batch)
            elif not batch.waiting and not stopped:
                jobs += self._launch(batch)
        return [] if stopped else jobs + self.fill()

    def _store(self, batch: TrialBatch, program_index: int, outcomes: Sequence[Outcome]) -> None:
        untouched = not batch.numbers and not batch.search.arm.sets
        own = {cell.key for cell in self._untuned_cells(batch.search)} if untouched else set[str]()
        for planned, outcome in zip(batch.planned(program_index), outcomes, strict=True):
            request = self._request(own=planned.cell.key in own)
            record = store_outcome(request, planned, outcome)
            self.records.add(record)
            if record.status not in UNFINISHED:
                path = self.options.store.checkpoint_path(record.id, record.machine_class)
                path.unlink(missing_ok=True)

    def _untuned_cells(self, search: Search) -> list[Cell]:
        return fresh_cells(self.study, search.arm, None)

    def _derive(self, batch: TrialBatch) -> list[Trial]:
        """Return a batch's trials as the records now show them."""
        found: list[Trial] = []
        for number in batch.numbers:
            params = batch.search.trials[number].params
            cells = trial_cells(self.study, batch.search.arm, params)
            trial = derive(number, params, cells, self.records)
            batch.search.trials[number] = trial
            found.append(trial)
        return found

    def _judge(self, batch: TrialBatch) -> list[Any]:
        """Judge a batch at its pruning iteration; return the jobs of a batch that continues."""
        if not batch.numbers:
            batch.search.retrained = True
            return []
        live, at = [t for t in self._derive(batch) if t.state == "open"], batch.pause_at
        if at is not None and live:
            # Trials of one program are given up only together.
            verdicts = [batch.search.optimizer.prune(trial, at) for trial in live]
            if not all(verdicts):
                batch.pruning_iterations = batch.pruning_iterations[1:]
                return self._launch(batch)
            self._give_up(live, f"trial {live[0].number} was not among the best there")
        self._end(batch)
        return []

    def _give_up(self, trials: Sequence[Trial], why: str) -> None:
        """Mark the records of unfinished cells as given up."""
        for trial in trials:
            for record in trial.records:
                if record.status in UNFINISHED:
                    at = f"at iteration {record.iterations_done} of {record.iterations}"
                    words = f"given up {at} by study {self.study.name}: {why}"
                    pruned = dataclasses.replace(record, status="pruned", error=words)
                    self.options.store.put(pruned)
                    self.records.add(pruned)
                    path = self.options.store.checkpoint_path(record.id, record.machine_class)
                    path.unlink(missing_ok=True)

    def _end(self, batch: TrialBatch) -> None:
        """Close a batch: tell how its trials ended; what is left of them is not trained."""
        batch.closed = True
        self._give_up(self._derive(batch), "another seed did not train")
        search = batch.search
        for trial in self._derive(batch):
            search.optimizer.tell(trial)
            self.listener.ended(search.arm, trial, best(search.trials, search.arm.objective))
        self._retrain_winner(search)

    def _retrain_winner(self, search: Search) -> None:
        """Once every trial has ended, have the winner and the untuned protocol retrained."""
        ended = all(trial.state != "open" for trial in search.trials)
        if not ended or len(search.trials) < self.study.trials:
            return
        winner = best(search.trials, search.arm.objective)
        if winner is None:
            search.retrained = True
            return
        cells = fresh_cells(self.study, search.arm, winner.params)
        plan = self._plan([*cells, *self._untuned_cells(search)])
        search.retrained = not plan.programs
        if plan.programs:
            self._ready.appendleft(TrialBatch(search=search, plan=plan))
            if self.stop is not None:
                self.listener.retraining(search.arm, winner)


def _given_up(outcome: Outcome, why: str) -> Outcome:
    if outcome.status not in UNFINISHED:
        return outcome
    return dataclasses.replace(outcome, status="pruned", error=f"given up: {why}")
