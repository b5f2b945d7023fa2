"""A G1 row: the rate of one host, perhaps at one value of an axis, and what it is read beside.

Owns: the typed form of a row of ``talan g1``; every face and figure reads its fields by name. A
rate is None where there is no run. ``strict``, ``tied`` and ``inert`` add up to ``g1``, but for
``unsplit`` runs of older records: tied or inert, with responses that nobody compared.
Does not cover: computing any of it (``search.rates.g1_rates``), nor JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from storage.records import G1Count

Interval = tuple[float, float]


@dataclass(frozen=True)
class Exchangeable:
    """Mean discordant items, treatment to treatment and treatment to baseline."""

    treatment_treatment: float
    treatment_baseline: float


@dataclass(frozen=True)
class Rotation:
    """The rotation test: each run in turn as the baseline."""

    runs: int
    g1_p: float
    strict_p: float
    exchangeable: Exchangeable


@dataclass(frozen=True)
class NullRate:
    """Null runs of one kind, never pooled with another."""

    runs: int
    g1: int
    strict: int
    rate: float | None
    median_discordance: float | None


@dataclass(frozen=True)
class RateTest:
    """A test against one kind of null runs, with the counts that it was computed on."""

    kind: str
    runs: int
    g1: int
    null_runs: int
    null_g1: int
    p: float
    sentence: str


@dataclass(frozen=True)
class NoTest:
    """Why there is no test, in one sentence."""

    reason: str


@dataclass(frozen=True)
class G1Row:
    """One row; ``null`` holds one entry a kind of null runs, by its short name."""

    count: G1Count
    rate: float | None
    interval: Interval | None
    strict_rate: float | None
    rotation: Rotation | None = None
    null: Mapping[str, NullRate] = field(default_factory=dict)
    test: RateTest | NoTest | None = None
    expected: Mapping[str, Any] | None = None

    @property
    def host(self) -> tuple[str, str, str]:
        """Study, backbone and adapter."""
        return (self.count.study, self.count.backbone, self.count.adapter)
