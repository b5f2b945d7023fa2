"""What a run answered, item by item.

Does not cover: reading answers and putting them next to the baseline's
(``dashboards.item_responses``).
"""

from __future__ import annotations

from typing import Self

from pydantic import Field

from api.views.base import View
from dashboards.item_responses import Answer, Row


class BaselineReply(View):
    """The matched baseline on the same item."""

    response: str
    extracted: str | None
    correct: bool

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """Of a stored response."""
        return cls(response=row["response"], extracted=row["extracted"], correct=row["correct"])


class Item(View):
    """One item of a benchmark: what the run answered, and the baseline's answer."""

    item_id: str
    prompt_sha256: str
    response: str
    extracted: str | None = Field(description="the answer that the scorer found in the response")
    correct: bool
    prompt: str | None = Field(description="with prompts=true, where the record has it")
    expected: str | None = Field(description="the reference answer, where the record has it")
    baseline: BaselineReply | None

    @classmethod
    def from_record(cls, answer: Answer, *, with_prompt: bool) -> Self:
        """Of an answer with what was asked."""
        asked, before = answer.asked, answer.baseline
        return cls(
            **answer.run,
            prompt=asked.prompt if asked and with_prompt else None,
            expected=asked.expected if asked else None,
            baseline=None if before is None else BaselineReply.from_row(before),
        )
