"""The two forward pre-hooks that put the block in front of a decoder layer.

The layer's hook calls `layer.talan`, never a captured module, so that copies of the model (PEFT's
`modules_to_save`, `deepcopy`) use their own block. Layers are not given the 2-D padding mask, so
a hook on the decoder notes it. Both run outside activation checkpointing, which wraps a layer's
`forward` only; the block is then recomputed by itself.
"""

import inspect
from functools import partial
from typing import Any

from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint
from torch.utils.hooks import RemovableHandle

from talan.insertion_site import Site, Tokens, read_tokens
from talan.packing import over_packed


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


def remove(decoder: Any, site: Site, hooks: list[RemovableHandle]) -> None:
    """Undo `insert`; doing so twice is harmless."""
    for hook in hooks:
        hook.remove()
    layer = decoder.layers[site.layer]
    if hasattr(layer, "talan"):
        del layer.talan, layer.talan_site


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
) -> tuple[tuple[object, ...], dict[str, object]] | None:
    """Replace the hidden states that enter `layer`."""
    site: Site = layer.talan_site
    if not site.is_active(training=layer.training):
        site.forget()
        return None
    if not args:
        kwargs = dict(kwargs)
        args = (kwargs.pop("hidden_states"),)
    try:
        out = _apply(layer, args[0], read_tokens(site, args[0], kwargs))
    finally:
        site.forget()
    return (out, *args[1:]), kwargs


def _apply(layer: Any, x: Tensor, tokens: Tokens) -> Tensor:
    out: Tensor
    if tokens.lengths is not None:
        out = over_packed(layer.talan, x, lengths=tokens.lengths)
    elif tokens.state is None and layer.training and layer.gradient_checkpointing:
        out = checkpoint(layer.talan, x, tokens.mask, use_reentrant=False, preserve_rng_state=False)
    else:
        out = layer.talan(x, tokens.mask, tokens.state)
    return out
