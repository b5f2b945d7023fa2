"""Where studies stand, a row each."""

from __future__ import annotations

from collections.abc import Sequence

from api.cli.tables.style import console, percent, show, table_of
from storage.records import StateCounts, StudyStatus


def show_studies(studies: Sequence[StudyStatus]) -> None:
    """Where studies stand, a row each."""
    if not studies:
        console.print("No study yet. Start with: talan study run FILE")
        return
    table = table_of("study", "state", "runs", "baselines", "failed", "G1", "rate")
    for study in studies:
        failed = sum(counts.failed for counts in study.kinds.values())
        table.add_row(
            study.name,
            study.state,
            _share(study.runs),
            _share(study.baselines),
            str(failed),
            f"{study.g1}/{study.scored}",
            percent(study.g1_rate),
        )
    show(table)
    for study in studies:
        if study.reason:
            console.print(f"{study.name}: {study.reason}", highlight=False, markup=False)


def _share(counts: StateCounts) -> str:
    return f"{counts.completed}/{counts.total}"
