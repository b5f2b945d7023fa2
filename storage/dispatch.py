"""What is due, and a run's way from pending to running and, when it fails, back or out.

Owns: the states pending, running and failed. `attempt` only ever grows and tells a run's starts
apart; `failures` counts those that failed and begins again when failed runs are queued again.
Does not cover: how a run completes (`results.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session, aliased

from storage import models
from storage.canonical_json import storable
from storage.clock import utc_now
from storage.database import Database
from storage.due_runs import due_runs
from storage.errors import RunStateError
from storage.events import append_event
from storage.locks import find_study, lock_owned_run, lock_owned_study
from storage.matching import is_baseline_of
from storage.models import Run
from storage.new_rows import BASELINE
from storage.records import DueRun
from storage.secrets import without_secrets
from storage.study_states import change_state, requeue_running

_LONGEST_DETAIL = 20_000
_IDLE: dict[str, object] = {"worker": None, "started_at": None, "finished_at": None}


class Dispatch:
    """Handing runs out."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def next_pending(self, study: str, *, limit: int) -> list[DueRun]:
        """Return pending runs: baselines first, then by position."""
        with self._database.reading() as session:
            return due_runs(session, find_study(session, study), limit=limit)

    def start(self, run_id: str, *, owner: str, worker: str) -> int:
        """Mark a pending run as running; return the number of this attempt, from 1.

        Raises:
            RunStateError: if it is not pending.
        """
        with self._database.writing() as session:
            study, run = lock_owned_run(session, run_id, owner=owner)
            if run.state != "pending":
                raise RunStateError(f"run {run_id} is {run.state}; only a pending run can start")
            run.state, run.worker = "running", storable(worker)
            run.started_at, run.finished_at = utc_now(), None
            run.attempt += 1
            payload = {"run": run.id, "attempt": run.attempt, "worker": run.worker}
            append_event(session, study.id, "run_started", **payload)
            return run.attempt

    def fail(
        self,
        run_id: str,
        *,
        owner: str,
        attempt: int,
        error: str,
        retry: bool,
        detail: str | None = None,
    ) -> None:
        """Record that an attempt failed; the run is pending again, or failed for good.

        Doing it twice with the same error is the same as once. `detail` is for who looks into it:
        a traceback, of which the last 20,000 characters are kept.

        Raises:
            RunStateError: if the run is not running, or is in another attempt.
        """
        with self._database.writing() as session:
            study, run = lock_owned_run(session, run_id, owner=owner)
            text = storable(without_secrets(error))
            state = "pending" if retry else "failed"
            if (run.state, run.attempt, run.error) == (state, attempt, text):
                return
            require_attempt(run, attempt)
            run.state, run.error = state, text
            run.error_detail = _detail(detail)
            run.failures += 1
            run.finished_at = utc_now()
            payload = {"run": run.id, "attempt": attempt, "error": text, "retry": retry}
            append_event(session, study.id, "run_failed", **payload)

    def fail_dependents(self, baseline_id: str, *, owner: str) -> list[str]:
        """Fail the pending runs whose matched baseline failed; return their ids.

        Raises:
            RunStateError: if the run is no failed baseline.
        """
        with self._database.writing() as session:
            study, baseline = lock_owned_run(session, baseline_id, owner=owner)
            if baseline.kind != BASELINE or baseline.state != "failed":
                raise RunStateError(f"run {baseline_id} is a {baseline.state} {baseline.kind}")
            error = f"baseline {baseline_id} failed: {baseline.error}"
            other = aliased(Run)
            matched = select(Run.id).join(other, is_baseline_of(other, Run))
            pending = matched.where(
                other.id == baseline.id, Run.kind != BASELINE, Run.state == "pending"
            )
            ids = list(session.scalars(pending.order_by(Run.position, Run.id)))
            _set(session, ids, state="failed", error=error, finished_at=utc_now())
            _log(session, study, kind="run_failed", runs=ids, error=error, retry=False)
            return ids

    def release_interrupted(self, study: str, *, owner: str) -> list[str]:
        """Make running runs pending again (their driver is gone); return their ids."""
        with self._database.writing() as session:
            found = lock_owned_study(session, study, owner=owner)
            return requeue_running(session, found)

    def requeue_failed(self, study: str, *, owner: str) -> list[str]:
        """Make failed runs pending again with a fresh budget of failures; return their ids.

        A trial that was told as failed is a new trial then: its number and its being told go. The
        study is unfinished again, and waits for a driver if this one dies.
        """
        with self._database.writing() as session:
            found = lock_owned_study(session, study, owner=owner)
            failed = select(Run).where(Run.study_id == found.id, Run.state == "failed")
            runs = session.scalars(failed.order_by(Run.position, Run.id)).all()
            told = {(run.host_id, run.configuration_pk) for run in runs if run.told_at}
            ids = [run.id for run in runs]
            _set(session, ids, state="pending", failures=0, error=None, error_detail=None, **_IDLE)
            for host_id, configuration_pk in told:
                trial = (Run.host_id == host_id, Run.configuration_pk == configuration_pk)
                session.execute(update(Run).where(*trial).values(told_at=None, trial_number=None))
            _log(session, found, kind="run_requeued", runs=ids)
            if ids and found.state in ("completed", "failed"):
                change_state(session, found, "queued")
            return ids


def require_attempt(run: Run, attempt: int) -> None:
    """Refuse anything about an attempt that is not the one running.

    Raises:
        RunStateError: if the run is not running, or is in another attempt.
    """
    if run.state != "running" or run.attempt != attempt:
        raise RunStateError(
            f"run {run.id} is {run.state} in attempt {run.attempt}; attempt {attempt} is over"
        )


def _detail(text: str | None) -> str | None:
    return storable(without_secrets(text[-_LONGEST_DETAIL:])) if text else None


def _set(session: Session, ids: Sequence[str], **values: object) -> None:
    if ids:
        session.execute(update(Run), [{"id": run_id, **values} for run_id in ids])


def _log(
    session: Session, study: models.Study, *, kind: str, runs: Sequence[str], **payload: object
) -> None:
    row = {"study_id": study.id, "at": utc_now(), "kind": kind}
    rows = [{**row, "payload": {"run": run_id, **payload}} for run_id in runs]
    if rows:
        session.execute(insert(models.Event), rows)
