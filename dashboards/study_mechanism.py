"""A study's analyses as figures and reports read them.

Owns: the depth curves of all runs that are analysed, as a frame, and the summaries of the study's
own analyses. Does not cover: one run's page (``dashboards.run_analyses``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from dashboards.run_analyses import RunMechanism, load_mechanism
from search.analyses.catalogue import DISCRIMINATORS, SIGNATURE
from storage import NULL_KINDS, AuditStore
from storage.records import LIVE
from workers.analyses.jobs import DEPTH

CURVE_COLUMNS = ("run", "kind", "block", "layer", "relative_l2", "block_off_relative_l2")


@dataclass(frozen=True)
class StudyMechanism:
    """A study's analyses.

    Args:
        runs: Every run that has some, null runs included, in the order of the record.
        discriminators: The newest summary; None where there is none.
        signature: Likewise.
    """

    runs: tuple[RunMechanism, ...] = ()
    discriminators: Mapping[str, Any] | None = None
    signature: Mapping[str, Any] | None = None
    waiting: tuple[str, ...] = field(default=())

    @property
    def is_empty(self) -> bool:
        """Whether nothing is analysed."""
        return not self.runs and self.discriminators is None and self.signature is None

    @property
    def curves(self) -> pd.DataFrame:
        """One row per run and layer, on prompts; ``block`` is where the run's block is."""
        rows = [
            {
                "run": found.run.id,
                "kind": found.run.kind,
                "block": summary["layer"],
                "layer": row["layer"],
                "relative_l2": row["relative_l2"],
                "block_off_relative_l2": row["block_off_relative_l2"],
            }
            for found in self.runs
            if (summary := found.summary(DEPTH)) is not None
            for row in summary["by_layer"]
        ]
        return pd.DataFrame(rows, columns=list(CURVE_COLUMNS))

    @property
    def treated(self) -> list[RunMechanism]:
        """Analysed runs that are no null runs."""
        return [found for found in self.runs if found.run.kind not in NULL_KINDS]


def load_study_mechanism(store: AuditStore, study: str) -> StudyMechanism:
    """Read a study's analyses; few queries where there are none.

    Raises:
        StudyNotFound: There is no such study.
    """
    own = store.analyses.of_study(study)
    summaries = {one.name: one.summary for one in own if one.summary is not None}
    return StudyMechanism(
        runs=tuple(load_mechanism(store, run_id) for run_id in store.analyses.run_ids(study)),
        discriminators=summaries.get(DISCRIMINATORS),
        signature=summaries.get(SIGNATURE),
        waiting=tuple(one.name for one in own if one.state in LIVE),
    )
