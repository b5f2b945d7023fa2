"""What a training mixture was built from: its manifest. Does not cover: building it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field

from api.views.base import Fraction, View


class MixtureSource(View):
    """What one source gave."""

    name: str
    group: str = Field(description="what it counts towards")
    origin: dict[str, Any] = Field(description="a local file or a repository, with its hashes")
    rows: int = Field(description="rows that it has")
    taken: int = Field(description="conversations that were taken")
    dropped: dict[str, int] = Field(description="rows that gave nothing, by reason")
    noted: dict[str, int] = Field(description="rows that were changed first, by what was done")


class MixtureOverlap(View):
    """A row that has words of a benchmark's item."""

    source: str
    row: int = Field(description="its row in the source, from 1")
    item: str = Field(description="the item's id")
    of: str = Field(description="question or reference")
    words: str = Field(description="the longest run of words that both have")
    share: Fraction


class MixtureManifest(View):
    """A built mixture: the file ``manifest.json`` next to its conversations."""

    name: str
    seed: int = Field(description="of the draw")
    groups: dict[str, int] = Field(description="conversations asked for, by group")
    sources: list[MixtureSource]
    ngram_words: int = Field(description="words in a row that make an overlap")
    overlap_share: Fraction
    overlaps: list[MixtureOverlap]
    recipe: dict[str, object]
    num_examples: int = Field(description="conversations in the file")
    sha256: str = Field(description="of the file")
    checked: dict[str, str] = Field(description="sha256 of the items of each benchmark")

    @classmethod
    def from_record(cls, manifest: Mapping[str, object]) -> Self:
        """Of what was built."""
        return cls.model_validate(manifest)
