"""The two forward pre-hooks that put the block in front of a decoder layer.

The layer's hook calls `layer.talan`, never a captured module, so that copies of the model (PEFT's
`modules_to_save`, `deepcopy`) use their own block. Layers are not given the 2-D padding mask, so
a hook on the decoder notes it. Everything between the two hooks travels on `layer.talan_site`.
Runs outside activation checkpointing, which wraps a layer's `forward` only.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any

from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from talan.caches import state_beside
from talan.errors import TalanDecodingError, TalanInputError
from talan.packing import over_packed, packed_lengths
from talan.state import RunningState

_sessions = count(1)


@dataclass
class Site:
    """The place of a block in a model.

    Attributes:
        layer: index of the decoder layer.
        over_sequence: whether the summary scope is `sequence`.
        session: number of this attachment; a cache of another one is refused.
        enabled: False makes the layer's input pass unchanged.
        warming_up: the same, in training mode only.
        mask: padding mask [B, S or more] of the forward pass under way.
        position_ids: as given by the caller of the forward pass under way.
    """

    layer: int
    over_sequence: bool
    session: int
    enabled: bool = True
    warming_up: bool = False
    mask: Tensor | None = None
    position_ids: Tensor | None = None

    def renew(self) -> None:
        """Start a new session: states made so far are no longer accepted."""
        self.session = next(_sessions)

    def take(self) -> tuple[Tensor | None, Tensor | None]:
        """Mask and position ids, which are not kept after the forward pass."""
        noted = self.mask, self.position_ids
        self.mask = self.position_ids = None
        return noted


def insert(decoder: Any, block: nn.Module, site: Site) -> list[RemovableHandle]:
    """Register `block` on its layer and hook it in; the handles undo the hooks."""
    layer = decoder.layers[site.layer]
    site.renew()
    layer.talan, layer.talan_site = block, site
    names = tuple(inspect.signature(decoder.forward).parameters)
    note = partial(_note_inputs, index=site.layer, names=names)
    return [
        decoder.register_forward_pre_hook(note, with_kwargs=True),
        layer.register_forward_pre_hook(_intervene, with_kwargs=True),
    ]


def _note_inputs(
    decoder: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    *,
    index: int,
    names: tuple[str, ...],
) -> None:
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    site: Site = decoder.layers[index].talan_site
    site.mask = given.get("attention_mask")
    site.position_ids = given.get("position_ids")


def _intervene(
    layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
    """Replace the hidden states that enter `layer`."""
    site: Site = layer.talan_site
    mask, position_ids = site.take()
    if not site.enabled or (site.warming_up and layer.training):
        return None
    if not args:
        kwargs = dict(kwargs)
        args = (kwargs.pop("hidden_states"),)
    out = _apply(layer.talan, args[0], site, kwargs, mask=mask, position_ids=position_ids)
    return (out, *args[1:]), kwargs


def _apply(
    block: Callable[..., Tensor],
    x: Tensor,
    site: Site,
    kwargs: dict[str, Any],
    *,
    mask: Any,
    position_ids: Tensor | None,
) -> Tensor:
    _refuse_paged(kwargs)
    state = _find_state(x, site, kwargs.get("past_key_values"))
    mask = _real_tokens(mask, x, past=state.num_tokens if state else 0)
    lengths = packed_lengths(
        position_ids=position_ids,
        boundaries=kwargs.get("cu_seq_lens_q"),
        mask=mask,
        shape=x.shape[:2],
    )
    if lengths is None:
        return block(x, mask, state)
    if state is not None:
        raise TalanInputError("Packed batches cannot be cached: pass use_cache=False.")
    return over_packed(block, x, lengths=lengths)


def _refuse_paged(kwargs: dict[str, Any]) -> None:
    if kwargs.get("cache") is not None or kwargs.get("block_table") is not None:
        raise TalanDecodingError(
            "TALAN does not support continuous batching (generate_batch), which splits prompts "
            "and shares prefixes: use generate()."
        )


def _find_state(x: Tensor, site: Site, cache: Any) -> RunningState | None:
    if cache is None:
        return None
    fresh = RunningState(site.session, site.over_sequence)
    state = state_beside(cache, layer=site.layer, fresh=fresh, batch_size=x.shape[0])
    if site.over_sequence and state.num_tokens and x.shape[1] > 1:
        raise TalanDecodingError(
            f"{x.shape[1]} tokens follow a cache of {state.num_tokens}: with summary_scope "
            "'sequence' their memory would depend on how the prompt is split, so pass the whole "
            "prompt at once or use summary_scope 'prefix'."
        )
    return state


def _real_tokens(mask: Any, x: Tensor, *, past: int) -> Tensor | None:
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
