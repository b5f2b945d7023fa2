"""When an answer has ended.

Owns: stop tokens, stop strings of any number of tokens, the bound on new tokens. Does not cut the
stop string out of the text: that is for whoever decodes it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from workers.errors import GenerationError
from workers.generation.prompts import Asked, Prompt

# A token is at least one byte long; two more for those that decode to nothing.
_SPARE_TOKENS = 2


@dataclass(frozen=True)
class Stopping:
    """What ends an answer, whichever comes first.

    Attributes:
        max_new_tokens: At most this many.
        stop_tokens: Each ends the answer and belongs to it.
        stop_strings: Each ends the answer with the token that completes it.
        decode: From tokens to text, special tokens included; needed for stop strings.
    """

    max_new_tokens: int
    stop_tokens: frozenset[int] = frozenset()
    stop_strings: tuple[str, ...] = ()
    decode: Callable[[Sequence[int]], str] | None = None

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            GenerationError: naming the bad one.
        """
        if self.max_new_tokens < 1:
            raise GenerationError(
                f"max_new_tokens is {self.max_new_tokens}; allowed: a whole number from 1"
            )
        if self.stop_strings and (self.decode is None or "" in self.stop_strings):
            raise GenerationError("Stop strings need a tokenizer, and none of them may be empty")

    def note(self, asked: Asked, token: int) -> None:
        """Add the next token of an answer, and end it if it is the last."""
        asked.say(token)
        if token in self.stop_tokens or self._is_text_complete(asked.tokens):
            asked.has_ended = True
        elif len(asked.tokens) >= asked.max_new_tokens:
            asked.has_ended = asked.is_truncated = True
        elif asked.is_of_no_use:
            asked.has_ended = asked.is_given_up = True

    def cut(self, tokens: Sequence[int]) -> tuple[tuple[int, ...], bool]:
        """Tokens up to the one that ends an answer, and whether it ended for want of room."""
        answer = Asked(0, Prompt("", ()), self.max_new_tokens)
        for token in tokens:
            self.note(answer, token)
            if answer.has_ended:
                break
        return tuple(answer.tokens), answer.is_truncated

    def _is_text_complete(self, tokens: list[int]) -> bool:
        """Whether a stop string is in the text; only its end can be new."""
        if self.decode is None or not self.stop_strings:
            return False
        text = self.decode(tokens[-self._num_tail_tokens :])
        return any(stop in text for stop in self.stop_strings)

    @cached_property
    def _num_tail_tokens(self) -> int:
        return max(len(stop.encode()) for stop in self.stop_strings) + _SPARE_TOKENS
