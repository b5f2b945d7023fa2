"""What several prompts begin with (few-shot examples, a system message), read once.

Owns: finding it, deciding whether reading it alone is exact, and keeping the last one, for a
benchmark whose prompts come in several calls. It follows from a call's prompts alone: what was
asked before changes no answer, not even by rounding.
"""

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from talan import first_tokens_stand_alone
from talan.backbones import find_decoder
from workers.generation.batch import Prefix, read_prefix

# A shorter one is not worth a forward pass of its own (our choice).
MIN_TOKENS = 32


class PrefixReader:
    """Reads prefixes with one model, whose weights stay as they are.

    Args:
        model: The causal language model, TALAN in place.

    Attributes:
        num_tokens_read: So far.
    """

    def __init__(self, model: Any) -> None:
        self.num_tokens_read = 0
        self._model = model
        self._last: Prefix | None = None

    def find(self, prompts: Sequence[Sequence[int]]) -> Prefix | None:
        """What all prompts begin with, or None where it is short or belongs to each prompt alone.

        Every prompt keeps at least its last token for itself.
        """
        whole = getattr(find_decoder(self._model), "reads_whole_prompts", False)
        if not prompts or whole or not first_tokens_stand_alone(self._model):
            return None
        shared = _common(prompts)
        if len(prompts) < 2 or len(shared) < MIN_TOKENS:
            return None
        if self._last is None or self._last.tokens != shared:
            self._last = read_prefix(self._model, shared)
            self.num_tokens_read += len(shared)
        return self._last


def _common(prompts: Sequence[Sequence[int]]) -> tuple[int, ...]:
    # What the first and the last in dictionary order share, all between them share.
    first, last = min(map(tuple, prompts)), max(map(tuple, prompts))
    shortest = min(map(len, prompts)) - 1
    equal = takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    return tuple(token for token, _ in equal)[:shortest]
