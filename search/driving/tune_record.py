"""A Ray Tune experiment over a study: its matched baseline, its trainable, its place on record.

Owns: training the baseline once before any trial, and writing what trials end with into the record,
as the driver would: whole runs with their verdict, runs that a scheduler stopped after they had
lost as ended early. A run that was stopped before it had lost anything has no verdict: it is due
again, and ``talan study resume`` completes it. The study's design says ``tune``: its rates have
neither interval nor test, for who chose the runs is not known here. Does not cover: trials
(``search.driving.tune``), and several hosts or seeds in one experiment.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import ray
from ray import tune
from ray.tune import Callback

from search.driving.heartbeats import LEASE_S, WATCH_S, heartbeats
from search.driving.outcome_files import get_outcome
from search.driving.run_executors import make_run_executor
from search.driving.run_outcomes import run_outcome
from search.driving.start_ray import start_ray
from search.driving.tune import AuditTrainable, Counts, configuration_of, search_space
from search.errors import StudyFileError
from search.study.file import parse_study
from search.study.host_checks import check_hosts
from search.study.keys import TUNE, Resources
from search.study.plan import resolve, study_plan, treatments
from search.study.single import require_one_host, single_of
from storage import BASELINE, ArtifactStore, AuditStore, PartialOutcome, RunOutcome
from storage.errors import BaselineMismatch
from storage.lease_owner import this_process
from storage.records import RunFilter
from workers.errors import first_line
from workers.job.jobs import AdapterSpec, RunJob


class AuditExperiment:
    """What a ``tune.Tuner`` is given; used as a context, within which Ray runs.

    Args:
        study: A study file's content: one backbone, one adapter, one seed, and axes.
        artifacts: Where responses and checkpoints go, a folder or an fsspec URL.
        storage: Database URL of the record; None: results stay in Tune.
        ray_address: A Ray cluster; None: one that is running in this process, else one of its own.

    Attributes:
        space: Tune's search space of the study's axes.
        callbacks: For ``tune.RunConfig``; empty without a record.

    Raises:
        StudyFileError: The study is not allowed, or has several hosts or seeds.
    """

    def __init__(
        self,
        study: Mapping[str, object],
        *,
        artifacts: str,
        storage: str | None = None,
        ray_address: str | None = None,
    ) -> None:
        self._file = parse_study({**study, "design": {"sampler": TUNE}})
        require_one_host(self._file)
        if self._file.resources.processes_per_run > 1:
            msg = "resources.processes_per_run: above 1 is not allowed with Ray Tune; allowed: 1"
            raise StudyFileError(msg)
        self._audit = resolve(self._file)
        check_hosts(self._audit)
        # Trials run in folders of Tune's own: a relative one would be another there.
        self._artifacts = artifacts if "://" in artifacts else str(Path(artifacts).resolve())
        os.environ.setdefault("RAY_CHDIR_TO_TRIAL_DIR", "0")
        self._storage, self._address = storage, ray_address
        self._open = ExitStack()
        self.space = search_space(self._file)
        self.callbacks: list[Callback] = []
        self._baseline: Counts = {}

    def __enter__(self) -> Self:
        """Start Ray, have the baseline ready, and hold the study's lease if there is a record."""
        with self._open as stack:
            if not ray.is_initialized():
                start_ray(self._file.resources, address=self._address)
                stack.callback(ray.shutdown)
            recorder = None
            if self._storage is not None:
                recorder = stack.enter_context(_Recorder(self._storage, self))
                self.callbacks = [recorder]
            self._baseline = self._known_baseline(recorder)
            self._open = stack.pop_all()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._open.close()

    @property
    def trainable(self) -> Any:
        """The trainable with its parameters and the resources of one run.

        Raises:
            StudyFileError: Outside of the context: the baseline is not there.
        """
        if not self._baseline:
            msg = "the experiment is not open; allowed: with AuditExperiment(...) as experiment"
            raise StudyFileError(msg)
        resources = self._file.resources
        with_study = tune.with_parameters(
            AuditTrainable,
            study={**self._file.spec, "design": {}},
            artifacts=self._artifacts,
            baseline=self._baseline,
        )
        return tune.with_resources(
            with_study, {"cpu": resources.cpus_per_run, "gpu": resources.gpus_per_run}
        )

    def _known_baseline(self, recorder: _Recorder | None) -> Counts:
        found = recorder.baseline() if recorder else None
        if found is None:
            outcome = self._trained_baseline()
            if recorder:
                recorder.finish_baseline(outcome)
            found = {cell.benchmark: (cell.n_correct, cell.n_items) for cell in outcome.cells}
        return found

    def _trained_baseline(self) -> RunOutcome:
        host, resources = self._audit.hosts[0], self._file.resources
        job = RunJob(
            key="baseline",
            backbone=host.backbone,
            adapter=AdapterSpec.from_record(host.adapter),
            configuration=None,
            block=self._file.talan,
            seed=self._file.seeds[0],
            recipe=self._audit.recipe,
            suite=self._audit.suite.name,
            benchmarks=self._audit.benchmarks,
            artifact_url=self._artifacts,
        )
        placed = ray.remote(_run_in_full).options(
            num_cpus=resources.cpus_per_run, num_gpus=resources.gpus_per_run, max_retries=0
        )
        outcome: RunOutcome = ray.get(placed.remote(job, resources))
        return outcome


def _run_in_full(job: RunJob, resources: Resources) -> RunOutcome:
    executor = make_run_executor(resources)
    try:
        trained = executor.begin(job)
        return run_outcome(job, trained, [executor.evaluate(name) for name in job.benchmarks])
    finally:
        executor.close()


class _Recorder(Callback):  # type: ignore[misc]
    """Writes what trials end with; the study's lease is held meanwhile."""

    def __init__(self, url: str, experiment: AuditExperiment) -> None:
        self._url, self._audit = url, experiment._audit
        self._artifacts = experiment._artifacts
        self._name = self._audit.file.name
        self._owner = this_process()
        self._baseline_items: Counts = {}

    def __getstate__(self) -> dict[str, object]:
        """Tune keeps callbacks with an experiment's state; a connection cannot be kept."""
        return {"_name": self._name}

    def __enter__(self) -> Self:
        self._store = AuditStore.open(self._url, create=True)
        self._store.studies.create(study_plan(self._audit, artifact_url=self._artifacts))
        self._store.leases.acquire(self._name, owner=self._owner, ttl_s=LEASE_S, watch_s=WATCH_S)
        self._store.dispatch.release_interrupted(self._name, owner=self._owner)
        self._store.studies.set_state(self._name, "running", owner=self._owner)
        self._beating = heartbeats(self._store, self._name, owner=self._owner)
        self._beating.__enter__()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._beating.__exit__(None, None, None)
        self._store.dispatch.release_interrupted(self._name, owner=self._owner)
        left = self._store.dispatch.next_pending(self._name, limit=1)
        state = "stopped" if left else "completed"
        self._store.leases.release(self._name, owner=self._owner, state=state)
        self._store.close()

    def baseline(self) -> Counts | None:
        """The baseline's counts, where the record has them."""
        for run in self._store.runs.iterate(self._name, RunFilter(kind=BASELINE)):
            if run.state == "completed":
                found = {name: (c.n_correct, c.n_items) for name, c in run.cells.items()}
                self._baseline_items = found
                return found
        return None

    def finish_baseline(self, outcome: RunOutcome) -> None:
        """Record the baseline, which was trained just now."""
        (run,) = self._store.runs.iterate(self._name, RunFilter(kind=BASELINE))
        self._finish(run.id, outcome, worker="baseline")
        self.baseline()

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Record a trial that ended by itself, or that a scheduler stopped."""
        del iteration, trials, info
        name = (trial.last_result or {}).get("outcome")
        if name is None:
            return
        outcome = get_outcome(ArtifactStore(self._artifacts), name)
        reached = {cell.benchmark for cell in outcome.cells}
        unreached = [
            PartialOutcome(benchmark, n_items, {}, responses_artifact=None, seconds=0.0)
            for benchmark, (_, n_items) in self._baseline_items.items()
            if benchmark not in reached
        ]
        run_id = self._run_of(trial.config)
        if self._store.runs.get(run_id).state != "completed":
            self._finish(run_id, replace(outcome, partial=unreached), worker=trial.trial_id)

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Record a trial that failed."""
        del iteration, trials, info
        run_id = self._run_of(trial.config)
        if self._store.runs.get(run_id).state != "pending":  # Tune reports what became of it twice
            return
        attempt = self._store.dispatch.start(run_id, owner=self._owner, worker=trial.trial_id)
        self._fail(run_id, attempt=attempt, error=_cause(trial), retry=False)

    def _run_of(self, config: Mapping[str, object]) -> str:
        """The trial's run, put on record if it is not there."""
        spec = {k: v for k, v in self._audit.file.spec.items() if k not in ("axes", "design")}
        listed = [configuration_of(self._audit.file, config)]
        point = single_of({**spec, "configurations": listed}).configuration
        position = 1 + sum(1 for _ in self._store.runs.iterate(self._name))
        runs = treatments(self._audit, host=0, points=[point], first_position=position)
        (run_id,) = self._store.studies.add_runs(self._name, owner=self._owner, runs=runs)
        return run_id

    def _finish(self, run_id: str, outcome: RunOutcome, *, worker: str) -> None:
        attempt = self._store.dispatch.start(run_id, owner=self._owner, worker=worker)
        try:
            self._store.results.finish(run_id, owner=self._owner, attempt=attempt, outcome=outcome)
        except BaselineMismatch as error:  # stopped before it had lost: no verdict
            self._fail(run_id, attempt=attempt, error=str(error), retry=True)
        except Exception as error:
            self._fail(run_id, attempt=attempt, error=first_line(error), retry=False)
            raise

    def _fail(self, run_id: str, *, attempt: int, error: str, retry: bool) -> None:
        self._store.dispatch.fail(
            run_id, owner=self._owner, attempt=attempt, error=error, retry=retry
        )


def _cause(trial: Any) -> str:
    """Why a trial failed, in a line.

    ``trial.get_error()`` reads Tune's storage, into which the error is copied only later: it is
    read where Tune has just written it.
    """
    if trial.pickled_error_file is None:
        return "the trial failed, and Tune says no cause"
    error = pickle.loads(Path(trial.pickled_error_file).read_bytes())
    if isinstance(cause := getattr(error, "cause", None), Exception):
        return first_line(cause)
    return str(error).strip().splitlines()[-1]  # a dead actor: the cause ends its traceback
