"""What all studies together amount to, for monitoring.

Owns: counts over the whole record, none of them by study, so that their number stays bounded.
Does not cover: where single studies stand (`study_status.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Integer, Row, case, cast, func, select
from sqlalchemy.orm import Session

from storage.database import Database
from storage.models import Cell, Run, Study
from storage.new_rows import TREATMENT
from storage.records import LIVE


@dataclass(frozen=True)
class RecordTotals:
    """Counts over all studies; `run_seconds` are of completed runs.

    Attributes:
        studies: Studies by state.
        runs: Runs by kind and state.
        cells: Cells recorded.
        g1: G1 runs among the treatments.
        queued_runs: Pending runs of studies that are queued or running.
        active_runs: Running runs of studies that are running.
        workers: Workers that the running studies ask for.
        seconds_up_to: How many completed runs took at most so many seconds.
        seconds_count: Completed runs with a duration.
        seconds_sum: Their durations together.
    """

    studies: Mapping[str, int]
    runs: Mapping[tuple[str, str], int]
    cells: int
    g1: int
    queued_runs: int
    active_runs: int
    workers: int
    seconds_up_to: Mapping[float, int]
    seconds_count: int
    seconds_sum: float


class Totals:
    """Counting everything."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, *, seconds: Sequence[float]) -> RecordTotals:
        """Count, in one snapshot; `seconds` are the durations to count runs up to."""
        with self._database.reading() as session:
            runs = _runs_by_study_state(session)
            up_to, count, total = _durations(session, seconds)
            # Not "state": Postgres would group by the column of that name.
            states = select(Study.standing.label("standing"), func.count().label("studies"))
            standings = states.group_by("standing")
            return RecordTotals(
                studies={row.standing: row.studies for row in session.execute(standings)},
                runs=_summed(runs),
                cells=session.scalar(select(func.count()).select_from(Cell)) or 0,
                g1=sum(row.g1 for row in runs if row.kind == TREATMENT),
                queued_runs=_count(runs, states=LIVE, run_state="pending"),
                active_runs=_count(runs, states=("running",), run_state="running"),
                workers=_workers(session),
                seconds_up_to=up_to,
                seconds_count=count,
                seconds_sum=total,
            )


def _runs_by_study_state(session: Session) -> Sequence[Row[object]]:
    """Group on the runs' own index first; few rows are left to join."""
    counted = (
        select(
            *(Run.study_id, Run.kind, Run.state),
            func.count().label("runs"),
            func.coalesce(func.sum(cast(Run.g1, Integer)), 0).label("g1"),
        )
        .group_by(Run.study_id, Run.kind, Run.state)
        .subquery()
    )
    query = select(Study.state.label("study_state"), *counted.c).join(
        counted, counted.c.study_id == Study.id
    )
    return session.execute(query).all()


def _summed(rows: Sequence[Row[Any]]) -> dict[tuple[str, str], int]:
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        counts[row.kind, row.state] = counts.get((row.kind, row.state), 0) + row.runs
    return counts


def _count(rows: Sequence[Row[Any]], *, states: Sequence[str], run_state: str) -> int:
    wanted = (row.runs for row in rows if row.study_state in states and row.state == run_state)
    return sum(wanted)


def _durations(session: Session, seconds: Sequence[float]) -> tuple[dict[float, int], int, float]:
    up_to = [func.count(case((Run.compute_s <= limit, 1))) for limit in seconds]
    total = func.coalesce(func.sum(Run.compute_s), 0.0)
    query = select(func.count(), total, *up_to).where(
        Run.state == "completed", Run.compute_s.is_not(None)
    )
    count, in_all, *counts = session.execute(query).one()
    return dict(zip(seconds, counts, strict=True)), count, float(in_all or 0)


def _workers(session: Session) -> int:
    specs = session.scalars(select(Study.spec).where(Study.state == "running"))
    return sum(workers_asked(spec) for spec in specs)


def workers_asked(spec: Mapping[str, object]) -> int:
    """How many runs a study file wants at once; 0 where it does not say."""
    resources = spec.get("resources")
    workers = resources.get("workers") if isinstance(resources, Mapping) else None
    return workers if isinstance(workers, int) else 0
