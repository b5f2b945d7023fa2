"""Tokens that are proposed and may be taken back (drafted decoding).

    A pass over proposed x_1 ... x_S after sums N, D:   x_i reads the sums N, D with x_1 ... x_i
    After it, the first k of them kept:                 N, D become the sums with x_1 ... x_k

so each token reads what it would have read in a pass of its own, in both scopes: with `sequence`,
too, a token that is decoded reads the sums up to itself, and only those of a prompt read the whole
prompt. Owns: saying so to the state beside a cache. Does not cover: keys and values of the tokens
that were taken back; whoever decodes masks their columns, and a masked column is in no sum.
"""

from typing import Any

from torch import Tensor

from talan.state import RunningState


def propose_next(cache: object) -> None:
    """Let the tokens of the next forward pass be proposed ones; nothing where there is no block.

    Args:
        cache: that the pass will be given; it holds the prompt.
    """
    state: RunningState | None = getattr(cache, "talan_state", None)
    if state is not None:
        state.are_proposed = True


def keep_proposed(cache: object, num_kept: Tensor) -> None:
    """Keep the first tokens of the last pass and take the others back.

    Args:
        cache: that the pass was given.
        num_kept: [B], how many of each row.
    """
    state: RunningState | None = getattr(cache, "talan_state", None)
    if state is not None:
        state.keep(num_kept.to(_device(state, num_kept)))


def _device(state: RunningState, num_kept: Tensor) -> Any:
    return num_kept.device if state.proposed is None else state.proposed.x.device
