"""The residual stream as a forward pass makes it, and as decoding made it.

    x_l  [S, d]: what enters decoder block l, after a block of TALAN's that is in front of it;
    x_L: what leaves the last block, before the final norm.

Owns: plain forward hooks that look and change nothing, and a pass over prompt and answer in which
every token sees the memory that it was generated with. Does not cover: what is made of a stream.

With the summary scope ``sequence`` a token's memory covers all tokens so far. One pass over prompt
and answer would show an answer's first token the memory of its last. Decoding did not:

    token i of a prompt of P tokens sees z(0 .. P-1), token i of the answer sees z(0 .. i).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from talan.backbones import find_decoder
from talan.block import TalanBlock
from talan.state import RunningState

See = Callable[[int, Tensor], None]


def see_streams(model: Any, tokens: Sequence[int], see: See, *, num_prompt: int) -> Tensor:
    """Run one sequence; ``see`` is told every x_l [S, d] in order. Returns the final norm's output.

    Args:
        model: The host.
        tokens: Prompt and, behind it, perhaps an answer.
        see: Called with l and x_l.
        num_prompt: How many of the tokens are the prompt.
    """
    decoder: Any = find_decoder(model)
    ids = torch.tensor([list(tokens)], device=model.device)
    with _looking(decoder, see), _as_decoded(decoder, num_prompt):
        out: Tensor = decoder(input_ids=ids, use_cache=False).last_hidden_state
    return out[0]


@contextmanager
def _looking(decoder: Any, see: See) -> Iterator[None]:
    def note(index: int) -> object:
        def hook(_: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            see(index, (args[0] if args else kwargs["hidden_states"])[0])

        return hook

    places = [*decoder.layers, decoder.norm]
    # Registered last, so that each is called after TALAN's own hook on the same layer.
    hooks = [
        place.register_forward_pre_hook(note(index), with_kwargs=True)
        for index, place in enumerate(places)
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


@contextmanager
def _as_decoded(decoder: Any, num_prompt: int) -> Iterator[None]:
    """Let a block that sums over sequences see prompt and answer one after the other."""
    blocks = [getattr(layer, "talan", None) for layer in decoder.layers]
    found = [b for b in blocks if isinstance(b, TalanBlock) and not b.over_prefixes]
    for block in found:
        block.forward = _in_two_parts(block, num_prompt)  # type: ignore[method-assign]
    try:
        yield
    finally:
        for block in found:
            del block.forward


def _in_two_parts(block: TalanBlock, num_prompt: int) -> Callable[..., Tensor]:
    def forward(x: Tensor, mask: Tensor | None = None, state: object = None) -> Tensor:
        del mask, state  # one sequence, no padding, no cache
        whole = TalanBlock.forward
        if x.shape[1] <= num_prompt:
            return whole(block, x)
        sums = RunningState(session=0, over_sequence=True)
        first = whole(block, x[:, :num_prompt], None, sums)
        block.over_prefixes = True
        try:
            rest = whole(block, x[:, num_prompt:], None, sums)
        finally:
            block.over_prefixes = False
        return torch.cat([first, rest], dim=1)

    return forward


def kept_streams(model: nn.Module, tokens: Sequence[int], *, num_prompt: int) -> list[Tensor]:
    """All x_l of one sequence, l = 0 .. L."""
    streams: list[Tensor] = []
    see_streams(model, tokens, lambda _, x: streams.append(x.clone()), num_prompt=num_prompt)
    return streams
