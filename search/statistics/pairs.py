"""Two runs on the same items: who is right where.

Owns: the counts of a paired comparison. In the paper's
words (Appendix F.2): ``wins`` is b, ``losses`` is c. Does not cover: any test of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from search.statistics.errors import at_least


@dataclass(frozen=True)
class Pairs:
    """A cell's discordant items beside its size.

    Attributes:
        wins: Items that only the treatment answered right.
        losses: Items that only the baseline answered right.
        n_items: All items, discordant or not.
    """

    wins: int
    losses: int
    n_items: int

    def __post_init__(self) -> None:
        at_least(self.wins, 0, name="wins")
        at_least(self.losses, 0, name="losses")
        at_least(self.n_items, max(1, self.discordant), name="n_items")

    @property
    def discordant(self) -> int:
        """Items on which the two differ, b + c."""
        return self.wins + self.losses

    @property
    def net(self) -> int:
        """Right answers more than the baseline's, b - c."""
        return self.wins - self.losses

    @property
    def delta_pp(self) -> float:
        """Score minus the baseline's, in percentage points."""
        return 100 * self.net / self.n_items

    @property
    def discordance(self) -> float:
        """Share of items on which the two differ, in [0, 1]."""
        return self.discordant / self.n_items
