"""From counts of right answers to scores, deltas and the verdict.

    score  = 100 * n_correct / n_items                              [percent]
    delta  = 100 * (n_correct - baseline_n_correct) / n_items       [percentage points]
    G1     = every delta of the run >= 0: a tie counts as not worse
    strict = G1, and at least one delta > 0
    tied   = every delta 0, and some response differs from the baseline's
    inert  = every delta 0, and no response differs from the baseline's in any byte

All of it is decided on counts, and a mean of deltas is a fraction until it is stored: two runs with
equal means tie. Where nobody compared the responses, G1 without a gain is *tied or inert*, and the
run has no word (`word` is None, `g1` True).

A cell of which only some items were asked has bounds and no score: of `n_items` items, `n_wrong`
wrong and `n_right` right so far,

    n_right <= n_correct <= n_items - n_wrong

and it is lost when even its upper bound is below the baseline's count: the run is not G1, whatever
the items that were not asked. Such a run has a verdict and neither a mean nor a worst delta.

Owns: these definitions (protocol: "Words"; the bounds are ours). Nobody else subtracts a baseline.
Does not cover: which baseline a run is matched with (`matching.py`), rates and intervals over runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from storage.errors import BaselineMismatch

STRICT, TIED, INERT, NOT_G1 = "strict", "tied", "inert", "not_g1"
VERDICTS = (STRICT, TIED, INERT, NOT_G1)
_IN_WORDS = {STRICT: "strict G1", TIED: "G1, tied", INERT: "G1, inert", NOT_G1: "not G1"}


def exact_delta(n_correct: int, baseline_n_correct: int, *, n_items: int) -> Fraction:
    """Return the delta in percentage points."""
    return Fraction(100 * (n_correct - baseline_n_correct), n_items)


def exact_mean(values: Iterable[Fraction]) -> Fraction:
    """Return the mean of at least one fraction."""
    listed = list(values)
    return sum(listed, Fraction(0)) / len(listed)


def is_not_worse(n_correct: int, baseline_n_correct: int) -> bool:
    """Return whether a cell's delta is 0 or more."""
    return n_correct >= baseline_n_correct


def all_not_worse(cells: Iterable[bool | None]) -> bool | None:
    """Return G1 from its cells; one that loses decides, else an unknown one leaves it open."""
    known = list(cells)
    if False in known:
        return False
    return None if None in known else True


@dataclass(frozen=True)
class Count:
    """Right answers on one benchmark."""

    n_correct: int
    n_items: int

    @property
    def score(self) -> float:
        """Percent of right answers."""
        return 100 * self.n_correct / self.n_items

    def delta(self, baseline: Count) -> Fraction:
        """Return the delta in percentage points."""
        return exact_delta(self.n_correct, baseline.n_correct, n_items=self.n_items)


@dataclass(frozen=True)
class Bounds:
    """What some items say of a benchmark's right answers."""

    n_right: int
    n_evaluated: int
    n_items: int

    @property
    def n_correct(self) -> tuple[int, int]:
        """Right answers over all items, at least and at most."""
        return self.n_right, self.n_items - (self.n_evaluated - self.n_right)

    def delta(self, baseline_n_correct: int) -> tuple[float, float]:
        """The delta in percentage points, at least and at most."""
        low, high = (
            float(exact_delta(n, baseline_n_correct, n_items=self.n_items)) for n in self.n_correct
        )
        return low, high

    def is_lost(self, baseline_n_correct: int) -> bool:
        """Whether the delta can no longer reach 0."""
        return not is_not_worse(self.n_correct[1], baseline_n_correct)


@dataclass(frozen=True)
class Difference:
    """A cell's items beside the baseline's; None: nobody compared.

    Args:
        helped: Items that only the run gets right.
        hurt: Items that only the baseline gets right.
        changed: Responses that differ from the baseline's in any byte.
    """

    helped: int | None = None
    hurt: int | None = None
    changed: int | None = None

    @property
    def is_changed(self) -> bool | None:
        """Whether some response differs; an item judged otherwise was answered otherwise."""
        if self.changed is not None:
            return self.changed > 0
        return True if self.helped or self.hurt else None


@dataclass(frozen=True)
class Verdict:
    """A run compared with its matched baseline; deltas in percentage points.

    `deltas` are those of the cells evaluated in full; with any other cell there is no mean.
    """

    word: str | None
    g1: bool
    deltas: Mapping[str, Fraction]
    mean_delta: Fraction | None
    worst_delta: Fraction | None


def compare(
    run: Mapping[str, Count],
    baseline: Mapping[str, Count],
    *,
    run_id: str,
    bounds: Mapping[str, Bounds] | None = None,
    differences: Mapping[str, Difference] | None = None,
) -> Verdict:
    """Compare a run with its matched baseline, benchmark by benchmark.

    `bounds` are the run's cells that were not evaluated in full.

    Raises:
        BaselineMismatch: if the two were not evaluated on the same benchmarks and item counts, or
            not in full while no cell is lost.
    """
    _require_same_items({**run, **(bounds or {})}, baseline, run_id)
    deltas = {name: run[name].delta(baseline[name]) for name in sorted(run)}
    if bounds:
        lost = [bound.is_lost(baseline[name].n_correct) for name, bound in bounds.items()]
        return _ended_early(deltas, lost=any(lost), run_id=run_id)
    found = differences or {}
    word = verdict_word(deltas.values(), [found.get(name, Difference()) for name in deltas])
    return Verdict(
        word=word,
        g1=word != NOT_G1,
        deltas=deltas,
        mean_delta=exact_mean(deltas.values()),
        worst_delta=min(deltas.values()),
    )


def verdict_word(deltas: Iterable[Fraction | int], differences: Iterable[Difference]) -> str | None:
    """Return a run's verdict from its cells; None where it is tied or inert and nobody compared.

    Of the deltas only the signs count: differences of right answers do as well.
    """
    signs = list(deltas)
    if any(delta < 0 for delta in signs):
        return NOT_G1
    if any(delta > 0 for delta in signs):
        return STRICT
    changed = [difference.is_changed for difference in differences]
    if True in changed:
        return TIED
    return None if None in changed else INERT


def in_words(*, g1: bool | None, verdict: str | None) -> str:
    """Return a run's verdict as people read it; empty where it has none."""
    if g1 is None:
        return ""
    return _IN_WORDS[verdict] if verdict else "G1, tied or inert"


def _ended_early(deltas: Mapping[str, Fraction], *, lost: bool, run_id: str) -> Verdict:
    if not lost and all(delta >= 0 for delta in deltas.values()):
        raise BaselineMismatch(
            f"run {run_id} was not evaluated in full, and none of its cells is lost: "
            "there is no verdict"
        )
    return Verdict(word=NOT_G1, g1=False, deltas=deltas, mean_delta=None, worst_delta=None)


def _require_same_items(
    run: Mapping[str, Count | Bounds], baseline: Mapping[str, Count], run_id: str
) -> None:
    if set(run) != set(baseline):
        raise BaselineMismatch(
            f"run {run_id} was evaluated on {sorted(run)} "
            f"but its matched baseline on {sorted(baseline)}"
        )
    for name, count in run.items():
        if count.n_items != baseline[name].n_items:
            raise BaselineMismatch(
                f"run {run_id} has {count.n_items} items of '{name}' "
                f"but its matched baseline has {baseline[name].n_items}"
            )
