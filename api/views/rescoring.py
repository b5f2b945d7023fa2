"""What another scorer changes in a study. Does not cover: the counts (``search.follow_ups``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import Field

from api.views.base import PointsPp, View

Compared = Annotated[int, Field(description="with a verdict both ways")]
Changed = Annotated[int, Field(description="whose verdict is another under the scorer")]
NotWorse = Annotated[int, Field(description="cells with delta >= 0 under the scorer")]
NotWorseRecorded = Annotated[int, Field(description="cells with delta >= 0 as recorded")]
G1 = Annotated[int, Field(description="G1 runs under the scorer")]
G1Recorded = Annotated[int, Field(description="G1 runs as recorded")]


class CellChanges(View):
    """Treatment cells with a matched baseline."""

    compared: Compared
    changed: Changed
    not_worse: NotWorse
    not_worse_recorded: NotWorseRecorded


class RunChanges(View):
    """Completed treatments."""

    compared: Compared
    changed: Changed
    g1: G1
    g1_recorded: G1Recorded
    undecided: int = Field(description="completed treatments without a verdict both ways")


class BenchmarkChanges(View):
    """One benchmark's cells, and its items over all scored runs, baselines included."""

    benchmark: str
    compared: Compared
    changed: Changed
    not_worse: NotWorse
    not_worse_recorded: NotWorseRecorded
    n_items: int = Field(description="items of all scored runs")
    n_correct: int = Field(description="items right under the scorer")
    n_correct_recorded: int = Field(description="items right as recorded")
    items_changed: int = Field(description="items whose verdict is another under the scorer")


class HostChanges(View):
    """One host's completed treatments."""

    backbone: str
    adapter: str
    compared: Compared
    changed: Changed
    g1: G1
    g1_recorded: G1Recorded


class CellDeltas(View):
    """A cell and its baseline, both ways."""

    delta: PointsPp | None
    delta_recorded: PointsPp | None


class ChangedRun(View):
    """A run whose G1 is another under the scorer."""

    id: str
    backbone: str
    adapter: str
    seed: int = Field(description="seed of the run")
    configuration: dict[str, Any] | None
    g1: bool
    g1_recorded: bool
    mean_delta: PointsPp | None
    mean_delta_recorded: PointsPp | None
    cells: dict[str, CellDeltas]


class RescoringReport(View):
    """A study's verdicts under another scorer next to the recorded ones."""

    study: str
    scorer: str
    cells: CellChanges
    runs: RunChanges
    benchmarks: list[BenchmarkChanges]
    hosts: list[HostChanges]
    changed_runs: list[ChangedRun]

    @classmethod
    def from_record(cls, report: Mapping[str, object]) -> Self:
        """Of what was counted."""
        return cls.model_validate(report)
