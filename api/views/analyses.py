"""What was computed inside a run, and inside a study's blocks.

Owns: the shape of an analysis. Its summary is the analysis' own (docs/concepts/mechanism.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Self, cast

from pydantic import Field

from api.views.base import View, example
from search.analyses.references import with_references
from storage import Analysis, AuditStore, Run

State = Literal["queued", "running", "completed", "failed"]
_EXAMPLE = {
    "state": "completed",
    "summary": {"layer": 1, "lift_off": 1, "by_layer": []},
    "artifact": f"sha256-{'0' * 64}.parquet",
    "parameters": {"items": 64},
    "seconds": 3.2,
    "error": None,
}


class AnalysisView(View):
    """One analysis with its references."""

    model_config = example(_EXAMPLE)

    state: State
    summary: dict[str, Any] | None = Field(description="as docs/concepts/mechanism.md has it")
    artifact: str | None = Field(description="Parquet with every value")
    parameters: dict[str, Any]
    seconds: float | None = Field(description="what it took a worker")
    error: str | None = Field(description="why it failed")

    @classmethod
    def from_record(cls, analysis: Analysis, *, summary: dict[str, Any] | None) -> Self:
        """Of an analysis whose summary has its references."""
        return cls(
            state=cast("State", analysis.state),
            summary=summary,
            artifact=analysis.artifact,
            parameters=dict(analysis.parameters),
            seconds=analysis.seconds,
            error=analysis.error,
        )


class RunAnalyses(View):
    """A run's analyses by name, the newest of each."""

    model_config = example({"run": "0a1b2c3d4e5f6071", "analyses": {"depth": _EXAMPLE}})

    run: str
    analyses: dict[str, AnalysisView]

    @classmethod
    def read(cls, store: AuditStore, run: Run, analyses: Sequence[Analysis]) -> Self:
        """Of a run's analyses, oldest first."""
        shown = {
            one.name: AnalysisView.from_record(one, summary=with_references(store, run, one))
            for one in analyses
        }
        return cls(run=run.id, analyses=shown)


class StudyAnalyses(View):
    """A study's analyses by name, the newest of each."""

    model_config = example({"study": "tiny-lora-grid", "analyses": {}})

    study: str
    analyses: dict[str, AnalysisView]

    @classmethod
    def read(cls, study: str, analyses: Sequence[Analysis]) -> Self:
        """Of a study's analyses, oldest first."""
        shown = {
            one.name: AnalysisView.from_record(
                one, summary=None if one.summary is None else dict(one.summary)
            )
            for one in analyses
        }
        return cls(study=study, analyses=shown)
