"""G1 counts by host and axis, and champions.

Owns: the aggregates over completed runs that have a verdict. A rate is `g1 / runs`, a strict rate
`strict / runs`. A champion is strict: a run that gains nothing anywhere is nobody's best.
Does not cover: intervals and tests, which are statistics over these counts and need no SQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Integer, Subquery, case, cast, func, select

from storage.axes import axis_columns, axis_value
from storage.axis_columns import COLUMN, Column
from storage.database import Database
from storage.locks import find_study
from storage.models import Configuration, Host, Run, Study
from storage.new_rows import TREATMENT
from storage.records import G1Count
from storage.records import Run as RunRecord
from storage.run_rows import load_runs, select_runs
from storage.verdict import INERT, STRICT, TIED

_SPLIT = (STRICT, TIED, INERT)


class Rates:
    """What the completed runs amount to."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def g1_counts(
        self,
        study: str | None = None,
        *,
        backbone: str | None = None,
        adapter: str | None = None,
        by: str | None = None,
        kind: str = TREATMENT,
        seed: int | None = None,
    ) -> list[G1Count]:
        """Count runs and G1 runs per study and host, and per value of the axis `by` if named.

        `runs` are the completed runs with a verdict, of one seed if `seed` is given; hosts without
        any are left out.

        Raises:
            QueryError: if there is no such axis.
            StudyNotFound: if a study is named that does not exist.
        """
        columns = [COLUMN[name] for name in axis_columns(by).values()] if by else []
        wanted = {Host.backbone: backbone, Host.adapter_label: adapter, Study.name: study}
        asked = [column == value for column, value in wanted.items() if value is not None]
        hosts = select(Host.id).join(Study, Study.id == Host.study_id).where(*asked)
        with self._database.reading() as session:
            if study is not None:
                find_study(session, study)
            # The ids go into the query, so that only these hosts' stretch of the index is read.
            among = (Run.kind == kind, *([] if seed is None else [Run.seed == seed]))
            counted = _counted(session.scalars(hosts).all(), columns, among=among)
            query = (
                select(Study.name, Host.backbone, Host.adapter_label, Study.sampler, counted)
                .join(Host, Host.id == counted.c.host_id)
                .join(Study, Study.id == Host.study_id)
                .order_by(Study.id, Host.position, *(counted.c[3 + len(_SPLIT) :]))
            )
            return [_count(by, tuple(row)) for row in session.execute(query)]

    def champions(self, study: str | None = None) -> list[RunRecord]:
        """Return per study and host the strict G1 run with the largest mean delta.

        Ties go by position. A host without a strict run has no champion.
        """
        best_first = (Run.mean_delta.desc(), Run.position, Run.id)
        place = func.row_number().over(partition_by=Run.host_id, order_by=best_first)
        ranked = select(Run.id, place.label("place")).where(
            Run.kind == TREATMENT, Run.state == "completed", Run.verdict == STRICT
        )
        with self._database.reading() as session:
            if study is not None:
                ranked = ranked.where(Run.study_id == find_study(session, study).id)
            inner = ranked.subquery()
            first = select(inner.c.id).where(inner.c.place == 1)
            query = select_runs().where(Run.id.in_(first)).order_by(Study.id, Host.position)
            return load_runs(session, query)


def _counted(
    hosts: Sequence[int], axis: Sequence[Column], *, among: Sequence[ColumnElement[bool]]
) -> Subquery:
    """Group first, on the runs' covering index, and add the names to the few rows left."""
    query = select(
        Run.host_id,
        func.count().label("runs"),
        func.sum(cast(Run.g1, Integer)).label("g1"),
        *(func.count(case((Run.verdict == word, 1))).label(word) for word in _SPLIT),
        *axis,
    ).where(Run.host_id.in_(hosts), *among, Run.state == "completed", Run.g1.is_not(None))
    if axis:
        query = query.join(Configuration, Run.configuration_pk == Configuration.pk)
    return query.group_by(Run.host_id, *axis).subquery()


def _count(by: str | None, row: tuple[Any, ...]) -> G1Count:
    study, backbone, adapter, design, _, runs, g1, strict, tied, inert, *values = row
    return G1Count(
        study=study,
        backbone=backbone,
        adapter=adapter,
        design=design,
        axis=by,
        value=axis_value(by, tuple(values)) if by else None,
        runs=runs,
        g1=g1,
        strict=strict,
        tied=tied,
        inert=inert,
    )
