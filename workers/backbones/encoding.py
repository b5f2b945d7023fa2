"""From a rendered conversation to tokens: one way for training and for evaluation.

Owns: whether a tokenizer's first token stands before the text. Does not cover the text
(``workers.backbones.chat_turns``) and cutting it.

The rule is the stock harness': the token goes before the text where the tokenizer puts it there by
itself, unless the chat template has written it already. What a tokenizer would add *behind* a text
is never added (our choice): a prompt goes on where it ends.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any


@dataclass(frozen=True)
class Encoding:
    """How one tokenizer's rendered texts become tokens."""

    tokenizer: Any

    def encode(self, text: str) -> list[int]:
        """Return a text's tokens, the opening ones first."""
        own: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return [*self.opening(text), *own]

    def opening(self, text: str) -> list[int]:
        """Return the tokens that belong before a text."""
        tokens, written = self._opening
        return [] if text.startswith(written) else tokens

    @cached_property
    def _opening(self) -> tuple[list[int], str]:
        """What the tokenizer puts before any text, as tokens and as text."""
        own = self.tokenizer("a", add_special_tokens=False)["input_ids"]
        framed = self.tokenizer("a")["input_ids"]
        places = (at for at in range(len(framed)) if framed[at : at + len(own)] == own)
        tokens = framed[: next(places, 0)]
        return tokens, self.tokenizer.decode(tokens)
