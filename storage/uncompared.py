"""Older records: cells whose responses nobody compared with the baseline's, and comparing them now.

Owns: which they are, and keeping what the stored responses tell: `changed` per cell, the verdict of
a run that was tied or inert for all that was known, and a baseline's digests, so that runs to come
are compared with it.
Does not cover: reading the responses (they are not in the database).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from storage.database import Database
from storage.kept_digests import keep_digests
from storage.matching import is_baseline_of
from storage.models import Cell, ResponseDigests, Run, Study
from storage.new_rows import BASELINE
from storage.verdict import Difference, exact_delta, verdict_word


@dataclass(frozen=True)
class UncomparedCell:
    """A cell with the artifacts of its responses and of its baseline's."""

    run_id: str
    benchmark: str
    responses: str
    baseline_responses: str


class Uncompared:
    """Comparing what older programs did not."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def baselines(self, study: str) -> dict[str, dict[str, str]]:
        """Return the baselines without digests: artifacts of responses by run and benchmark."""
        kept = select(ResponseDigests.run_id)
        found: dict[str, dict[str, str]] = {}
        with self._database.reading() as session:
            query = (
                select(Cell.run_id, Cell.benchmark, Cell.responses_artifact)
                .join(Run, Run.id == Cell.run_id)
                .join(Study, Study.id == Run.study_id)
                .where(Study.name == study, Run.kind == BASELINE, Cell.run_id.not_in(kept))
            )
            for run_id, benchmark, artifact in session.execute(query):
                found.setdefault(run_id, {})[benchmark] = artifact
        return found

    def cells(self, study: str) -> list[UncomparedCell]:
        """Return cells that were matched and not compared, whole runs in order of their ids."""
        baseline, theirs = aliased(Run), aliased(Cell)
        with self._database.reading() as session:
            query = (
                select(Cell.run_id, Cell.benchmark, Cell.responses_artifact)
                .add_columns(theirs.responses_artifact)
                .join(Run, Run.id == Cell.run_id)
                .join(Study, Study.id == Run.study_id)
                .join(baseline, is_baseline_of(baseline, Run))
                .join(theirs, theirs.run_id == baseline.id)
                .where(
                    Study.name == study, Run.kind != BASELINE, theirs.benchmark == Cell.benchmark
                )
                .where(Cell.baseline_n_correct.is_not(None), Cell.changed.is_(None))
                .order_by(Cell.run_id, Cell.benchmark)
            )
            return [UncomparedCell(*row) for row in session.execute(query)]

    def keep_digests(self, run_id: str, digests: Mapping[str, bytes]) -> None:
        """Keep a baseline's digests by benchmark."""
        with self._database.writing() as session:
            keep_digests(session, run_id, digests)

    def record(self, changed: Mapping[tuple[str, str], int]) -> None:
        """Keep how many responses changed, by run and benchmark; verdicts follow."""
        with self._database.writing() as session:
            for (run_id, benchmark), number in changed.items():
                session.get_one(Cell, (run_id, benchmark)).changed = number
            session.flush()
            for run_id in sorted({run_id for run_id, _ in changed}):
                _judge_again(session, session.get_one(Run, run_id))


def _judge_again(session: Session, run: Run) -> None:
    """Say whether a G1 run that gains nothing is tied or inert; no other verdict can change."""
    if run.g1 is not True:
        return
    cells: Sequence[Cell] = session.scalars(select(Cell).where(Cell.run_id == run.id)).all()
    run.verdict = verdict_word(
        [exact_delta(c.n_correct, c.baseline_n_correct or 0, n_items=c.n_items) for c in cells],
        [Difference(cell.helped, cell.hurt, cell.changed) for cell in cells],
    )
