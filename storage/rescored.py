"""Cells under other scorers, beside the recorded ones.

Owns: keeping what stored responses count for under a scorer, and comparing each run with its
matched baseline under the same scorer. Recorded cells and verdicts are never changed.
Does not cover: scoring itself, and what a study's verdicts then are (both need no SQL).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import and_, select, update
from sqlalchemy.orm import Session

from storage import records
from storage.database import Database
from storage.errors import QueryError, ResultConflict
from storage.locks import find_study, no_run
from storage.matching import match_key
from storage.models import Cell, RescoredCell, Run
from storage.new_rows import BASELINE
from storage.packing import pack_bits, unpack_bits
from storage.upserts import insert_or_replace
from storage.verdict import Count, compare


class Rescored:
    """Keeping and reading cells under other scorers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(
        self, run_id: str, *, scorer: str, version: int, outcomes: Mapping[str, Sequence[bool]]
    ) -> None:
        """Keep a run's outcomes per benchmark under a scorer; what was there is replaced.

        Raises:
            RunNotFound: if there is no such run.
            ResultConflict: if the run has no such cell, or one with another number of items.
        """
        with self._database.writing() as session:
            if session.get(Run, run_id) is None:
                raise no_run(session, run_id)
            _require_cells(session, run_id, {name: len(bits) for name, bits in outcomes.items()})
            rows = [
                {
                    "run_id": run_id,
                    "benchmark": benchmark,
                    "scorer": scorer,
                    "scorer_version": version,
                    "n_items": len(bits),
                    "n_correct": sum(map(bool, bits)),
                    "baseline_n_correct": None,
                    "delta": None,
                    "outcomes": pack_bits(bits),
                }
                for benchmark, bits in outcomes.items()
            ]
            insert_or_replace(session, RescoredCell, rows)

    def done(self, study: str, *, scorer: str, version: int) -> set[tuple[str, str]]:
        """Return which cells are kept under this version of a scorer, as (run id, benchmark)."""
        with self._database.reading() as session:
            found = find_study(session, study)
            query = (
                select(RescoredCell.run_id, RescoredCell.benchmark)
                .join(Run, Run.id == RescoredCell.run_id)
                .where(Run.study_id == found.id, RescoredCell.scorer == scorer)
                .where(RescoredCell.scorer_version == version)
            )
            return {(run_id, benchmark) for run_id, benchmark in session.execute(query)}

    def match(self, study: str, *, scorer: str, version: int) -> None:
        """Compare every kept run with its baseline, where that is kept under the same version."""
        with self._database.writing() as session:
            found = find_study(session, study)
            runs = _kept(session, found.id, scorer=scorer, version=version)
            rows = [
                {"run_id": run.id, "benchmark": name, "scorer": scorer, **comparison}
                for run, baseline in _pairs(runs)
                for name, comparison in _compare(run, baseline)
            ]
            if rows:
                session.execute(update(RescoredCell), rows)

    def cells(self, study: str, *, scorer: str) -> dict[str, dict[str, records.RescoredCell]]:
        """Return what is kept under a scorer, by run id and benchmark."""
        names = [field.name for field in fields(records.RescoredCell)]
        columns = [getattr(RescoredCell, name) for name in names]
        kept: dict[str, dict[str, records.RescoredCell]] = defaultdict(dict)
        with self._database.reading() as session:
            found = find_study(session, study)
            query = (
                select(RescoredCell.run_id, *columns)
                .join(Run, Run.id == RescoredCell.run_id)
                .where(Run.study_id == found.id, RescoredCell.scorer == scorer)
                .order_by(Run.position, Run.id, RescoredCell.benchmark)
            )
            for row in session.execute(query):
                values = dict(zip(names, row[1:], strict=True))
                kept[row[0]][row[1]] = records.RescoredCell(**values)
        return dict(kept)

    def items_changed(self, study: str, *, scorer: str) -> dict[str, int]:
        """Return per benchmark how many items' verdicts differ from the recorded ones, all runs."""
        changed: dict[str, int] = defaultdict(int)
        same = (Cell.run_id == RescoredCell.run_id, Cell.benchmark == RescoredCell.benchmark)
        with self._database.reading() as session:
            found = find_study(session, study)
            query = (
                select(RescoredCell.benchmark, RescoredCell.outcomes, Cell.outcomes)
                .join(Run, Run.id == RescoredCell.run_id)
                .join(Cell, and_(*same))
                .where(Run.study_id == found.id, RescoredCell.scorer == scorer)
            )
            for benchmark, ours, recorded in session.execute(query):
                different = int.from_bytes(ours, "big") ^ int.from_bytes(recorded, "big")
                changed[benchmark] += different.bit_count()
        return dict(changed)

    def outcomes(self, run_id: str, benchmark: str, *, scorer: str) -> tuple[bool, ...]:
        """Return right or wrong per item under a scorer, in item order.

        Raises:
            QueryError: if that cell is not kept under that scorer.
        """
        with self._database.reading() as session:
            cell = session.get(RescoredCell, (run_id, benchmark, scorer))
            if cell is None:
                raise QueryError(
                    f"run {run_id} has no cell of benchmark '{benchmark}' under '{scorer}'"
                )
            return unpack_bits(cell.outcomes, count=cell.n_items)


def _require_cells(session: Session, run_id: str, offered: Mapping[str, int]) -> None:
    query = select(Cell.benchmark, Cell.n_items).where(Cell.run_id == run_id)
    recorded = {row.benchmark: row.n_items for row in session.execute(query)}
    for benchmark, n_items in offered.items():
        if recorded.get(benchmark) != n_items:
            raise ResultConflict(
                f"run {run_id} has {recorded.get(benchmark, 0)} recorded items of '{benchmark}' "
                f"and {n_items} were scored again"
            )


@dataclass(frozen=True)
class _Kept:
    """A run's counts under one scorer."""

    id: str
    kind: str
    host: int
    baseline_seed: int
    counts: dict[str, Count]


def _kept(session: Session, study_id: int, *, scorer: str, version: int) -> list[_Kept]:
    query = (
        select(Run.id, Run.kind, Run.host_id, Run.baseline_seed)
        .add_columns(RescoredCell.benchmark, RescoredCell.n_correct, RescoredCell.n_items)
        .join(RescoredCell, RescoredCell.run_id == Run.id)
        .where(Run.study_id == study_id, RescoredCell.scorer == scorer)
        .where(RescoredCell.scorer_version == version)
    )
    runs: dict[str, _Kept] = {}
    for run_id, kind, host, seed, benchmark, n_correct, n_items in session.execute(query):
        kept = runs.setdefault(run_id, _Kept(run_id, kind, host, seed, counts={}))
        kept.counts[benchmark] = Count(n_correct, n_items)
    return list(runs.values())


def _pairs(runs: Sequence[_Kept]) -> list[tuple[_Kept, _Kept]]:
    """Return each run with its matched baseline, where that is kept."""
    baselines = {match_key(run): run for run in runs if run.kind == BASELINE}
    matched = [(run, baselines.get(match_key(run))) for run in runs]
    return [(run, other) for run, other in matched if other and run.kind != BASELINE]


def _compare(run: _Kept, baseline: _Kept) -> list[tuple[str, dict[str, Any]]]:
    """Compare the benchmarks that both have; other items raise BaselineMismatch."""
    comparisons = []
    for name in [name for name in run.counts if name in baseline.counts]:
        count, other = run.counts[name], baseline.counts[name]
        delta = float(compare({name: count}, {name: other}, run_id=run.id).deltas[name])
        comparisons.append((name, {"baseline_n_correct": other.n_correct, "delta": delta}))
    return comparisons
