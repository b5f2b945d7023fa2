"""A run's configuration at fresh seeds. Does not cover: the figures (``search.follow_ups``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import Field

from api.views.base import IntervalPp, PointsPp, View, is_none
from api.views.runs import Configuration
from api.views.seeds import OverSeeds

if TYPE_CHECKING:
    from search.follow_ups.confirmation import Confirmation as Found
    from search.follow_ups.sequential_confirmation import Sequential
    from storage import records


class ConfirmedSeed(View):
    """The configuration's run at one fresh seed."""

    seed: int = Field(description="the fresh seed")
    run: str = Field(description="the run's id")
    g1: bool | None
    mean_delta: PointsPp | None
    deltas: dict[str, float] = Field(description="by benchmark, percentage points")

    @classmethod
    def from_record(cls, run: records.Run) -> Self:
        """Of a completed run."""
        deltas = {name: cell.delta for name, cell in run.cells.items() if cell.delta is not None}
        return cls(seed=run.seed, run=run.id, g1=run.g1, mean_delta=run.mean_delta, deltas=deltas)


class Selection(View):
    """The delta that the run was chosen for, next to what fresh seeds say."""

    winning: PointsPp
    seed: int = Field(description="the chosen run's")
    selected_from: int = Field(description="completed runs of its host")
    confirmed: PointsPp
    interval: IntervalPp | None = Field(description="of the confirmed mean")
    optimism: PointsPp = Field(description="winning minus confirmed, percentage points")


class UntilDecided(View):
    """What ``talan confirm --until`` decides by: an anytime-valid test of the mean delta."""

    level: float = Field(description="the chance of a wrong decision, at most")
    max_seeds: int = Field(description="seeds at most")
    noise_pp: float = Field(description="of a mean delta, from the chosen run's discordance")
    decision: str | None = Field(description="better, worse, or null: not decided")
    seeds: int = Field(description="completed seeds that were looked at")
    up: float = Field(description="evidence that it is better")
    down: float = Field(description="evidence that it is worse")
    needed: float = Field(description="evidence that decides")
    p: float = Field(description="valid whenever one stops")
    sentence: str

    @classmethod
    def from_record(cls, found: Sequential) -> Self:
        """Of a sequential confirmation so far."""
        verdict = found.verdict
        return cls(
            level=found.level,
            max_seeds=found.max_seeds,
            noise_pp=found.noise_pp,
            decision=verdict.decision,
            seeds=verdict.seeds,
            up=verdict.up,
            down=verdict.down,
            needed=verdict.needed,
            p=verdict.p,
            sentence=found.sentence,
        )


class Confirmation(View):
    """A run's configuration at fresh seeds, each with the baseline of that seed."""

    run: str = Field(description="the chosen run's id")
    study: str
    backbone: str
    adapter: str = Field(description="its label, such as lora-r8")
    configuration: Configuration
    studies: list[str] = Field(description="where the fresh seeds are")
    seeds: list[ConfirmedSeed] = Field(description="those with a verdict")
    failed: list[int] = Field(description="seeds without a verdict; they are in no number")
    cells: dict[str, OverSeeds] = Field(description="by benchmark")
    mean_delta: OverSeeds = Field(description="of each seed's mean over benchmarks")
    pooled: OverSeeds = Field(
        description="every benchmark and seed at once; described and not tested, since they share "
        "baselines"
    )
    g1_seeds: int = Field(description="seeds at which no benchmark loses")
    selection: Selection
    until: UntilDecided | None = Field(
        default=None, exclude_if=is_none, description="where seeds were added until it was decided"
    )

    @classmethod
    def from_record(cls, found: Found, *, until: Sequential | None = None) -> Self:
        """Of a confirmation."""
        run, table, selection = found.origin.run, found.table, found.selection
        ends = selection.confirmed.interval
        return cls(
            run=run.id,
            study=run.study,
            backbone=run.backbone,
            adapter=run.adapter,
            configuration=Configuration.model_validate(found.origin.configuration),
            studies=list(found.studies),
            seeds=[ConfirmedSeed.from_record(confirmed) for confirmed in found.runs],
            failed=list(found.failed),
            cells={name: OverSeeds.from_record(cell) for name, cell in table.cells.items()},
            mean_delta=OverSeeds.from_record(table.seeds),
            pooled=OverSeeds.from_record(table.pooled),
            g1_seeds=table.g1_seeds,
            selection=Selection(
                winning=selection.winning,
                seed=run.seed,
                selected_from=found.selected_from,
                confirmed=selection.confirmed.mean,
                interval=None if ends is None else list(ends),
                optimism=selection.optimism,
            ),
            until=None if until is None else UntilDecided.from_record(until),
        )
