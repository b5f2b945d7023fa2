"""Sequences that are decoded together, one token each a step.

Owns: their cache, padding mask, positions and next tokens; reading prompts into a new batch, a
step, and a batch made of rows of others. Rows end in the same column: to the left of a short one,
and between a shared prefix and its own tokens, there is padding.
Does not cover: which rows, and when (`workers.generation.engine`).

Legend: B rows, C columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from workers.generation.prompts import Asked
from workers.generation.row_cache import Part, RowCache, join
from workers.generation.stopping import Stopping


@dataclass
class Batch:
    """Rows and what they need for their next token.

    Attributes:
        rows: The answers, ended ones included.
        cache: Keys, values and TALAN's sums.
        mask: [B, C + room], 1 for a real token, now or once it is there.
        next_tokens: [B, 1], each row's last token, not in the cache yet.
        positions: [B, 1], that token's.
        room: Columns that can still be written.
    """

    rows: list[Asked]
    cache: RowCache
    mask: Tensor
    next_tokens: Tensor
    positions: Tensor
    room: int

    @property
    def active(self) -> list[int]:
        """Numbers of the rows that have not ended."""
        return [number for number, row in enumerate(self.rows) if not row.has_ended]

    def first_columns(self) -> list[int]:
        """Where each row begins."""
        starts: list[int] = self.mask.argmax(dim=1).tolist()
        return starts

    @torch.inference_mode()
    def step(self, model: Any, stopping: Stopping) -> list[Asked]:
        """Decode one token in every row; returns the rows that ended with it."""
        active = self.active
        columns = self.cache.num_columns + 1
        self.next_tokens = _next_tokens(
            model,
            self.next_tokens,
            mask=self.mask[:, :columns],
            positions=self.positions,
            cache=self.cache,
        )
        self.positions = self.positions + 1
        self.room -= 1
        return self._note(stopping, active)

    def _note(self, stopping: Stopping, numbers: Sequence[int]) -> list[Asked]:
        tokens = self.next_tokens[:, 0].tolist()
        for number in numbers:
            stopping.note(self.rows[number], tokens[number])
        return [self.rows[number] for number in numbers if self.rows[number].has_ended]


@dataclass(frozen=True)
class Prefix:
    """First tokens that several prompts share, read once.

    Attributes:
        tokens: At least one.
        cache: One row.
    """

    tokens: tuple[int, ...]
    cache: RowCache


@torch.inference_mode()
def read_prefix(model: Any, tokens: Sequence[int]) -> Prefix:
    """Read the first tokens of prompts."""
    ids = torch.tensor([list(tokens)], device=model.device)
    cache = _empty_cache(model, width=len(tokens))
    _next_tokens(
        model,
        ids,
        mask=torch.ones_like(ids),
        positions=torch.arange(len(tokens), device=ids.device).unsqueeze(0),
        cache=cache,
    )
    return Prefix(tuple(tokens), cache)


@torch.inference_mode()
def read_prompts(
    model: Any, asked: Sequence[Asked], *, stopping: Stopping, prefix: Prefix | None
) -> Batch:
    """Read prompts and note each one's first new token; the batch has no room for a step yet.

    Args:
        model: The causal language model.
        asked: Prompts without an answer.
        stopping: What ends an answer.
        prefix: What all of them begin with, if it was read before.
    """
    num_shared = len(prefix.tokens) if prefix else 0
    ids, mask = _pad_left([one.prompt.tokens[num_shared:] for one in asked], device=model.device)
    positions = (mask.cumsum(dim=1) - 1).clamp(min=0) + num_shared
    if prefix is None:
        cache = _empty_cache(model, width=ids.shape[1])
    else:
        copies = torch.zeros(len(asked), dtype=torch.long, device=ids.device)
        cache = join([Part(prefix.cache, copies, is_kept=True)], room=ids.shape[1])
        mask = F.pad(mask, (num_shared, 0), value=1)
    tokens = _next_tokens(model, ids, mask=mask, positions=positions, cache=cache)
    batch = Batch(list(asked), cache, mask, tokens, positions[:, -1:] + 1, room=0)
    batch._note(stopping, range(len(asked)))
    return batch


@dataclass(frozen=True)
class Kept:
    """Rows of a batch that go on."""

    batch: Batch
    numbers: Sequence[int]

    @property
    def first_column(self) -> int:
        """What is left of it is padding in all of them."""
        starts = self.batch.first_columns()
        return min((starts[n] for n in self.numbers), default=self.batch.cache.num_columns)

    @property
    def width(self) -> int:
        """Columns from there on."""
        return self.batch.cache.num_columns - self.first_column


@torch.inference_mode()
def join_batches(parts: Sequence[Kept], *, room: int) -> Batch:
    """A batch of rows of several, which are not used afterwards, with room for more steps."""
    device = parts[0].batch.mask.device
    indices = [torch.tensor(list(part.numbers), device=device) for part in parts]
    firsts = [part.first_column for part in parts]
    cache = join(
        [
            Part(part.batch.cache, index, first)
            for part, index, first in zip(parts, indices, firsts, strict=True)
        ],
        room=room,
    )
    masks = [
        part.batch.mask[index, first : part.batch.mask.shape[1] - part.batch.room]
        for part, index, first in zip(parts, indices, firsts, strict=True)
    ]
    aligned = [F.pad(mask, (cache.num_columns - mask.shape[1], 0)) for mask in masks]
    pairs = list(zip(parts, indices, strict=True))
    return Batch(
        rows=[part.batch.rows[number] for part in parts for number in part.numbers],
        cache=cache,
        mask=F.pad(torch.cat(aligned), (0, room), value=1),
        next_tokens=torch.cat([part.batch.next_tokens[index] for part, index in pairs]),
        positions=torch.cat([part.batch.positions[index] for part, index in pairs]),
        room=room,
    )


def _next_tokens(
    model: Any, ids: Tensor, *, mask: Tensor, positions: Tensor, cache: RowCache
) -> Tensor:
    """The likeliest next token of each row [B, 1]; in float32, as `generate()` chooses."""
    logits = model(
        input_ids=ids,
        attention_mask=mask,
        position_ids=positions,
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=1,
    ).logits
    chosen: Tensor = logits[:, -1].float().argmax(dim=-1, keepdim=True)
    return chosen


def _empty_cache(model: Any, *, width: int) -> RowCache:
    return RowCache(model.config.get_text_config().num_hidden_layers, width=width)


def _pad_left(prompts: Sequence[Sequence[int]], *, device: torch.device) -> tuple[Tensor, Tensor]:
    """Token ids and mask [B, C]; any token does for padding."""
    width = max(map(len, prompts))
    ids = [[0] * (width - len(tokens)) + list(tokens) for tokens in prompts]
    mask = [[0] * (width - len(tokens)) + [1] * len(tokens) for tokens in prompts]
    return torch.tensor(ids, device=device), torch.tensor(mask, device=device)
