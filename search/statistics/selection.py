"""What a champion is worth once it is no longer the best of many.

Owns: the champion's winning delta beside its mean at confirmation seeds. The winner is chosen
because its delta is large, noise included, so its winning value is biased upward; the confirmation
runs were chosen by nothing, so their mean is not. The selecting seed is left out of it by refusal.
Assumes: confirmation seeds were fixed before they were seen. Does not cover: choosing among several
confirmed champions, which selects again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from search.statistics.errors import StatisticsError, at_least, finite
from search.statistics.seeds import SeedSummary, seed_summary


@dataclass(frozen=True)
class SelectionCorrected:
    """Deltas in pp.

    Attributes:
        winning: The mean delta that the configuration was chosen for.
        confirmed: Its mean delta at fresh seeds.
        optimism: Winning minus confirmed: what selection added, as far as these seeds tell.
    """

    winning: float
    confirmed: SeedSummary
    optimism: float


def correct_selection(
    winning: float, *, selection_seed: int, confirmation: Mapping[int, float]
) -> SelectionCorrected:
    """Set a winning mean delta beside the mean deltas at other seeds.

    Raises:
        StatisticsError: No confirmation seed, the selecting seed among them, or a delta that is NaN
            or infinite.
    """
    at_least(len(confirmation), 1, name="confirmation seeds")
    finite(winning, name="winning")
    if selection_seed in confirmation:
        raise StatisticsError(
            f"seed {selection_seed} selected the configuration; allowed: other seeds only"
        )
    confirmed = seed_summary(list(confirmation.values()))
    return SelectionCorrected(winning, confirmed, optimism=winning - confirmed.mean)
