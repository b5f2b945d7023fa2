"""One seed after another, until it is decided: a test that may be looked at after every seed.

Owns: the decision whether a configuration's mean delta over seeds is above or below 0, valid
whenever one stops. Two bettors start with capital 1: one bets on seeds above 0, one on seeds below.
With x[t] the mean delta at the t-th seed and f in {0.5, 0.98} the share of the capital at stake,

    b[t]  = 3 * max(noise, sd(x[1..t-1]))                       set before x[t] is seen
    up[t] = mean over f of the product over s <= t of (1 + f * clip(x[s] / b[s], -1, 1))

and ``down`` the same of -x. If the clipped deltas have mean 0 each is a nonnegative martingale, so
that by Ville's inequality P(either ever reaches 2 / level) <= level, however and whenever seeds are
added. This is betting on a bounded mean (Waudby-Smith and Ramdas, *Estimating means of bounded
random variables by betting*, JRSS B 86 (2024), https://arxiv.org/abs/2010.09686), with bounds from
the items: without them a delta lies within 100 pp and a bet on it could win next to nothing.

Exact where no delta lies beyond b (any shape, any skew) and where deltas are symmetric about 0
(any size: clipping keeps the symmetry); treatment and baseline exchangeable at a fresh seed is such
a case. Long one-sided tails beyond b are cut: the tests measure what that costs.
Assumes: seeds are independent, their order settled before their results.
Does not cover: which seeds (``search.follow_ups``), how large the delta is (``seeds``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from search.statistics.errors import StatisticsError, all_finite, within

BETTER, WORSE = "better", "worse"
_STAKES = (0.5, 0.98)
_WIDTHS = 3.0  # how many noises a delta may be from 0 before it is cut


@dataclass(frozen=True)
class SequentialVerdict:
    """Where the bets stand.

    Attributes:
        decision: ``better``, ``worse`` or None: not decided yet.
        seeds: Seeds looked at; where it is decided those it took, whatever came after.
        up: Capital of the bet on deltas above 0, an e-value.
        down: Of the bet below 0.
        needed: The capital that decides, 2 / level.
    """

    decision: str | None
    seeds: int
    up: float
    down: float
    needed: float

    @property
    def p(self) -> float:
        """Two-sided, valid at any time."""
        return min(1.0, 2 / max(self.up, self.down))


def sequential_verdict(
    deltas: Sequence[float], *, level: float, noise_pp: float
) -> SequentialVerdict:
    """Bet through the seeds' mean deltas, in their order, until it is decided.

    Args:
        deltas: Mean delta of each seed, pp.
        level: Chance of a wrong decision if the mean is 0, in (0, 1).
        noise_pp: Standard deviation of a mean delta that the items alone give; known beforehand
            (``power.run_noise_pp``).

    Raises:
        StatisticsError: A delta that is no number, a level outside (0, 1), no noise.
    """
    needed = 2 / within(level, name="level")
    if not (isfinite(noise_pp) and noise_pp > 0):
        raise StatisticsError(f"noise is {noise_pp} pp; allowed: numbers above 0")
    seen = np.array(all_finite(deltas, name="delta"), dtype=float).tolist()
    ups, downs = [1.0] * len(_STAKES), [1.0] * len(_STAKES)
    up = down = 1.0
    for number, delta in enumerate(seen):
        spread = float(np.std(seen[:number], ddof=1)) if number > 1 else 0.0
        bound = _WIDTHS * max(noise_pp, spread)
        move = max(-1.0, min(1.0, delta / bound))
        ups = [held * (1 + stake * move) for held, stake in zip(ups, _STAKES, strict=True)]
        downs = [held * (1 - stake * move) for held, stake in zip(downs, _STAKES, strict=True)]
        up, down = sum(ups) / len(ups), sum(downs) / len(downs)
        if max(up, down) >= needed:
            return SequentialVerdict(BETTER if up > down else WORSE, number + 1, up, down, needed)
    return SequentialVerdict(None, len(deltas), up, down, needed)
