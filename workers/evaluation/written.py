"""What a model wrote for one prompt, besides its text.

Owns: the tokens, so that nothing tokenises a response again, and how they came about. Does not
cover: the text and its score (``workers.suites``).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Written:
    """One answer.

    Attributes:
        tokens: New tokens, the one that ended it included.
        is_truncated: Whether it ended at the limit of new tokens.
    """

    tokens: tuple[int, ...]
    is_truncated: bool
