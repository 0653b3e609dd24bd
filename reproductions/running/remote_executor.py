"""Remote workers as the executor of a run: `--scheduler tcp://…`.

The workers share no files with this machine. A record has the machine class of the worker that
made it. The back-end is chosen once for each kind of processor, measured on one such worker, and
kept beside the records. The states of stopped programs come back into the store's checkpoints.
"""

import contextlib
import dataclasses
from collections import Counter
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from ...bench import datasets, hardware, registry
from ...bench.configuration import PRECISIONS
from ...bench.engine import worker_info
from ...bench.engine.worker_info import WorkerInfo
from ...bench.errors import UsageError
from ...bench.outcome import MACHINE_DETAILS, Machine, Outcome
from ...results.files.atomic_io import write_atomic, writing
from ...results.store import backend_file
from .backend import GPU, THREADS, UNKNOWN, Backend, measured_backend
from .executor import check_evaluations
from .memory_fit import MemoryFit, fit_per_worker
from .plan import Plan
from .request import RunRequest, Say

if TYPE_CHECKING:
    from ...bench.engine.dispatch import Done, Progress, Stop
    from ...bench.training.loop import Job


class RemoteExecutor:
    """The workers of the scheduler that `client` is connected to.

    Raises UsageError where there are none, or one has other code or several threads.
    """

    def __init__(self, request: RunRequest, client: Any, say: Say) -> None:
        self.request, self.client, self.say = request, client, say
        self.fingerprint = worker_info.fingerprint({})
        self.found = worker_info.query_workers(client, request.device, (), request.data_dir, say)
        self._check(self.found)
        kinds = {"cpu" if found.device == "cpu" else "cuda" for found in self.found}
        if len(kinds) > 1:
            raise UsageError(
                "some workers have a GPU and some have none: give --device cpu, or --device cuda"
                " to a scheduler whose workers all have one"
            )
        self.device = self.found[0].device
        self.backends: dict[str, Backend] = {}
        for found in self.found:
            if (kept := self._kept(found)) is not None:
                self.backends[found.key] = kept

    def classes(self, precisions: Collection[str] = PRECISIONS) -> frozenset[str]:
        """Return the machine classes of the workers, by the back-ends chosen so far."""
        return frozenset(
            hardware.machine_class(self._machine(found, precision))
            for found in self.found
            for precision in precisions
        )

    def check_data(self, plan: Plan) -> None:
        """Check the workers' data; UsageError where it is missing on one, or not the same."""
        if any(plan.cells[index].cell.stages for p in plan.programs for index in p):
            raise UsageError(
                "--scheduler does not train staged networks: run them here, or by torchrun"
            )
        check_evaluations(plan)
        needed, folder = plan.needed_data(), self.request.data_dir
        self.fingerprint = worker_info.fingerprint(
            {(name, text): datasets.data_hash(name, folder, corpus=text) for name, text in needed}
        )
        self.found = worker_info.query_workers(
            self.client, self.request.device, needed, folder, self.say
        )
        self._check(self.found)

    def prepare(self) -> None:
        """Choose a back-end for each kind of worker that has none."""
        for found in self.found:
            if found.key not in self.backends:
                self._choose(found, [w.address for w in self.found if w.key == found.key])

    def jobs(self, plan: Plan) -> "list[Job]":
        """Return the job of each program; the worker that takes it fills in device and back-end."""
        return [self._job(plan, program) for program in plan.programs]

    def memory_fit(self, plan: Plan) -> MemoryFit:
        """Compare the memory that the plan's programs need with what is free on every host."""
        if not plan.programs:
            return MemoryFit(plan=plan, workers=0, too_large={})
        asked, hosts = self.request.jobs, Counter(found.host for found in self.found)
        workers = max(1, min(asked or len(self.found), len(self.found), len(plan.programs)))
        least = min(found.free // min(workers, hosts[found.host]) for found in self.found)
        return fit_per_worker(plan, workers, least * workers)

    def refused(self, job: "Job", why: str) -> list[Outcome]:
        """Return the outcomes, all failed, of a job that is not started."""
        from ...bench.training import loop

        return loop.failed(job, why, self._machine(self.found[0], job.cells[0].precision))

    def train(
        self,
        jobs: "Sequence[Job]",
        workers: int,
        stop: "Stop",
        done: "Done",
        progress: "Progress",
    ) -> None:
        """Train the jobs."""
        from ...bench.engine import dispatch, remote_pool

        pool = remote_pool.RemotePool(
            client=self.client,
            fingerprint=self.fingerprint,
            backends=self.backends,
            machine=self._machine_at,
            states=self._states,
            store_checkpoint=self._keep,
            on_new_worker=self._meet,
            notify=self.say,
            max_jobs=self.request.jobs,
        )
        dispatch.run(jobs, workers, stop, done, progress, pool=pool)

    def _check(self, found: Sequence[WorkerInfo]) -> None:
        """Raise UsageError where a worker has other code, or other data of what it was asked of."""
        wrong = {w.address: self._differences(w.fingerprint) for w in found}
        unfit = [(address, words) for address, words in wrong.items() if words]
        if unfit:
            address, words = unfit[0]
            others = f" (and {len(unfit) - 1} more)" if len(unfit) > 1 else ""
            raise UsageError(f"worker {address}{others}: {'; '.join(words)}: {worker_info.REMEDY}")

    def _differences(self, there: worker_info.Fingerprint) -> list[str]:
        asked = {key: hash_ for key, hash_ in self.fingerprint.data.items() if key in there.data}
        return worker_info.differences(dataclasses.replace(self.fingerprint, data=asked), there)

    def _kept(self, found: WorkerInfo) -> Backend | None:
        """Return the back-end chosen before for machines like a worker's; None without one."""
        if found.device != "cpu":
            return GPU
        kept = backend_file.read(self.request.store, found.model)
        if (
            kept is None
            or kept["torch"] != found.fingerprint.torch
            or kept["matmul"] not in found.matmuls
        ):
            return None
        return kept["matmul"], kept["matmul_error"]

    def _choose(self, found: WorkerInfo, alike: list[str]) -> None:
        """Measure the back-ends on the first free one of some like workers, and keep the choice."""
        measured: dict[str, Any] = self.client.submit(
            measured_backend, workers=alike, pure=False
        ).result()
        kept = self._kept(found)  # another run may have chosen meanwhile
        if kept is None:
            backend_file.write(self.request.store, found.model, {"device": found.model, **measured})
            kept = measured["matmul"], measured["matmul_error"]
        self.backends[found.key] = kept

    def _meet(self, found: WorkerInfo) -> None:
        """Add a worker of a new kind that joined during the run."""
        self._check([found])
        kept = self._kept(found)
        if kept is None:
            self._choose(found, [found.address])
        else:
            self.backends[found.key] = kept
        self.found.append(found)

    def _machine_at(self, address: str, job: "Job") -> Machine:
        """Return a job's machine at an address; the first worker's where one joined later."""
        found = (w for w in self.found if w.address == address)
        return self._machine(next(found, self.found[0]), job.cells[0].precision)

    def _machine(self, found: WorkerInfo, precision: str) -> Machine:
        name, error = self.backends.get(found.key, UNKNOWN)
        if precision == "bf16" and found.device == "cpu" and found.bfloat16:
            name, error = hardware.BFLOAT16, None
        here = hardware.describe("cpu", THREADS, name, error)
        here = dataclasses.replace(here, device=found.model, **dict.fromkeys(MACHINE_DETAILS))
        return dataclasses.replace(here, **found.details)

    def _job(self, plan: Plan, program: tuple[int, ...]) -> "Job":
        from ...bench.training.loop import Job

        items = [plan.cells[index] for index in program]
        return Job(
            cells=tuple(item.cell for item in items),
            ids=tuple(item.id for item in items),
            data_dir=self.request.data_dir,
            device=self.request.device,
            threads=THREADS,
            matmul="",
            matmul_error=None,
            pause_at=items[0].pause_at,
            external_files=registry.external_files(),
        )

    def _states(self, job: "Job") -> dict[str, dict[str, bytes]]:
        found: dict[str, dict[str, bytes]] = {}
        for name in self.classes():
            for id_ in job.ids:
                with contextlib.suppress(OSError):
                    state = self.request.store.checkpoint_path(id_, name).read_bytes()
                    found.setdefault(name, {})[id_] = state
        return found

    def _keep(self, id_: str, machine_class: str, state: bytes) -> None:
        with writing(self.request.store.path):
            write_atomic(self.request.store.checkpoint_path(id_, machine_class), state)
