"""Which figures there are. Does not cover: drawing them (``dashboards.figures``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import Field

from api.views.base import View

if TYPE_CHECKING:
    from dashboards.figures import Figure


class FigureEntry(View):
    """One figure."""

    key: str = Field(description="names it in --only and in addresses")
    title: str
    question: str = Field(description="what it answers")
    needs: str = Field(description="what it needs beyond completed runs; empty: nothing")

    @classmethod
    def from_record(cls, figure: Figure) -> Self:
        """Of an entry of the catalogue."""
        return cls(key=figure.key, title=figure.title, question=figure.question, needs=figure.needs)
