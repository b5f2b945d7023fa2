"""G1 rates with what they are to be read beside."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from api.views.base import Answer, Interval, example


class KindRate(Answer):
    """The G1 rate of one kind of null runs."""

    runs: int
    g1: int
    rate: float | None
    interval: Interval | None = None


class NullRate(KindRate):
    """The rate of runs with the disturbance but not the mechanism; both kinds, and each alone."""

    seed: KindRate | None = None
    sham: KindRate | None = None


class RateTest(Answer):
    """Exact tests of a rate against its null rate; Fisher's is against both kinds together."""

    alternative: str
    runs: int = Field(description="the treatments tested: those at the study's first seed")
    fisher_p: float
    adjusted_p: float | None = Field(description="Holm's, over an axis's values")
    num_tests: int
    boschloo_p: float | None
    seed_fisher_p: float | None
    sham_fisher_p: float | None


class ExpectedRate(Answer):
    """What chance alone would give, computed from how often runs and baseline differ."""

    kind: str
    rate: float
    runs: int
    cells: dict[str, float] = Field(description="P(delta >= 0) by benchmark")


class G1Rate(Answer):
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
    rate: float | None
    interval: Interval
    null: NullRate | None
    axis: str | None
    value: Any = Field(description="the axis's value; writeback and trainability are mappings")
    test: RateTest | None = None
    expected: ExpectedRate | None = Field(
        default=None, description="only where the host has no null runs"
    )
