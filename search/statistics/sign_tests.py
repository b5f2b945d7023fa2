"""Sign tests over cells and over backbones.

Owns: the exact binomial test that a delta is as likely to be on either side of zero, with each way
to treat a tie (the paper, Appendix F.1):

    for      delta >= 0 among all (the paper's headline; G1's own meaning)
    against  delta > 0 among all (the paper's strict variant)
    dropped  delta > 0 among those that are not 0 (Dixon and Mood, 1946: the classical sign test)

Assumes: the trials are independent and, for ``for``, that P(delta >= 0) = 1/2. Neither holds for
cells: cells of a run move together, and ties put P(delta >= 0) above 1/2 (``chance`` says by how
much). So ``for`` overstates, ``against`` understates, and only ``dropped`` has the level it claims,
for independent cells. Does not cover: magnitudes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from scipy.stats import binomtest

from search.statistics.errors import StatisticsError, all_finite
from search.statistics.exact import exact_mean, of_delta

TIES = ("for", "against", "dropped")


@dataclass(frozen=True)
class SignTest:
    """How many of how many, and how likely that is under fair coins."""

    ties: str
    successes: int
    trials: int
    one_sided: float
    two_sided: float


def sign_test(deltas: Sequence[float | Fraction], *, ties: str = "for") -> SignTest:
    """Test deltas against fair coins; one-sided asks for more successes than chance gives.

    Deltas must come from counts: a delta rounded to 0.0 is not a tie.

    Raises:
        StatisticsError: An unknown way to treat ties, or a delta that is NaN or infinite.
    """
    if ties not in TIES:
        raise StatisticsError(f"ties is {ties!r}; allowed: {', '.join(TIES)}")
    all_finite(deltas, name="delta")
    counted = [delta for delta in deltas if delta != 0] if ties == "dropped" else list(deltas)
    successes = sum(delta > 0 or (ties == "for" and delta == 0) for delta in counted)
    return _against_coins(successes, len(counted), ties=ties)


def backbone_sign_test(deltas: Mapping[str, Sequence[float]], *, ties: str = "for") -> SignTest:
    """The conservative level: one trial per backbone, by the mean of its deltas.

    Raises:
        StatisticsError: A backbone without deltas, a delta that is NaN or infinite, or an unknown
            way to treat ties.
    """
    empty = [name for name, values in deltas.items() if not values]
    if empty:
        raise StatisticsError(f"backbone {empty[0]!r} has no delta; at least one is needed")
    return sign_test([exact_mean(map(of_delta, values)) for values in deltas.values()], ties=ties)


def _against_coins(successes: int, trials: int, *, ties: str) -> SignTest:
    if trials == 0:
        return SignTest(ties, 0, 0, one_sided=1.0, two_sided=1.0)
    return SignTest(
        ties,
        successes,
        trials,
        one_sided=float(binomtest(successes, trials, alternative="greater").pvalue),
        two_sided=float(binomtest(successes, trials).pvalue),
    )
