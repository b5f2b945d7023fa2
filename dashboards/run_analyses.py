"""A run's analyses as pages, figures and reports read them.

Owns: which of several analyses of one name counts (the newest that is completed, else the newest),
summaries beside their references, and the values behind them as tables. Does not cover: computing
anything (``workers.analyses``), how it looks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pyarrow.parquet as pq

from search.analyses.references import with_references
from storage import Analysis, ArtifactError, ArtifactStore, AuditStore, Run
from storage.records import LIVE

COMPLETED = "completed"


@dataclass(frozen=True)
class RunMechanism:
    """A run's analyses.

    Args:
        run: The run.
        analyses: By name, the one that counts.
        summaries: Of those that are completed, with their references.
        waiting: Names of those that are queued or under way.
    """

    run: Run
    analyses: Mapping[str, Analysis]
    summaries: Mapping[str, Mapping[str, object]]
    waiting: tuple[str, ...]

    def summary(self, name: str) -> Mapping[str, Any] | None:
        """The summary of an analysis; None where it is not done."""
        return self.summaries.get(name)


def load_mechanism(store: AuditStore, run_id: str) -> RunMechanism:
    """Read a run's analyses.

    Raises:
        RunNotFound: There is no such run.
    """
    run = store.runs.get(run_id)
    recorded = store.analyses.of_run(run_id)
    counting = _counting(recorded)
    summaries = {
        name: summary
        for name, one in counting.items()
        if (summary := with_references(store, run, one)) is not None
    }
    waiting = tuple(dict.fromkeys(one.name for one in recorded if one.state in LIVE))
    return RunMechanism(run, counting, summaries, waiting)


def read_values(
    store: AuditStore,
    found: RunMechanism,
    name: str,
    *,
    columns: Sequence[str] | None = None,
    where: Sequence[tuple[str, str, object]] | None = None,
) -> list[dict[str, Any]]:
    """The rows of an analysis' artifact; none where it is not done, or the artifact is away.

    Args:
        store: The record.
        found: The run's analyses.
        name: Which.
        columns: Only these.
        where: Only rows of which this holds, in pyarrow's words.
    """
    analysis = found.analyses.get(name)
    if analysis is None or analysis.artifact is None:
        return []
    artifacts = ArtifactStore(store.studies.get(found.run.study).artifact_url)
    try:
        data = BytesIO(artifacts.get_bytes(analysis.artifact))
    except ArtifactError:
        return []
    chosen = None if columns is None else list(columns)
    filters = None if where is None else list(where)
    rows: list[dict[str, Any]] = pq.read_table(data, columns=chosen, filters=filters).to_pylist()
    return rows


def _counting(recorded: Sequence[Analysis]) -> dict[str, Analysis]:
    counting: dict[str, Analysis] = {}
    for one in recorded:  # oldest first
        before = counting.get(one.name)
        if before is None or one.state == COMPLETED or before.state != COMPLETED:
            counting[one.name] = one
    return counting
