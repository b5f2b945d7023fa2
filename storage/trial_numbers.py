"""Trials: what Optuna calls a configuration on a host, with one run per seed.

Owns: which Optuna trial a configuration on a host is, which trials have ended and were not yet told
to Optuna, and marking them told.
Does not cover: Optuna itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from fractions import Fraction

from sqlalchemy import ColumnElement, and_, exists, or_, select, tuple_, update
from sqlalchemy.orm import Session, aliased, defer

from storage.bounded_cells import load_bounded
from storage.clock import utc_now
from storage.database import Database
from storage.locks import find_study, lock_owned_study
from storage.matching import is_baseline_of
from storage.models import Cell, Configuration, Host, Run, Study
from storage.new_rows import TREATMENT, TrialKey
from storage.records import Trial
from storage.verdict import exact_delta, exact_mean


class Trials:
    """The bridge between runs and trials."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def assign(self, study: str, *, owner: str, numbers: Mapping[TrialKey, int]) -> None:
        """Record which Optuna trial each of these is."""
        with self._database.writing() as session:
            found = lock_owned_study(session, study, owner=owner)
            for key, number in numbers.items():
                where = _is_trial(found, key)
                session.execute(update(Run).where(where).values(trial_number=number))

    def ended(self, study: str, *, limit: int = 1000) -> list[Trial]:
        """Return trials whose runs have all ended and that were not told yet, oldest first.

        A completed run without a verdict has not ended while its baseline may still finish.
        """
        with self._database.reading() as session:
            found = find_study(session, study)
            return _load(session, found, _ended_keys(session, found, limit=limit))

    def mark_told(self, study: str, *, owner: str, numbers: Mapping[TrialKey, int]) -> None:
        """Record that Optuna knows how these ended, and as which of its trials."""
        with self._database.writing() as session:
            found = lock_owned_study(session, study, owner=owner)
            for key, number in numbers.items():
                told = {"trial_number": number, "told_at": utc_now()}
                session.execute(update(Run).where(_is_trial(found, key)).values(told))


def _has_open_run() -> ColumnElement[bool]:
    """Return the condition that a run of the same trial has not ended."""
    sibling, baseline = aliased(Run), aliased(Run)
    baseline_may_finish = exists().where(
        is_baseline_of(baseline, sibling), baseline.state != "failed"
    )
    unscored = and_(sibling.state == "completed", sibling.g1.is_(None), baseline_may_finish)
    return exists().where(
        sibling.study_id == Run.study_id,
        sibling.host_id == Run.host_id,
        sibling.kind == TREATMENT,
        sibling.configuration_pk == Run.configuration_pk,
        or_(sibling.state.in_(("pending", "running")), unscored),
    )


_HAS_OPEN_RUN = _has_open_run()


def _is_trial(study: Study, key: TrialKey) -> ColumnElement[bool]:
    host = select(Host.id).where(Host.study_id == study.id, Host.position == key.host)
    configuration = select(Configuration.pk).where(
        Configuration.configuration_id == key.configuration_id
    )
    return and_(
        Run.study_id == study.id,
        Run.host_id == host.scalar_subquery(),
        Run.kind == TREATMENT,
        Run.configuration_pk == configuration.scalar_subquery(),
    )


def _ended_keys(session: Session, study: Study, *, limit: int) -> list[tuple[int, int]]:
    """Return (host, configuration) of the trials that ended and were not told, oldest first.

    Ordered here and not in SQL: the rows are few, and SQLite without statistics would walk all runs
    of the study in the order asked for.
    """
    query = select(Run.position, Run.host_id, Run.configuration_pk).where(
        Run.study_id == study.id,
        Run.state.in_(("completed", "failed")),
        Run.told_at.is_(None),
        Run.kind == TREATMENT,
        ~_HAS_OPEN_RUN,
    )
    rows = sorted((place, host, pk or 0) for place, host, pk in session.execute(query))
    return list(dict.fromkeys((host, pk) for _, host, pk in rows))[:limit]


def _load(session: Session, study: Study, keys: Sequence[tuple[int, int]]) -> list[Trial]:
    grouped: dict[tuple[int, int], list[Run]] = {key: [] for key in keys}
    wanted = tuple_(Run.host_id, Run.configuration_pk).in_(keys)
    query = select(Run).where(Run.study_id == study.id, Run.kind == TREATMENT, wanted)
    for run in session.scalars(query.order_by(Run.seed).options(defer(Run.losses))):
        grouped[run.host_id, run.configuration_pk or 0].append(run)
    return [_trial(session, key, runs) for key, runs in grouped.items()]


def _trial(session: Session, key: tuple[int, int], runs: Sequence[Run]) -> Trial:
    host = session.get_one(Host, key[0])
    configuration = session.get_one(Configuration, key[1])
    complete = all(run.mean_delta is not None for run in runs)
    decided = all(run.g1 is not None for run in runs)
    deltas = _deltas(session, runs) if decided else {}
    return Trial(
        key=TrialKey(host.position, configuration.configuration_id),
        configuration=json.loads(configuration.canonical),
        trial_number=runs[0].trial_number,
        state="completed" if complete else "ended_early" if decided else "failed",
        run_ids=tuple(run.id for run in runs),
        mean_delta=float(exact_mean(exact_mean(cells.values()) for cells in deltas.values()))
        if complete
        else None,
        worst_deltas=_worst_deltas(session, deltas) if decided else {},
    )


def _deltas(session: Session, runs: Sequence[Run]) -> dict[str, dict[str, Fraction]]:
    """Return every run's deltas of the cells done in full, by run and benchmark."""
    found: dict[str, dict[str, Fraction]] = {run.id: {} for run in runs}
    columns = (Cell.n_correct, Cell.baseline_n_correct, Cell.n_items)
    query = select(Cell.run_id, Cell.benchmark, *columns).where(Cell.run_id.in_(list(found)))
    for run_id, benchmark, n_correct, baseline, n_items in session.execute(query):
        if baseline is not None:
            found[run_id][benchmark] = exact_delta(n_correct, baseline, n_items=n_items)
    return found


def _worst_deltas(
    session: Session, deltas: Mapping[str, Mapping[str, Fraction]]
) -> dict[str, float]:
    """Return the worst delta over seeds per benchmark, from those of each run."""
    cells = [cell for of_run in deltas.values() for cell in of_run.items()]
    worst = {
        name: float(min(delta for cell, delta in cells if cell == name))
        for name in sorted({name for name, _ in cells})
    }
    for bounds in load_bounded(session, list(deltas)).values():
        for name, cell in bounds.items():
            if cell.delta[1] < 0:  # lost; of any other cell it is not known
                worst[name] = min(cell.delta[1], worst.get(name, cell.delta[1]))
    return worst
