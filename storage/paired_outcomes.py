"""Every treatment of a study on every item, with its matched baseline's outcomes.

Owns: reading the packed bits of a whole study at once, one row per cell. Only runs with a verdict,
evaluated in full, whose baseline is on record. Does not cover: what follows from them.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import and_, select
from sqlalchemy.orm import Session, aliased

from storage.matching import is_baseline_of
from storage.models import Cell, Configuration, Host, Run, Study
from storage.new_rows import TREATMENT


@dataclass(frozen=True)
class PairedOutcomes:
    """One cell; bits are one an item, most significant first (`packing.py`)."""

    backbone: str
    adapter: str
    configuration_id: str
    run_id: str
    seed: int
    verdict: str | None
    benchmark: str
    n_items: int
    outcomes: bytes
    baseline_outcomes: bytes


def read_paired_outcomes(session: Session, study: Study) -> list[PairedOutcomes]:
    """Return the study's cells by host, configuration, seed and benchmark."""
    baseline, theirs = aliased(Run), aliased(Cell)
    query = (
        select(Host.backbone, Host.adapter_label, Configuration.configuration_id)
        .add_columns(Run.id, Run.seed, Run.verdict)
        .add_columns(Cell.benchmark, Cell.n_items, Cell.outcomes, theirs.outcomes)
        .select_from(Run)
        .join(Host, Host.id == Run.host_id)
        .join(Configuration, Configuration.pk == Run.configuration_pk)
        .join(baseline, is_baseline_of(baseline, Run))
        .join(Cell, Cell.run_id == Run.id)
        .join(theirs, and_(theirs.run_id == baseline.id, theirs.benchmark == Cell.benchmark))
        .where(Run.study_id == study.id, Run.kind == TREATMENT, Run.state == "completed")
        .where(Run.mean_delta.is_not(None), Run.g1.is_not(None))
        .where(theirs.n_items == Cell.n_items)
        .order_by(Host.position, Run.position, Run.id, Cell.benchmark)
    )
    return [PairedOutcomes(*row) for row in session.execute(query)]
