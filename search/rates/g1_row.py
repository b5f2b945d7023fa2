"""A G1 row: the rate of one host, perhaps at one value of an axis, and what it is read beside.

Owns: the typed form of a row of ``talan g1``; every face and figure reads its fields by name. A
rate is None where there is no run. ``strict``, ``tied`` and ``inert`` add up to ``g1``, but for
``unsplit`` runs of older records: tied or inert, with responses that nobody compared.
Does not cover: computing any of it (``search.rates.g1_rates``), nor JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from search.statistics import Discordances, Expected, NullKind, NullTest
from storage.records import G1Count

HostKey = tuple[str, str, str]  # study, backbone, adapter


@dataclass(frozen=True)
class Rotation:
    """The rotation test: each run in turn as the baseline, per baseline, combined by Fisher.

    Attributes:
        runs: Treatments, all baselines together.
        baselines: How many baselines were tested by themselves and combined.
        g1_p: Of the G1 rate.
        strict_p: Of the strict G1 rate.
        exchangeable: The check beside it.
        distinct: The test over one of each group of near-duplicates; None where there is no group.
        adjusted_g1_p: After Benjamini and Hochberg, over the rows of a page by axis.
        adjusted_strict_p: The same of strict G1.
        num_tests: Rows that were corrected together; 1 where nothing was.
        sentence: What it says.
    """

    runs: int
    baselines: int
    g1_p: float
    strict_p: float
    exchangeable: Discordances
    distinct: DistinctRotation | None
    sentence: str
    adjusted_g1_p: float | None = None
    adjusted_strict_p: float | None = None
    num_tests: int = 1


@dataclass(frozen=True)
class DistinctRotation:
    """The rotation test over one of each group of near-duplicate runs."""

    runs: int
    g1_p: float
    strict_p: float


@dataclass(frozen=True)
class RateTest:
    """The test against one kind of null runs; its own counts are in ``found.test``."""

    found: NullTest
    adjusted_p: float | None = None
    num_tests: int = 1

    @property
    def p(self) -> float:
        """As tested, uncorrected."""
        return self.found.test.p

    @property
    def shown_p(self) -> float:
        """Corrected where several were tested together."""
        return self.p if self.adjusted_p is None else self.adjusted_p


@dataclass(frozen=True)
class G1Row:
    """One row.

    Attributes:
        count: Which host, design, axis and value, and the counts with their split.
        interval: Of the rate, for these baselines; None for an adaptive design.
        interval_method: What the interval is; None where there is none.
        rotation: The main test; None where ``rotation_reason`` says why.
        null: One entry a kind of null runs, by its short name.
        test: Against a kind of null runs; None where ``test_reason`` says why.
        expected: G1 runs found against the sum of each run's own chance.
    """

    count: G1Count
    interval: tuple[float, float] | None
    interval_method: str | None
    rotation: Rotation | None = None
    rotation_reason: str | None = None
    null: Mapping[str, NullKind] = field(default_factory=dict)
    test: RateTest | None = None
    test_reason: str | None = None
    expected: Expected | None = None

    @property
    def host(self) -> HostKey:
        """Study, backbone and adapter."""
        return (self.count.study, self.count.backbone, self.count.adapter)

    @property
    def rate(self) -> float | None:
        """G1 runs over runs."""
        return self.count.g1 / self.count.runs if self.count.runs else None

    @property
    def rotation_p(self) -> float | None:
        """The rotation test's p of the G1 rate, corrected where rows were tested together."""
        found = self.rotation
        if found is None:
            return None
        return found.g1_p if found.adjusted_g1_p is None else found.adjusted_g1_p

    @property
    def rotation_strict_p(self) -> float | None:
        """The same of the strict G1 rate."""
        found = self.rotation
        if found is None:
            return None
        return found.strict_p if found.adjusted_strict_p is None else found.adjusted_strict_p

    @property
    def null_p(self) -> float | None:
        """The p of the test against null runs, corrected where rows were tested together."""
        return None if self.test is None else self.test.shown_p

    @property
    def sentences(self) -> tuple[str, ...]:
        """What is said of the rate, the main test first; the same on every face."""
        found = (
            self.rotation.sentence if self.rotation else self.rotation_reason,
            self.rotation.exchangeable.sentence if self.rotation else None,
            self.expected.sentence if self.expected else None,
            self.test.found.sentence if self.test else self.test_reason,
        )
        return tuple(dict.fromkeys(sentence for sentence in found if sentence))

    @property
    def strict_rate(self) -> float | None:
        """Strict G1 runs over runs."""
        return self.count.strict / self.count.runs if self.count.runs else None
