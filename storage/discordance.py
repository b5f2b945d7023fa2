"""How many items a run and its baseline answer differently.

Owns: reading the recorded counts (helped + hurt) for a fixed random sample of each host's
treatments: those with the smallest ids, which are hashes. A host of which some run ended early has
none: the runs evaluated in full are then no sample of its runs.
Does not cover: what follows from it (a chance rate is statistics).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from storage.models import BoundedCell, Cell, Host, Run, Study
from storage.new_rows import TREATMENT
from storage.records import Discordance


def read_discordance(
    session: Session, *, hosts: Sequence[ColumnElement[bool]], runs_per_host: int
) -> list[Discordance]:
    """Return one entry a host that has a treatment with a verdict; `hosts` narrows them down."""
    found: dict[int, Discordance] = {}
    counts: dict[str, dict[str, int]] = {}
    for row in session.execute(_compared_cells(hosts, runs_per_host)):
        host_id, study, backbone, adapter, run_id, benchmark, discordant = row
        entry = found.setdefault(host_id, Discordance(study, backbone, adapter, runs=[]))
        if run_id not in counts:
            counts[run_id] = {}
            entry.runs.append(counts[run_id])
        counts[run_id][benchmark] = discordant
    return list(found.values())


def _compared_cells(hosts: Sequence[ColumnElement[bool]], runs_per_host: int) -> Any:
    place = func.row_number().over(partition_by=Run.host_id, order_by=Run.id)
    ended_early = select(Run.host_id).join(BoundedCell, BoundedCell.run_id == Run.id)
    ranked = (
        select(Run.id, place.label("place"))
        .join(Host, Host.id == Run.host_id)
        .join(Study, Study.id == Host.study_id)
        .where(Run.kind == TREATMENT, Run.state == "completed", Run.g1.is_not(None), *hosts)
        .where(Run.host_id.not_in(ended_early))
        .subquery()
    )
    return (
        select(*(Host.id, Study.name, Host.backbone, Host.adapter_label))
        .add_columns(Run.id, Cell.benchmark, Cell.helped + Cell.hurt)
        .select_from(Run)
        .join(Host, Host.id == Run.host_id)
        .join(Study, Study.id == Host.study_id)
        .join(Cell, Cell.run_id == Run.id)
        .where(Run.id.in_(select(ranked.c.id).where(ranked.c.place <= runs_per_host)))
        .order_by(Study.id, Host.position, Run.id, Cell.benchmark)
    )
