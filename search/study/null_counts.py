"""How many null runs a study asks for, by kind, and at which of its seeds.

Owns: the key ``null_runs`` of a study file. Does not cover: which runs these are
(``search.study.null_runs``), nor when those that are matched can run
(``search.driving.matched_nulls``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag

from search.study.values import Int

_MOST_NULLS = 10_000
_Count = Annotated[Int, Field(ge=0, le=_MOST_NULLS)]


class Shams(BaseModel):
    """Shams by number, and what they are scaled to: TALAN's norm at the start, or the distance."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    count: _Count
    match: Literal["kl"] | None = None


def _shortest(value: int | Shams) -> int | Shams:
    return value.count if isinstance(value, Shams) and value.match is None else value


def _form(value: object) -> str:
    return "[mapping]" if isinstance(value, Mapping | Shams) else "[number]"


class NullRuns(BaseModel):
    """How many null runs each host has.

    Attributes:
        seed: The adapter alone, at another seed.
        sham: A fixed random direction in TALAN's place; ``{count, match: kl}`` scales it.
        jitter: The adapter alone at the baseline's seed, its first weights moved a little.
        at: Whether all that is asked for once, at the study's first seed, or at each.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: _Count = 0
    sham: Annotated[
        Annotated[_Count, Tag("[number]")] | Annotated[Shams, Tag("[mapping]")],
        Discriminator(_form),
        AfterValidator(_shortest),
    ] = 0
    jitter: _Count = 0
    at: Literal["first_seed", "every_seed"] = "first_seed"

    @property
    def num_shams(self) -> int:
        """Shams at one seed."""
        return self.sham.count if isinstance(self.sham, Shams) else self.sham

    @property
    def matches_shams(self) -> bool:
        """Whether shams are as far from their baseline as the treatments are."""
        return isinstance(self.sham, Shams) and self.sham.count > 0

    @property
    def is_matched(self) -> bool:
        """Whether any kind needs the treatments' distance from their baseline."""
        return self.jitter > 0 or self.matches_shams

    def at_seeds(self, seeds: list[int]) -> list[int]:
        """The seeds of a study that null runs are matched with."""
        return seeds if self.at == "every_seed" else seeds[:1]

    def total(self, seeds: list[int]) -> int:
        """Null runs of one host."""
        return (self.seed + self.num_shams + self.jitter) * len(self.at_seeds(seeds))
