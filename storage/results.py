"""A finished run: cells, deltas and verdict, in one transaction.

Owns: writing a run's outcome once, comparing it with its matched baseline (same study and host, of
the seed that the run names) when that is there, and comparing the runs that waited when the
baseline itself finishes.
Does not cover: the definitions of delta and verdict (`verdict.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.orm import Session, aliased, defer

from storage import models
from storage.bounded_cells import bounds_of, insert_bounded, is_same
from storage.canonical_json import canonical_json, content_hash
from storage.clock import utc_now
from storage.database import Database
from storage.differences import differences
from storage.dispatch import require_attempt
from storage.errors import BaselineMismatch, PairingMismatch, ResultConflict
from storage.events import append_event
from storage.generation import Generation
from storage.kept_digests import drop_digests, keep_digests
from storage.locks import lock_owned_run
from storage.matching import is_baseline_of
from storage.models import Cell, Run
from storage.new_rows import BASELINE, SELF_CHECK, CellOutcome, PartialOutcome, RunOutcome
from storage.packing import pack_bits, pack_floats
from storage.pairing import require_same
from storage.study_states import forget_setbacks
from storage.upserts import insert_missing
from storage.verdict import INERT, Count, Difference, compare

_OTHER = aliased(Run)
_BASELINE = (  # built once: every run asks it, and building it takes longer than answering it
    select(_OTHER)
    .join(Run, is_baseline_of(_OTHER, Run))
    .where(Run.id == bindparam("run_id"), _OTHER.state == "completed")
)


class Results:
    """Recording what runs achieved."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def finish(self, run_id: str, *, owner: str, attempt: int, outcome: RunOutcome) -> None:
        """Record a run's outcome; the same outcome again changes nothing.

        The same outcome is: equal per-item outcomes, losses and artifacts; times may differ.

        Raises:
            LeaseLost: if the caller does not hold the study's lease.
            RunStateError: if this attempt is not the one running.
            ResultConflict: if it is finished already, with another outcome.
            BaselineMismatch: if its items are not those of its matched baseline, or it was not
                evaluated in full and has no verdict.
            PairingMismatch: if its matched baseline rests on something else.
        """
        with self._database.writing() as session:
            study, run = lock_owned_run(session, run_id, owner=owner)
            if run.state == "completed" and run.attempt == attempt:
                _require_same(session, run, outcome)
                return
            require_attempt(run, attempt)
            forget_setbacks(study)
            if outcome.cells:
                session.execute(insert(Cell), [_cell_row(run, cell) for cell in outcome.cells])
            digests = {cell.benchmark: cell.digests for cell in outcome.cells if cell.digests}
            keep_digests(session, run.id, digests)
            _complete(session, run, outcome)
            _keep_bounds(session, run, outcome.partial)
            _judge(session, study, run)


def _complete(session: Session, run: Run, outcome: RunOutcome) -> None:
    text = canonical_json(dict(outcome.provenance))
    name = content_hash(text)
    row = {"hash": name, "data": dict(outcome.provenance)}
    insert_missing(session, models.Provenance, [row])
    run.state, run.finished_at = "completed", utc_now()
    run.error, run.error_detail = None, None
    run.compute_s = outcome.compute_s
    run.losses = pack_floats(outcome.losses)
    run.checkpoint_artifact = outcome.checkpoint_artifact
    run.provenance_hash = name
    run.kl_to_baseline, run.null_scale = outcome.kl_to_baseline, outcome.null_scale
    run.held_out_artifact = outcome.held_out_artifact


def _keep_bounds(session: Session, run: Run, partial: Sequence[PartialOutcome]) -> None:
    """Keep what is known of the cells not done in full; they have a meaning beside a baseline."""
    if not partial:
        return
    baseline = _baseline_of(session, run)
    if baseline is None:
        raise BaselineMismatch(
            f"run {run.id} was not evaluated in full, and there is no baseline that decides it"
        )
    counts = {name: cell.n_correct for name, cell in _cells(session, baseline).items()}
    insert_bounded(session, run.id, partial, baseline=counts)


def _judge(session: Session, study: models.Study, run: Run) -> None:
    """Compare the run with its baseline, or, if it is one, the runs that waited for it."""
    if run.kind == BASELINE:
        _log_finished(session, study, run)
        for waiting in _waiting_for(session, run):
            try:
                _match(session, waiting, baseline=run)
            except PairingMismatch as error:
                _take_back(session, study, waiting, error=str(error))
                continue
            append_event(session, study.id, "run_scored", run=waiting.id, **_verdict_of(waiting))
        return
    baseline = _baseline_of(session, run)
    if baseline is not None:
        _match(session, run, baseline=baseline)
    _log_finished(session, study, run)


def _baseline_of(session: Session, run: Run) -> Run | None:
    """Return a run's matched baseline, if that is done; a baseline has none."""
    return None if run.kind == BASELINE else session.scalar(_BASELINE, {"run_id": run.id})


def _waiting_for(session: Session, baseline: Run) -> Sequence[Run]:
    """Return the completed runs that a baseline is matched with."""
    other = aliased(Run)
    matched = select(Run).join(other, is_baseline_of(other, Run))
    waiting = (other.id == baseline.id, Run.kind != BASELINE, Run.state == "completed")
    return session.scalars(matched.where(*waiting).order_by(Run.position, Run.id)).all()


def _take_back(session: Session, study: models.Study, run: Run, *, error: str) -> None:
    """Fail a completed run that its baseline, which came last, does not fit; it can be done again.

    Its counts go, since they are compared with nothing; what it rested on stays for who looks.
    """
    for table in (Cell, models.BoundedCell):
        session.execute(delete(table).where(table.run_id == run.id))
    drop_digests(session, run.id)
    run.state, run.error, run.losses, run.checkpoint_artifact = "failed", error, None, None
    run.failures += 1
    payload = {"run": run.id, "attempt": run.attempt, "error": error, "retry": False}
    append_event(session, study.id, "run_failed", **payload)


def _match(session: Session, run: Run, *, baseline: Run) -> None:
    require_same(session, run.id, baseline.id)
    cells, baseline_cells = _cells(session, run), _cells(session, baseline)
    baseline_counts = _counts(baseline_cells)
    found = differences(session, run.id, baseline.id)
    verdict = compare(
        _counts(cells),
        baseline_counts,
        run_id=run.id,
        bounds=bounds_of(session, run.id),
        differences=found,
    )
    for name, cell in cells.items():
        cell.baseline_n_correct = baseline_counts[name].n_correct
        cell.baseline_score = baseline_counts[name].score
        cell.delta = float(verdict.deltas[name])
        cell.helped, cell.hurt = found[name].helped, found[name].hurt
        cell.changed = found[name].changed
    run.g1, run.verdict = verdict.g1, verdict.word
    run.mean_delta = _stored(verdict.mean_delta)
    run.worst_delta = _stored(verdict.worst_delta)
    if run.kind == SELF_CHECK and verdict.word not in (INERT, None):
        run.error = _broken_check(run, found)
    drop_digests(session, run.id)


def _broken_check(run: Run, found: Mapping[str, Difference]) -> str:
    """What to say of a block that cannot leave the identity and answers otherwise all the same."""
    changed = ", ".join(
        f"{difference.changed} responses of {name}"
        for name, difference in found.items()
        if difference.is_changed
    )
    return (
        f"self-check {run.id} cannot leave the identity, and differs from its baseline in "
        f"{changed}: something besides the block differs between a run and its baseline here, and "
        "no delta of this study can be trusted"
    )


def _stored(value: Fraction | None) -> float | None:
    return None if value is None else float(value)


def _cells(session: Session, run: Run) -> dict[str, Cell]:
    query = select(Cell).where(Cell.run_id == run.id).options(defer(Cell.outcomes))
    return {cell.benchmark: cell for cell in session.scalars(query.order_by(Cell.benchmark))}


def _verdict_of(run: Run) -> dict[str, object]:
    return {"g1": run.g1, "verdict": run.verdict, "mean_delta": run.mean_delta}


def _counts(cells: Mapping[str, Cell]) -> dict[str, Count]:
    return {name: Count(cell.n_correct, cell.n_items) for name, cell in cells.items()}


def _cell_row(run: Run, cell: CellOutcome) -> dict[str, object]:
    return {
        "run_id": run.id,
        "benchmark": cell.benchmark,
        "n_items": cell.n_items,
        "n_correct": cell.n_correct,
        "score": Count(cell.n_correct, cell.n_items).score,
        "outcomes": pack_bits(cell.outcomes),
        "responses_artifact": cell.responses_artifact,
        "seconds": cell.seconds,
        **Generation.columns_of(cell.generation),
    }


def _log_finished(session: Session, study: models.Study, run: Run) -> None:
    for name, cell in _cells(session, run).items():
        payload = {"run": run.id, "benchmark": name, "score": cell.score, "delta": cell.delta}
        append_event(session, study.id, "cell_scored", **payload)
    for name, bound in bounds_of(session, run.id).items():
        counts = {"n_evaluated": bound.n_evaluated, "n_items": bound.n_items}
        append_event(session, study.id, "cell_bounded", run=run.id, benchmark=name, **counts)
    payload = {"run": run.id, "kind": run.kind, **_verdict_of(run)}
    append_event(session, study.id, "run_finished", **payload)


def _require_same(session: Session, run: Run, outcome: RunOutcome) -> None:
    columns = (Cell.benchmark, Cell.n_items, Cell.outcomes, Cell.responses_artifact)
    recorded = {
        tuple(row) for row in session.execute(select(*columns).where(Cell.run_id == run.id))
    }
    offered = {
        (cell.benchmark, cell.n_items, pack_bits(cell.outcomes), cell.responses_artifact)
        for cell in outcome.cells
    }
    same_training = (run.losses, run.checkpoint_artifact) == (
        pack_floats(outcome.losses),
        outcome.checkpoint_artifact,
    )
    same_cells = recorded == offered and is_same(session, run.id, outcome.partial)
    if not (same_cells and same_training):
        raise ResultConflict(f"run {run.id} is finished already, with another outcome")
