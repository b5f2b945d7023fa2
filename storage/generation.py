"""How the answers of a cell were generated: by which loop, and what it took.

Owns: the counts and their columns. Does not cover: generating (`workers.generation`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Generation:
    """Counts over a cell's answers.

    Attributes:
        mode: `drafted`, `continuous` or `static`.
        answer_tokens: Tokens of all answers, those that ended them included.
        drafted_tokens: Those of them that the baseline's answers had proposed.
        passes: Forward passes an answer took part in, summed; reading its prompt is none of them.
        redecoded: Answers with a near tie, which were written again alone.
    """

    mode: str
    answer_tokens: int
    drafted_tokens: int
    passes: int
    redecoded: int

    @property
    def columns(self) -> dict[str, Any]:
        """What is stored of it, by column."""
        return dict(zip(COLUMNS, asdict(self).values(), strict=True))

    @staticmethod
    def columns_of(counted: Generation | None) -> dict[str, Any]:
        """The same, or nulls where nobody counted."""
        return dict.fromkeys(COLUMNS) if counted is None else counted.columns

    @classmethod
    def of(cls, values: Sequence[Any]) -> Generation | None:
        """From the columns' values; None where nobody counted."""
        return None if values[0] is None else cls(*values)


COLUMNS = ("generation", *(field.name for field in fields(Generation)[1:]))
