"""The place of a block in a model, and what a forward pass says about its tokens.

Owns the questions "which tokens are real", "which sums came before" and "where do packed
sequences begin". Does not run the block: see `talan.insertion`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from torch import Tensor

from talan.caches import given_cache, state_beside
from talan.errors import TalanDecodingError, TalanInputError
from talan.packing import packed_lengths
from talan.state import RunningState

_sessions = count(1)


@dataclass
class Site:
    """A block's place; travels on its decoder layer as `layer.talan_site`.

    Attributes:
        layer: index of the decoder layer.
        over_sequence: whether the summary scope is `sequence`.
        session: number of this attachment; a cache of another one is refused.
        enabled: False lets the layer's input pass unchanged.
        warming_up: the same, in training mode only.
        mask: what the decoder was given as attention_mask in the forward pass under way.
        position_ids: likewise, if the caller gave any.
    """

    layer: int
    over_sequence: bool
    session: int = 0
    enabled: bool = True
    warming_up: bool = False
    mask: object = None
    position_ids: Tensor | None = None

    def renew(self) -> None:
        """Start a new session: states made so far are no longer accepted."""
        self.session = next(_sessions)

    def is_active(self, *, training: bool) -> bool:
        """Whether the block acts in this forward pass."""
        return self.enabled and not (self.warming_up and training)

    def forget(self) -> None:
        """Let go of the tensors of a forward pass."""
        self.mask = self.position_ids = None


@dataclass(frozen=True)
class Tokens:
    """What a forward pass says about its tokens.

    Attributes:
        mask: [B, S], 1 for a real token; None where all are.
        state: sums over the tokens in the cache; None without a cache.
        lengths: lengths of packed sequences; None where each row is one sequence.
    """

    mask: Tensor | None
    state: RunningState | None
    lengths: list[int] | None


def read_tokens(site: Site, x: Tensor, kwargs: Mapping[str, Any]) -> Tokens:
    """Read what came with the tokens `x` [B, S, d].

    Args:
        site: where the block is, with what the decoder was given.
        x: the hidden states that enter the layer.
        kwargs: what else the layer is given.

    Raises:
        TalanInputError: if real tokens or sequences cannot be told apart.
        TalanDecodingError: if the cache holds other tokens than were summarised.
    """
    state = _find_state(site, x, given_cache(kwargs))
    mask = _real_tokens(site.mask, x, past=state.num_tokens if state else 0)
    boundaries = kwargs.get("cu_seq_lens_q")
    lengths = packed_lengths(site.position_ids, boundaries, mask=mask, shape=x.shape[:2])
    if lengths is not None and state is not None:
        raise TalanInputError("Packed batches cannot be cached: pass use_cache=False.")
    return Tokens(mask, state, lengths)


def _find_state(site: Site, x: Tensor, cache: Any) -> RunningState | None:
    if cache is None:
        return None
    fresh = RunningState(site.session, site.over_sequence)
    state = state_beside(cache, layer=site.layer, fresh=fresh, batch_size=x.shape[0])
    follow = state.num_tokens and x.shape[1] > 1
    if site.over_sequence and follow and not state.are_proposed:
        raise TalanDecodingError(
            f"{x.shape[1]} tokens follow a cache of {state.num_tokens}: with summary_scope "
            "'sequence' their memory would depend on how the prompt is split, so pass the whole "
            "prompt at once or use summary_scope 'prefix'."
        )
    return state


def _real_tokens(mask: object, x: Tensor, *, past: int) -> Tensor | None:
    """The part of the padding mask that covers `x`, [B, S]."""
    if mask is None:
        return None
    columns = past + x.shape[1]
    if not isinstance(mask, Tensor) or mask.shape != (x.shape[0], columns):
        shape = tuple(mask.shape) if isinstance(mask, Tensor) else type(mask).__name__
        raise TalanInputError(
            f"attention_mask is {shape}, but TALAN needs the padding mask of shape "
            f"{(x.shape[0], columns)}, or none."
        )
    return mask[:, past:].to(x.device)
