"""The paper's published figures, in the shapes of a study's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field

from api.views.base import Fraction, Interval, Percent, PointsPp, Verdict, View
from api.views.cells import Cell
from api.views.runs import Configuration


class PublishedRate(View):
    """A host's published counts with their rate and its interval."""

    study: str
    backbone: str
    adapter: str
    design: str
    runs: int = Field(description="configurations tested")
    g1: int = Field(description="G1 runs among them")
    rate: Fraction
    interval: Interval


class PublishedTotal(View):
    """The published total: counts, for each host has a baseline of its own."""

    runs: int = Field(description="configurations tested")
    g1: int = Field(description="G1 runs among them")


class PublishedChance(View):
    """The G1 rate that chance gives at the paper's own discordance."""

    kind: str
    rate: float = Field(description="a fraction")
    cells: dict[str, float] = Field(description="P(delta >= 0) by benchmark")


class PublishedCell(Cell):
    """A cell from printed scores, by way of the counts that they round from."""

    baseline_score: Percent
    delta: PointsPp


class PublishedChampion(View):
    """A host's published champion."""

    study: str
    id: str
    backbone: str
    adapter: str
    seed: int = Field(description="the seed that selected it")
    kind: str
    configuration: Configuration
    state: str
    cells: dict[str, PublishedCell]
    mean_delta: PointsPp
    g1: bool
    verdict: Verdict


class Reference(View):
    """What ``talan reference --json`` prints; deltas in pp."""

    source: str
    g1_rates: list[PublishedRate]
    total: PublishedTotal
    chance: PublishedChance
    champions: list[PublishedChampion]
    tables: dict[str, object] = Field(description="every table as published")

    @classmethod
    def from_record(cls, shape: Mapping[str, Any]) -> Self:
        """Of the published tables."""
        return cls(**shape)
