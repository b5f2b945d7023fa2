"""All that a report says, as values and tables of text, before it looks like anything.

Owns: gathering it from the record. Does not cover: the sentences (``verdicts``, ``caveats``), the
tables' rows (``tables``), HTML and Markdown (``render``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dashboards.follow_up_tables import ablation_table, confirmed_table
from dashboards.rates import rate_rows
from dashboards.report.caveats import caveats
from dashboards.report.mechanism_table import mechanism_table
from dashboards.report.methods_table import methods_table
from dashboards.report.statistics_tables import sign_table, variance_table
from dashboards.report.tables import (
    axis_table,
    champion_table,
    failed_table,
    protocol_table,
    provenance_table,
    rate_table,
)
from dashboards.report.verdicts import headline, verdicts
from dashboards.story import tell
from dashboards.study_frames import StudyRecord, load_record, with_importance
from dashboards.text_table import Table
from search.follow_ups.recorded import ablations, confirmations
from search.methods.rows import method_rows
from search.methods.summaries import summarised
from search.rates.g1_rates import adjusted
from search.rates.g1_row import G1Row
from search.rates.host_worths import host_worths
from search.study.axes import AXIS_NAMES
from storage import AuditStore
from storage.records import StudyStatus


@dataclass(frozen=True)
class StudyReport:
    """A study's report.

    Args:
        record: What the figures read, with importance.
        at: When the record was read.
        state: The study's state.
        headline: What was audited, in a sentence or two.
        story: What came of it, in plain sentences.
        verdicts: One sentence per host: its G1 rate against chance.
        caveats: What to keep in mind, only what applies to this study.
        rates: G1 rates by host.
        varies: What deltas vary by, by host.
        signs: Sign tests.
        confirmed: Runs that were confirmed at fresh seeds; None where none was.
        ablated: One axis at a time around runs, a table each.
        champions: Each host's best G1 run.
        axes: G1 rates by the value of each axis.
        mechanism: Analysed runs; None where none is.
        methods: Methods other than TALAN; None where the study has none.
        failed: Runs that failed; None where none did.
        protocol: What was asked for.
        provenance: What produced the runs.
        spec: The study file with all defaults.
    """

    record: StudyRecord
    at: datetime
    state: str
    headline: str
    story: tuple[str, ...]
    verdicts: tuple[str, ...]
    caveats: tuple[str, ...]
    rates: Table
    champions: Table
    varies: Table
    signs: Table
    confirmed: Table | None
    ablated: tuple[Table, ...]
    axes: tuple[Table, ...]
    mechanism: Table | None
    methods: Table | None
    failed: Table | None
    protocol: Table
    provenance: Table
    spec: Mapping[str, Any]


def load_report(store: AuditStore, name: str) -> StudyReport:
    """Gather a study's report.

    Raises:
        StudyNotFound: There is no such study.
    """
    record = with_importance(store, load_record(store, name))
    status = store.studies.status(name)
    rows = rate_rows(record)
    confirmed = {found.origin.run.id: found for found in confirmations(store, name)}
    champions = {
        run_id: confirmed[run_id] for run_id in record.champions["id"] if run_id in confirmed
    }
    worths = host_worths(store, name)
    return StudyReport(
        record=record,
        at=datetime.now(UTC),
        state=record.state,
        headline=headline(record, status=status),
        story=tell(store, name, rows=rows),
        verdicts=verdicts(rows),
        caveats=caveats(record, status=status, rows=rows, confirmed=champions),
        rates=rate_table(rows),
        champions=champion_table(record, confirmed=champions, worths=worths),
        varies=variance_table(worths),
        signs=sign_table(record, confirmed=champions),
        confirmed=confirmed_table(list(confirmed.values())) if confirmed else None,
        ablated=tuple(ablation_table(found) for found in ablations(store, name)),
        axes=_axis_tables(record),
        mechanism=mechanism_table(record.mechanisms[0]),
        methods=methods_table(summarised(method_rows(store, name))),
        failed=failed_table(record),
        protocol=protocol_table(record, status=status),
        provenance=provenance_table(record.studies[0], store.studies.provenance(name)),
        spec=record.studies[0].spec,
    )


def _axis_tables(record: StudyRecord) -> tuple[Table, ...]:
    """Of the axes that have several values."""
    varied = [axis for axis in AXIS_NAMES if record.scored[axis].nunique(dropna=False) > 1]
    rows = [row for axis in varied for row in rate_rows(record, by=axis)]
    by_axis: dict[str, list[G1Row]] = {}
    for row in adjusted(rows):  # over all values of all axes: one page
        by_axis.setdefault(str(row.count.axis), []).append(row)
    return tuple(axis_table(axis, found) for axis, found in by_axis.items())


__all__ = ["StudyReport", "StudyStatus", "load_report"]
