"""What scoring one response says."""

from dataclasses import dataclass

INVALID = "[invalid]"


@dataclass(frozen=True)
class Scored:
    """Verdict on one response.

    Attributes:
        extracted: The part that was compared or run; `INVALID` where nothing could be found.
        is_correct: Whether the item counts as solved.
        timed_out: Whether it is wrong because there was no time to find out.
    """

    extracted: str
    is_correct: bool
    timed_out: bool = False
