"""The state beside a key/value cache, and what may be done to that cache.

Owns the check that the cache holds exactly the tokens that were summarised. Running sums can
be extended but not reordered, repeated or shortened, so those calls are refused on a cache that
carries a state (beam search, contrastive search, assisted decoding).
"""

from collections.abc import Mapping
from functools import cache as memoised
from typing import Any, NoReturn

from transformers.cache_utils import Cache

from talan.errors import TalanDecodingError
from talan.state import RunningState


class SummarisedCache:
    """Mixed into the class of a cache that carries a state."""

    talan_state: RunningState | None

    def reorder_cache(self, beam_idx: object) -> NoReturn:
        """Refuse: rows of the running sums cannot follow a beam."""
        del beam_idx
        raise _refusal("reordering the cache (beam search)", "num_beams=1")

    def batch_repeat_interleave(self, repeats: int) -> NoReturn:
        """Refuse: the batch of a state is fixed."""
        raise _refusal(f"repeating the cache {repeats} times", "a cache for each prompt")

    def batch_select_indices(self, indices: object) -> NoReturn:
        """Refuse: the batch of a state is fixed."""
        del indices
        raise _refusal("selecting rows of the cache", "a cache for each prompt")

    def crop(self, tokens_to_remove: int) -> None:
        """Refuse to remove tokens: a sum cannot tell what to take away.

        Assisted decoding also crops by 0 when every drafted token was right. With the scope
        `sequence` those tokens have already been in each other's memory, so that is refused too.
        """
        if tokens_to_remove or (self.talan_state and self.talan_state.over_sequence):
            raise _refusal("cropping the cache (assisted decoding)", "plain decoding")
        super().crop(tokens_to_remove)  # type: ignore[misc]

    def reset(self) -> None:
        """Empty the cache and forget the state: the next tokens are a new prompt."""
        self.talan_state = None
        super().reset()  # type: ignore[misc]


def given_cache(kwargs: Mapping[str, Any]) -> Cache | None:
    """The cache that a model or a layer is called with, by either of its names.

    Args:
        kwargs: `past_key_values`, or, from transformers 5.24 on, `cache`: until then the name of a
            paged cache alone.

    Raises:
        TalanDecodingError: if it is a paged one.
    """
    before, cache = kwargs.get("past_key_values"), kwargs.get("cache")
    if not isinstance(cache, Cache | None) or kwargs.get("block_table") is not None:
        raise _refusal(
            "continuous batching (generate_batch), which splits prompts and shares prefixes",
            "generate()",
        )
    return cache if before is None else before


def state_beside(cache: Cache, *, layer: int, fresh: RunningState, batch_size: int) -> RunningState:
    """The state of `cache`, made on its first use.

    Args:
        cache: the `past_key_values` of this forward pass.
        layer: decoder block whose cached length counts.
        fresh: an empty state of the attachment that asks, kept if the cache has none.
        batch_size: rows of this forward pass.

    Raises:
        TalanDecodingError: if the cache holds other tokens or rows than were summarised.
    """
    state: RunningState | None = getattr(cache, "talan_state", None)
    length = cache.get_seq_length(layer)
    if state is None or (state.session != fresh.session and not length):
        state = adopt_state(cache, fresh)
    _check(state, length=length, session=fresh.session, batch_size=batch_size)
    return state


def adopt_state(cache: Any, state: RunningState) -> RunningState:
    """Put `state` beside `cache`, whose tokens it has summarised.

    Raises:
        TalanDecodingError: if it is a cache whose length cannot be followed.
    """
    if cache.is_compileable:
        raise TalanDecodingError(
            f"TALAN cannot follow a {type(cache).__name__}: use a dynamic cache "
            "(cache_implementation='dynamic')."
        )
    if not isinstance(cache, SummarisedCache):
        kind: type = type(cache)
        cache.__class__ = _guarded(kind)
    cache.talan_state = state
    return state


@memoised
def _guarded(kind: type) -> type:
    return type(kind.__name__, (SummarisedCache, kind), {})


def _check(state: RunningState, *, length: int, session: int, batch_size: int) -> None:
    if state.session != session or state.num_tokens != length:
        seen = state.num_tokens if state.session == session else 0
        raise TalanDecodingError(
            f"The cache holds {length} tokens but TALAN has summarised {seen} of them: start from "
            "an empty cache and let every token pass through the model."
        )
    if state.batch_size not in (None, batch_size):
        raise TalanDecodingError(
            f"The batch has {batch_size} rows but the cached memory has {state.batch_size}: "
            "start from an empty cache."
        )


def _refusal(what: str, instead: str) -> TalanDecodingError:
    return TalanDecodingError(f"TALAN's running sums do not support {what}: use {instead}.")
