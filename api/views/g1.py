"""G1 rates with what they are to be read beside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field

from api.views.base import Axis, Fraction, Interval, View, example


class KindRate(View):
    """The G1 rate of one kind of null runs."""

    runs: int
    g1: int
    rate: Fraction | None
    interval: Interval | None = None
    strict: int | None = Field(default=None, description="strict G1 runs among them")
    median_discordance: float | None = Field(
        default=None, description="items a cell that only the run or only the baseline gets right"
    )


class NullRate(KindRate):
    """The rate of runs with the disturbance but not the mechanism; both kinds, and each alone."""

    seed: KindRate | None = None
    sham: KindRate | None = None
    jitter: KindRate | None = None


class RateTest(View):
    """Exact tests of a rate against its null rate; Fisher's is against both kinds together."""

    alternative: str
    runs: int = Field(description="the treatments tested: those at the study's first seed")
    fisher_p: float
    adjusted_p: float | None = Field(description="Holm's, over an axis's values")
    num_tests: int
    boschloo_p: float | None
    seed_fisher_p: float | None
    sham_fisher_p: float | None


class NoTest(View):
    """Why there is no test."""

    reason: str


class Exchangeable(View):
    """Whether the baseline is one of the runs: about equal. About twice: it is their centre."""

    treatment_treatment: float = Field(description="mean discordance of two treatments, items")
    treatment_baseline: float = Field(description="mean discordance to the baseline, items")


class Rotation(View):
    """Each completed run and the baseline in turn taken as the baseline: an exact test."""

    runs: int = Field(description="the treatments tested")
    g1_p: float = Field(description="of the G1 rate")
    strict_p: float = Field(description="of the strict G1 rate")
    exchangeable: Exchangeable


class ExpectedRate(View):
    """What chance alone would give, computed from how often runs and baseline differ."""

    kind: str
    rate: float
    runs: int
    cells: dict[str, float] = Field(description="P(delta >= 0) by benchmark")


class G1Rate(View):
    """A G1 rate with its exact 95% interval."""

    model_config = example(
        {
            "study": "tiny-lora-grid",
            "backbone": "tiny-qwen3",
            "adapter": "lora-r8",
            "design": "grid",
            "runs": 24,
            "g1": 4,
            "rate": 0.16666666666666666,
            "interval": [0.0474, 0.3738],
            "null": {
                "runs": 40,
                "g1": 3,
                "rate": 0.075,
                "interval": [0.0157, 0.2039],
                "seed": {"runs": 20, "g1": 2, "rate": 0.1, "interval": [0.0123, 0.317]},
                "sham": {"runs": 20, "g1": 1, "rate": 0.05, "interval": [0.0013, 0.2487]},
            },
            "axis": None,
            "value": None,
            "test": {
                "alternative": "two-sided",
                "runs": 24,
                "fisher_p": 0.4099,
                "adjusted_p": None,
                "num_tests": 1,
                "boschloo_p": 0.3237,
                "seed_fisher_p": 0.6731,
                "sham_fisher_p": 0.3562,
            },
            "expected": None,
        }
    )

    study: str
    backbone: str
    adapter: str
    design: str
    runs: int
    g1: int
    rate: Fraction | None
    interval: Interval | None
    null: NullRate | None
    axis: Axis | None
    value: Any = Field(description="the axis's value; writeback and trainability are mappings")
    test: RateTest | NoTest | None = None
    expected: ExpectedRate | None = Field(
        default=None, description="only where the host has no null runs"
    )
    strict: int | None = Field(default=None, description="G1 runs with a positive delta")
    tied: int | None = Field(default=None, description="G1 runs whose deltas are all 0")
    inert: int | None = Field(default=None, description="G1 runs without a changed response")
    strict_rate: Fraction | None = Field(default=None, description="strict over runs")
    rotation: Rotation | None = None

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Of a row of ``search.rates``."""
        return cls(**row)
