"""The scale at which a null run is as far from its baseline as the treatments are.

    find s in [lowest, highest] with | log(KL(s) / target) | <= log(CLOSE)

KL grows like s^2 while s is small, so the second try goes along that slope in log-log, and further
ones along the slope that was found; once two tries lie on either side of the target, the next goes
between them. A try is a full training: each
is kept on record, and there are at most MOST_TRIES.

Owns: which scale is tried next and when it is enough. Does not cover: what is trained and measured
(``workers.run.executor``). Deterministic: the same measurements give the same tries.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

CLOSE = 1.15
MOST_TRIES = 6
_SLOPE = 2.0
_LONGEST_STEP = 32.0  # a first guess may be far off; one more than that says little
_KEEP_OFF = 0.1  # of a bracket's width in log s: a try at its edge would hardly narrow it


@dataclass(frozen=True)
class ScaleRange:
    """Where the scale of a kind of null run may lie, and where the search begins."""

    lowest: float
    highest: float
    start: float


@dataclass(frozen=True)
class Try:
    """One training: its scale, and the divergence that it ended at in nats a token."""

    scale: float
    kl: float

    def miss(self, target: float) -> float:
        """How far it is from the target, as | log(KL / target) |."""
        return abs(math.log(self.kl / target)) if self.kl > 0 else math.inf


def search_scale(
    measure: Callable[[float], float], *, target: float, start: float, within: ScaleRange
) -> list[Try]:
    """All tries in order; the last one is the one that stays.

    Where none comes close, the best is trained once more, so that what stays is what is reported.

    Args:
        measure: Trains at a scale and answers the divergence.
        target: The divergence to reach, above 0.
        start: The scale tried first.
        within: Where scales may lie.
    """
    tries: list[Try] = []
    scale = min(max(start, within.lowest), within.highest)
    for _ in range(MOST_TRIES):
        tries.append(Try(scale, measure(scale)))
        if tries[-1].miss(target) <= math.log(CLOSE):
            return tries
        scale = _next_scale(tries, target=target, within=within)
        if any(scale == tried.scale for tried in tries):
            break
    best = min(tries, key=lambda tried: tried.miss(target))
    if best is not tries[-1]:
        tries.append(Try(best.scale, measure(best.scale)))
    return tries


def _next_scale(tries: list[Try], *, target: float, within: ScaleRange) -> float:
    below = [tried for tried in tries if tried.kl < target]
    above = [tried for tried in tries if tried.kl >= target]
    if below and above:
        low = max(below, key=lambda tried: tried.scale)
        high = min(above, key=lambda tried: tried.scale)
        return _between(low, high, target=target)
    last = tries[-1]
    step = (target / last.kl) ** (1 / _slope(tries)) if last.kl > 0 else _LONGEST_STEP
    step = min(max(step, 1 / _LONGEST_STEP), _LONGEST_STEP)
    return min(max(last.scale * step, within.lowest), within.highest)


def _slope(tries: list[Try]) -> float:
    """Of log KL over log s, from the last two tries; quadratic until there are two."""
    if len(tries) < 2 or min(tries[-2].kl, tries[-1].kl) <= 0:
        return _SLOPE
    run = math.log(tries[-1].scale / tries[-2].scale)
    rise = math.log(tries[-1].kl / tries[-2].kl)
    return min(max(rise / run, _SLOPE / 4), _SLOPE * 2)


def _between(low: Try, high: Try, *, target: float) -> float:
    """Where a straight line in log-log meets the target, kept off the bracket's edges."""
    share = 0.5
    if 0 < low.kl < high.kl:
        share = math.log(target / low.kl) / math.log(high.kl / low.kl)
    share = min(max(share, _KEEP_OFF), 1 - _KEEP_OFF)
    return float(low.scale * (high.scale / low.scale) ** share)
