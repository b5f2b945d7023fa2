"""How long runs take: completed runs' compute by study, host and kind.

Owns: counts and means, for estimates of what is left and of what a new study will cost. Does not
cover: the estimates themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from storage.database import Database
from storage.models import Host, Run, Study


@dataclass(frozen=True)
class Duration:
    """Completed runs of one kind on one host, and their mean compute in seconds.

    Attributes:
        study: The study's name.
        spec: Its specification.
        backbone: The host's backbone.
        adapter: The host's adapter, as recorded.
        kind: The kind of run.
        num_runs: How many completed runs have a duration.
        mean_s: Their mean.
    """

    study: str
    spec: Mapping[str, Any]
    backbone: str
    adapter: Mapping[str, Any]
    kind: str
    num_runs: int
    mean_s: float


class Durations:
    """Reading what runs took."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, study: str | None = None, *, backbone: str | None = None) -> list[Duration]:
        """Return what completed runs took, newest study first; of one study or backbone if named.

        A study that does not exist has none.
        """
        taken = (
            select(
                Run.host_id,
                Run.kind,
                func.count().label("num_runs"),
                func.avg(Run.compute_s).label("mean_s"),
            )
            .where(Run.state == "completed", Run.compute_s.is_not(None))
            .group_by(Run.host_id, Run.kind)
        )
        hosts = select(Host.id).join(Study, Study.id == Host.study_id)
        wanted = {Study.name: study, Host.backbone: backbone}
        hosts = hosts.where(*(key == value for key, value in wanted.items() if value is not None))
        counted = taken.where(Run.host_id.in_(hosts)).subquery()
        query = (
            select(Study.name, Study.spec, Host.backbone, Host.adapter, counted)
            .join(Host, Host.id == counted.c.host_id)
            .join(Study, Study.id == Host.study_id)
            .order_by(Study.id.desc(), Host.position, counted.c.kind)
        )
        with self._database.reading() as session:
            return [
                Duration(name, spec, found, adapter, kind, num_runs, float(mean_s))
                for name, spec, found, adapter, _, kind, num_runs, mean_s in session.execute(query)
            ]
