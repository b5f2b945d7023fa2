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
        margin: The smallest lead of a token over the second choice, in logits; None: not measured.
        num_drafted: Tokens that a draft had proposed.
        num_passes: Forward passes it took part in, those that read its prompt left out; None: not
            counted.
        is_redecoded: Whether it was a near tie and was written again alone.
        is_given_up: Whether it parted from its draft and is still to be written: no answer.
    """

    tokens: tuple[int, ...]
    is_truncated: bool
    margin: float | None = None
    num_drafted: int = 0
    num_passes: int | None = None
    is_redecoded: bool = False
    is_given_up: bool = False
