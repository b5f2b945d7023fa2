"""Runs as users read them: one, a page of them, all of them.

Owns: filters put to work, the orders, and pages by cursor. Each page is one snapshot; a run that
does not move in the order appears exactly once over all pages, whatever is added meanwhile.
Does not cover: aggregates (`rates.py`, `study_status.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    UnaryExpression,
    and_,
    asc,
    desc,
    false,
    literal,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from storage.axes import AXES, to_columns
from storage.axis_columns import COLUMN
from storage.bounded_cells import bounded_answers
from storage.cursors import read_cursor, write_cursor
from storage.database import Database
from storage.errors import QueryError
from storage.locks import find_study, no_run
from storage.matching import is_baseline_of
from storage.models import Cell, Host, Provenance, Run
from storage.new_rows import BASELINE
from storage.packing import unpack_bits, unpack_floats
from storage.paired_outcomes import PairedOutcomes, read_paired_outcomes
from storage.pairing import rests_on
from storage.records import Run as RunRecord
from storage.records import RunFilter, RunPage
from storage.run_filters import conditions
from storage.run_rows import RunQuery, load_runs, select_runs

Condition = ColumnElement[bool]
Order = tuple[ColumnElement[Any] | InstrumentedAttribute[Any], ...]

_BY_POSITION: Order = (Run.position, Run.id)
_LARGEST_FIRST = {"mean_delta": Run.mean_delta, "worst_delta": Run.worst_delta, "g1": Run.g1}
_SMALLEST_FIRST = {
    name: COLUMN[column]
    for name, columns in AXES.items()
    if len(columns) == 1
    for column in columns.values()
}
SORTS = ("position", *_LARGEST_FIRST, *_SMALLEST_FIRST)
_EVERYTHING = RunFilter()


class Runs:
    """Reading runs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self,
        study: str,
        where: RunFilter = _EVERYTHING,
        *,
        sort: str = "position",
        limit: int = 100,
        cursor: str | None = None,
    ) -> RunPage:
        """Return the next runs of a listing.

        Sorts: `position` (the order of the plan); `mean_delta`, `worst_delta` and `g1` (largest
        first); an axis (smallest first). Ties go by position, runs without such a value last.

        Raises:
            QueryError: for an unknown sort, state or axis, a limit below 1, or a wrong cursor.
        """
        if sort not in SORTS:
            raise QueryError(f"there is no sort '{sort}'; use one of {', '.join(SORTS)}")
        if limit < 1:
            raise QueryError(f"the limit is {limit}; it must be 1 or more")
        place = read_cursor(cursor, sort=sort) if cursor else None
        with self._database.reading() as session:
            found = find_study(session, study)
            query = select_runs().where(Run.study_id == found.id, *conditions(where))
            runs = _in_order(session, query, sort=sort, place=place, limit=limit + 1)
        return _page(runs, sort=sort, limit=limit)

    def get(self, run_id: str) -> RunRecord:
        """Return one run with its cells."""
        with self._database.reading() as session:
            runs = load_runs(session, select_runs().where(Run.id == run_id))
            if not runs:
                raise no_run(session, run_id)
            return runs[0]

    def ids_beginning(self, study: str, starts: Sequence[str]) -> list[str]:
        """Return the ids of a study's runs that begin with one of some hex digits, by position."""
        begins = or_(false(), *(Run.id.startswith(start, autoescape=True) for start in starts))
        with self._database.reading() as session:
            found = find_study(session, study)
            query = select(Run.id).where(Run.study_id == found.id, begins).order_by(*_BY_POSITION)
            return list(session.scalars(query))

    def baseline_of(self, run: RunRecord) -> RunRecord | None:
        """Return the baseline that a run is matched with, done or not; None for a baseline."""
        baseline = aliased(Run)
        matched = select(baseline.id).join(Run, is_baseline_of(baseline, Run))
        other = matched.where(Run.id == run.id, Run.kind != BASELINE)
        with self._database.reading() as session:
            found = load_runs(session, select_runs().where(Run.id.in_(other)))
        return found[0] if found else None

    def iterate(self, study: str, where: RunFilter = _EVERYTHING) -> Iterator[RunRecord]:
        """Yield all runs in order of position, a page at a time (export)."""
        cursor: str | None = None
        while True:
            page = self.page(study, where, limit=1000, cursor=cursor)
            yield from page.runs
            cursor = page.next_cursor
            if cursor is None:
                return

    def distances(self, study: str, *, kind: str) -> list[tuple[int, int, float]]:
        """Return host, seed of the baseline and distance from it, of completed runs of a kind.

        Runs whose distance was not measured are left out.
        """
        columns = (Host.position, Run.baseline_seed, Run.kl_to_baseline)
        with self._database.reading() as session:
            found = find_study(session, study)
            query = (
                select(*columns)
                .join(Host, Run.host_id == Host.id)
                .where(Run.study_id == found.id, Run.kind == kind, Run.state == "completed")
                .where(Run.kl_to_baseline.is_not(None))
                .order_by(*_BY_POSITION)
            )
            return [(host, seed, kl or 0.0) for host, seed, kl in session.execute(query)]

    def losses(self, run_id: str) -> tuple[float, ...]:
        """Return a run's training losses by step; empty until it has finished."""
        with self._database.reading() as session:
            row = session.execute(select(Run.losses).where(Run.id == run_id)).first()
            if row is None:
                raise no_run(session, run_id)
            return unpack_floats(row[0] or b"")

    def error_detail(self, run_id: str) -> str | None:
        """Return what a failed run's error came with: a traceback, or None."""
        with self._database.reading() as session:
            row = session.execute(select(Run.error_detail).where(Run.id == run_id)).first()
            if row is None:
                raise no_run(session, run_id)
            return row[0]

    def rests_on(self, run_id: str) -> dict[str, str]:
        """Return what a run's verdict rests on, by name; empty where nobody kept it."""
        with self._database.reading() as session:
            if session.get(Run, run_id) is None:
                raise no_run(session, run_id)
            return rests_on(session, run_id)

    def method_notes(self, study: str) -> dict[str, dict[str, object]]:
        """Return what completed runs of methods noted of themselves, by run: cost, choices."""
        with self._database.reading() as session:
            found = find_study(session, study)
            query = (
                select(Run.id, Provenance.data)
                .join(Provenance, Run.provenance_hash == Provenance.hash)
                .where(Run.study_id == found.id, Run.method.is_not(None))
            )
            return {run_id: data.get("method") or {} for run_id, data in session.execute(query)}

    def provenance(self, run_id: str) -> dict[str, Any]:
        """Return what produced a run; empty where it is not over, or nobody kept it."""
        with self._database.reading() as session:
            run = session.get(Run, run_id)
            if run is None:
                raise no_run(session, run_id)
            found = session.get(Provenance, run.provenance_hash or "")
            return {} if found is None else dict(found.data)

    def answers(self, run_id: str) -> dict[str, dict[int, bool]]:
        """Return right or wrong of every item that was asked, by benchmark and item number.

        Unlike `outcomes`, with the benchmarks that were not evaluated in full.
        """
        with self._database.reading() as session:
            if session.get(Run, run_id) is None:
                raise no_run(session, run_id)
            query = select(Cell.benchmark, Cell.outcomes, Cell.n_items)
            whole = {
                name: dict(enumerate(unpack_bits(bits, count=count)))
                for name, bits, count in session.execute(query.where(Cell.run_id == run_id))
            }
            return {**whole, **bounded_answers(session, run_id)}

    def outcomes(self, run_id: str, benchmark: str) -> tuple[bool, ...]:
        """Return right or wrong per item, in item order.

        Raises:
            QueryError: if the run has no such cell.
        """
        with self._database.reading() as session:
            cell = session.get(Cell, (run_id, benchmark))
            if cell is None and session.get(Run, run_id) is None:
                raise no_run(session, run_id)
            if cell is None:
                raise QueryError(f"run {run_id} has no cell of benchmark '{benchmark}'")
            return unpack_bits(cell.outcomes, count=cell.n_items)

    def paired_outcomes(self, study: str) -> list[PairedOutcomes]:
        """Return all treatments' outcomes with their baselines', those evaluated in full."""
        with self._database.reading() as session:
            return read_paired_outcomes(session, find_study(session, study))


def _in_order(
    session: Session, query: RunQuery, *, sort: str, place: list[Any] | None, limit: int
) -> list[RunRecord]:
    """Read the order's segments one after the other until there are enough runs.

    Each segment is a stretch of one index, so that a page deep in the listing costs what the first
    one does.
    """
    runs: list[RunRecord] = []
    for condition, order in _segments(sort, place):
        if len(runs) < limit:
            segment = query.where(condition).order_by(*order).limit(limit - len(runs))
            runs += load_runs(session, segment)
    return runs


def _segments(sort: str, place: list[Any] | None) -> list[tuple[Condition, Order]]:
    """Return what is left of an order behind a place, as conditions with the order within each."""
    further = tuple_(Run.position, Run.id) > tuple_(*place[1:]) if place else true()
    if sort == "position":
        return [(further, _BY_POSITION)]
    column, before = _order(sort)
    in_order: Order = (before(column), *_BY_POSITION)
    if place is None:
        return [(column.is_not(None), in_order), (column.is_(None), _BY_POSITION)]
    if place[0] is None:
        return [(and_(column.is_(None), further), _BY_POSITION)]
    value = literal(_fitting(column, place[0]), column.type)
    past = column > value if before is asc else column < value
    return [
        (and_(column == value, further), _BY_POSITION),
        (past, in_order),
        (column.is_(None), _BY_POSITION),
    ]


def _order(sort: str) -> tuple[InstrumentedAttribute[Any], Callable[[Any], UnaryExpression[Any]]]:
    if sort in _LARGEST_FIRST:
        return _LARGEST_FIRST[sort], desc
    return _SMALLEST_FIRST[sort], asc


def _fitting(column: InstrumentedAttribute[Any], value: object) -> Any:
    """Refuse a cursor's value that its column cannot be compared with."""
    kind = column.type.python_type
    if type(value) is kind or (kind is float and type(value) is int):
        return value
    raise QueryError(f"the cursor goes on at '{value}', which is not a value of '{column.key}'")


def _page(runs: list[RunRecord], *, sort: str, limit: int) -> RunPage:
    kept = tuple(runs[:limit])
    if len(runs) <= limit:
        return RunPage(kept, None)
    last = kept[-1]
    value = None if sort == "position" else _sorted_by(last, sort)
    return RunPage(kept, write_cursor(sort, [value, last.position, last.id]))


def _sorted_by(run: RunRecord, sort: str) -> object:
    """Return the value that a run is ordered by."""
    if sort in _LARGEST_FIRST:
        return getattr(run, sort)
    return to_columns(run.configuration)[sort] if run.configuration else None
