"""Where studies stand."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field

from api.views.base import Fraction, View, example, is_none
from storage import records
from storage.new_rows import NULL_KINDS

StudyState = Literal["queued", "running", "stopped", "completed", "failed"]

COUNTS = {"total": 24, "completed": 20, "running": 2, "failed": 0, "pending": 2}
STATUS = {
    "name": "tiny-lora-grid",
    "state": "running",
    "runs": COUNTS,
    "baselines": {"total": 1, "completed": 1, "running": 0, "failed": 0, "pending": 0},
    "g1": {"count": 3, "rate": 0.15, "strict": 2, "tied": 1, "inert": 0},
}


class Counts(View):
    """How many runs are in which state."""

    model_config = example(COUNTS)

    total: int = Field(description="runs")
    completed: int = Field(description="runs with results")
    running: int = Field(description="runs in flight")
    failed: int = Field(description="runs that ended in an error")
    pending: int = Field(description="runs still to come")

    @classmethod
    def from_record(cls, counts: records.StateCounts) -> Self:
        """Of one kind of runs."""
        return cls(
            total=counts.total,
            completed=counts.completed,
            running=counts.running,
            failed=counts.failed,
            pending=counts.pending,
        )


class G1Share(View):
    """G1 runs so far, their share of the completed treatments, and how they split."""

    count: int = Field(description="G1 runs")
    rate: Fraction | None = Field(description="of the completed treatments; null while none is")
    strict: int = Field(description="with a positive delta")
    tied: int = Field(description="every delta 0, other responses than the baseline's")
    inert: int = Field(description="every response the baseline's")


class StudyStatus(View):
    """Where a study stands; ``runs`` are its treatments."""

    model_config = example(STATUS)

    name: str = Field(description="the study's name")
    state: StudyState
    runs: Counts
    baselines: Counts
    g1: G1Share
    nulls: dict[str, Counts] | None = Field(
        default=None,
        exclude_if=is_none,
        description="null runs by kind; absent where the study has none",
    )
    reason: str | None = Field(
        default=None,
        exclude_if=is_none,
        description="why it waits, failed or stopped; absent where its state says it all",
    )

    @classmethod
    def from_record(cls, status: records.StudyStatus) -> Self:
        """Of a study as it stands."""
        nulls = {kind: status.kinds[kind] for kind in NULL_KINDS if kind in status.kinds}
        return cls(
            name=status.name,
            state=status.state,  # type: ignore[arg-type]  # checked here
            runs=Counts.from_record(status.runs),
            baselines=Counts.from_record(status.baselines),
            g1=G1Share(
                count=status.g1,
                rate=status.g1_rate,
                strict=status.strict,
                tied=status.tied,
                inert=status.inert,
            ),
            nulls={kind: Counts.from_record(counts) for kind, counts in nulls.items()} or None,
            reason=status.reason,
        )
