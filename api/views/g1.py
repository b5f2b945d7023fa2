"""G1 rates with their split, their tests and what to read them with."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field

from api.views.base import Fraction, Interval, View, example

if TYPE_CHECKING:  # scipy takes a second to import, and help pages need none of it
    from search.rates.g1_row import G1Row, RateTest
    from search.rates.g1_row import Rotation as RowRotation
    from search.statistics import Discordances, Expected


class Exchangeability(View):
    """Whether the baseline is one of the runs: mean discordant items, all cells of a run."""

    treatment_treatment: float | None = Field(description="between two treatments")
    treatment_baseline: float = Field(description="between a treatment and the baseline")
    items: int = Field(description="items that a cell is compared on")
    law: str = Field(description="exchangeable, centre, between, apart, inert or unknown")
    sentence: str

    @classmethod
    def from_record(cls, found: Discordances) -> Self:
        """Of the mean discordances."""
        return cls(
            treatment_treatment=found.treatment_treatment,
            treatment_baseline=found.treatment_baseline,
            items=found.items,
            law=found.law,
            sentence=found.sentence,
        )


class DistinctRotation(View):
    """The rotation test over one of each group of near-duplicate runs."""

    runs: int = Field(description="the treatments tested")
    g1_p: float = Field(description="p of the G1 rate")
    strict_p: float = Field(description="p of the strict G1 rate")


class Rotation(View):
    """The rotation test: each run in turn as the baseline."""

    runs: int = Field(description="the treatments tested")
    baselines: int = Field(description="tested by themselves and combined by Fisher's method")
    g1_p: float = Field(description="p of the G1 rate")
    strict_p: float = Field(description="p of the strict G1 rate")
    adjusted_g1_p: float | None = Field(description="over all rows, Benjamini and Hochberg")
    adjusted_strict_p: float | None = Field(description="as adjusted_g1_p, of strict G1")
    num_tests: int = Field(description="rows that were corrected together")
    exchangeable: Exchangeability
    distinct: DistinctRotation | None = Field(description="null where every run is distinct")
    sentence: str

    @classmethod
    def from_record(cls, found: RowRotation) -> Self:
        """Of a row's rotation test."""
        return cls(
            runs=found.runs,
            baselines=found.baselines,
            g1_p=found.g1_p,
            strict_p=found.strict_p,
            adjusted_g1_p=found.adjusted_g1_p,
            adjusted_strict_p=found.adjusted_strict_p,
            num_tests=found.num_tests,
            exchangeable=Exchangeability.from_record(found.exchangeable),
            distinct=DistinctRotation(**asdict(found.distinct)) if found.distinct else None,
            sentence=found.sentence,
        )


class NullKind(View):
    """Null runs of one kind; kinds are never pooled."""

    runs: int = Field(description="null runs with a verdict")
    g1: int = Field(description="G1 runs among them")
    strict: int = Field(description="strict G1 runs among them")
    rate: Fraction | None
    median_discordance: float | None = Field(
        description="items of a run, all cells together, that only it or its baseline gets right"
    )


class Stratum(View):
    """The four counts of one baseline."""

    g1: int = Field(description="G1 treatments")
    runs: int = Field(description="treatments")
    null_g1: int = Field(description="G1 null runs")
    null_runs: int = Field(description="null runs")
    seed: int | None = Field(description="the seed of the stratum")


class NullTest(View):
    """The exact test against one kind of null runs, with the counts it was computed on."""

    kind: str
    method: str
    runs: int = Field(description="the treatments tested")
    g1: int = Field(description="G1 runs among them")
    null_runs: int = Field(description="the null runs tested against")
    null_g1: int = Field(description="G1 runs among these")
    strata: list[Stratum]
    p: float = Field(description="uncorrected")
    adjusted_p: float | None = Field(description="over all rows, Benjamini and Hochberg")
    num_tests: int = Field(description="tests that were corrected together")
    sentence: str

    @classmethod
    def from_record(cls, tested: RateTest) -> Self:
        """Of a row's test against null runs."""
        test = tested.found.test
        return cls(
            kind=tested.found.kind,
            method=test.method,
            runs=test.runs,
            g1=test.g1,
            null_runs=test.null_runs,
            null_g1=test.null_g1,
            strata=[Stratum(**counts) for counts in test.counts()],
            p=test.p,
            adjusted_p=tested.adjusted_p,
            num_tests=tested.num_tests,
            sentence=tested.found.sentence,
        )


class NoTest(View):
    """Why there is no test."""

    reason: str


class ExpectedG1(View):
    """G1 runs that chance alone gives: the sum of each run's own chance."""

    kind: str
    runs: int = Field(description="treatments that it is summed over")
    g1: float = Field(description="G1 runs that chance alone gives")
    rate: float = Field(description="g1 over runs, a fraction")
    interval: list[int] = Field(description="95%, over baselines, too")
    strict: float = Field(description="strict G1 runs that chance alone gives")
    strict_interval: list[int] = Field(description="95%, of strict")
    false_g1: float = Field(description="of the G1 runs found; never more than those")
    false_g1_interval: list[int] = Field(description="95%, of false_g1")
    correlation: float = Field(description="between two cells of a run")
    shared_variance: float = Field(description="of a delta, by the runs of a baseline")
    sentence: str

    @classmethod
    def from_record(cls, found: Expected) -> Self:
        """Of a row's own chances."""
        return cls(
            kind="analytic",
            runs=found.runs,
            g1=found.g1,
            rate=found.rate,
            interval=list(found.g1_interval),
            strict=found.strict,
            strict_interval=list(found.strict_interval),
            false_g1=found.false_g1,
            false_g1_interval=list(found.false_g1_interval),
            correlation=found.correlation,
            shared_variance=found.shared_variance,
            sentence=found.sentence,
        )


class G1Rate(View):
    """The G1 rate of a host, or of one value of an axis on it."""

    model_config = example(
        {
            "study": "tiny-lora-grid",
            "backbone": "tiny-qwen3",
            "adapter": "lora-r8",
            "design": "grid",
            "axis": None,
            "value": None,
            "runs": 24,
            "g1": 4,
            "strict": 3,
            "tied": 1,
            "inert": 0,
            "unsplit": 0,
            "rate": 0.16666666666666666,
            "strict_rate": 0.125,
            "interval": [0.0474, 0.3738],
            "interval_method": "clopper-pearson",
            "rotation": {
                "runs": 24,
                "baselines": 1,
                "g1_p": 0.4,
                "strict_p": 0.44,
                "adjusted_g1_p": None,
                "adjusted_strict_p": None,
                "num_tests": 1,
                "exchangeable": {
                    "treatment_treatment": 30.1,
                    "treatment_baseline": 28.4,
                    "items": 512,
                    "law": "exchangeable",
                    "sentence": "The runs differ from each other about as much as from it.",
                },
                "distinct": None,
                "sentence": "With each of the 25 runs in turn as the baseline, ...",
            },
            "rotation_reason": None,
            "null": {
                "seed": {
                    "runs": 20,
                    "g1": 2,
                    "strict": 2,
                    "rate": 0.1,
                    "median_discordance": 71.0,
                }
            },
            "test": {"reason": "No test against seed null runs: they differ on 71 items."},
            "expected": None,
        }
    )

    study: str
    backbone: str
    adapter: str
    design: str
    axis: str | None
    value: Any = Field(description="the axis's value; writeback and trainability are mappings")
    runs: int = Field(description="treatments with a verdict")
    g1: int = Field(description="strict, tied and inert together")
    strict: int = Field(description="G1 runs with a positive delta")
    tied: int = Field(description="G1 runs with every delta 0 and a changed response")
    inert: int = Field(description="G1 runs without a changed response")
    unsplit: int = Field(description="tied or inert, in records whose responses were not compared")
    rate: Fraction | None
    strict_rate: Fraction | None
    interval: Interval | None = Field(description="null for an adaptive design")
    interval_method: str | None
    rotation: Rotation | None
    rotation_reason: str | None = Field(description="why there is no rotation test")
    null: dict[str, NullKind] = Field(description="by kind: seed, sham, jitter")
    test: NullTest | NoTest
    expected: ExpectedG1 | None = Field(description="null where some run ended early")

    @classmethod
    def from_row(cls, row: G1Row) -> Self:
        """Of a row of ``search.rates``."""
        count = row.count
        return cls(
            study=count.study,
            backbone=count.backbone,
            adapter=count.adapter,
            design=count.design,
            axis=count.axis,
            value=count.value,
            runs=count.runs,
            g1=count.g1,
            strict=count.strict,
            tied=count.tied,
            inert=count.inert,
            unsplit=count.unsplit,
            rate=row.rate,
            strict_rate=row.strict_rate,
            interval=row.interval and list(row.interval),
            interval_method=row.interval_method,
            rotation=Rotation.from_record(row.rotation) if row.rotation else None,
            rotation_reason=row.rotation_reason,
            null={
                name: NullKind(
                    runs=kind.runs,
                    g1=kind.g1,
                    strict=kind.strict,
                    rate=kind.rate,
                    median_discordance=kind.median_discordance,
                )
                for name, kind in row.null.items()
            },
            test=NullTest.from_record(row.test)
            if row.test
            else NoTest(reason=row.test_reason or "There is no test."),
            expected=ExpectedG1.from_record(row.expected) if row.expected else None,
        )
