"""Many comparisons looked at together.

Owns: two corrections. ``benjamini_hochberg`` adjusts the p-values of all values of all axes on a
page, so that among those called different at level a the expected share of false ones is at most a
(Benjamini and Hochberg, 1995; it holds under the positive dependence of tests against one
reference, Benjamini and Yekutieli, 2001). ``dunnett`` compares an ablation's neighbours with the
centre that all of them share, and keeps the chance of any false alarm among them at its level
(Dunnett, 1955).
Does not cover: choosing the comparisons; they are all values of the page, looked at or not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import dunnett as scipy_dunnett
from scipy.stats import false_discovery_control

from search.statistics.errors import StatisticsError, all_finite, share


@dataclass(frozen=True)
class Dunnett:
    """Neighbours against their centre, or the reason why there is no test.

    Attributes:
        p: Two-sided p by neighbour, corrected over all of them; empty where there is none.
        comparisons: How many were compared.
        reason: Why there is no p; None where there is.
    """

    p: Mapping[str, float]
    comparisons: int
    reason: str | None


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjusted p-values, in the order given; of none, none.

    Raises:
        StatisticsError: A p-value outside [0, 1].
    """
    for p in p_values:
        share(p, name="p")
    if not p_values:
        return ()
    return tuple(map(float, false_discovery_control(p_values, method="bh")))


def dunnett(neighbours: Mapping[str, Sequence[float]], *, centre: Sequence[float]) -> Dunnett:
    """Compare each neighbour's deltas with the centre's, one delta a seed.

    Seeds that both share a baseline make the groups resemble each other, which the test does not
    use: it is then too careful, never too bold. The p-values come from a seeded integration.

    Raises:
        StatisticsError: No neighbour, or a delta that is NaN or infinite.
    """
    if not neighbours:
        raise StatisticsError("there is no neighbour; allowed: at least one")
    groups = {
        name: np.array(all_finite(values, name="delta"), dtype=float)
        for name, values in neighbours.items()
    }
    control = np.array(all_finite(centre, name="delta"), dtype=float)
    reason = _no_spread(list(groups.values()), control)
    if reason is not None:
        return Dunnett({}, comparisons=len(groups), reason=reason)
    found = scipy_dunnett(*groups.values(), control=control, rng=np.random.default_rng(0))
    p = {
        name: min(1.0, max(0.0, float(value)))
        for name, value in zip(groups, found.pvalue, strict=True)
    }
    return Dunnett(p, comparisons=len(groups), reason=None)


def _no_spread(groups: Sequence[np.ndarray], control: np.ndarray) -> str | None:
    sizes = [len(group) for group in (*groups, control)]
    if min(sizes) < 2:
        return "One seed shows no spread: no test of the neighbours."
    if all(
        np.ptp(group) <= 1e-12 * max(1.0, float(np.abs(group).max()))
        for group in (*groups, control)
    ):
        return "No configuration's deltas differ between seeds: no spread, no test."
    return None
