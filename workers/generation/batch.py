"""Sequences that are decoded together, one token each a step.

Owns: their cache, padding mask, positions and next tokens; reading prompts into a new batch, a
step, and a batch made of rows of others. Rows end in the same column: to the left of a short one,
between a shared prefix and its own tokens, and where proposed tokens were not accepted, there is
padding.
Does not cover: which rows, and when (`workers.generation.engine`); several tokens per step
(`workers.generation.verification`).

Legend: B rows, C columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from workers.generation.prompts import Asked
from workers.generation.row_cache import Part, RowCache, join
from workers.generation.stopping import Stopping


class Said(NamedTuple):
    """Chosen tokens [B, S], and their lead over the second choice in logits [B, S].

    Logits that are no numbers have no lead, and are no tie: in any company the same token is
    chosen from them.
    """

    tokens: Tensor
    margins: Tensor


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
        has_holes: Whether tokens were taken back: a renewal leaves their columns out.
    """

    rows: list[Asked]
    cache: RowCache
    mask: Tensor
    next_tokens: Tensor
    positions: Tensor
    room: int
    has_holes: bool = False

    @property
    def active(self) -> list[int]:
        """Numbers of the rows that have not ended."""
        return [number for number, row in enumerate(self.rows) if not row.has_ended]

    @torch.inference_mode()
    def step(self, model: Any, stopping: Stopping) -> list[Asked]:
        """Decode one token in every row; returns the rows that ended with it."""
        active = self.active
        columns = self.cache.num_columns + 1
        said = next_tokens(
            model,
            self.next_tokens,
            mask=self.mask[:, :columns],
            positions=self.positions,
            cache=self.cache,
        )
        self.next_tokens = said.tokens
        self.positions = self.positions + 1
        self.room -= 1
        for number in active:
            self.rows[number].num_passes += 1
        return self.note(said, stopping, active)

    def note(self, said: Said, stopping: Stopping, numbers: Sequence[int]) -> list[Asked]:
        """Add what was said last to some rows; returns those that ended with it."""
        tokens, margins = said.tokens[:, -1].tolist(), said.margins[:, -1].tolist()
        for number in numbers:
            row = self.rows[number]
            row.margin = min(row.margin, margins[number])
            stopping.note(row, tokens[number])
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
    next_tokens(
        model,
        ids,
        mask=torch.ones_like(ids),
        positions=torch.arange(len(tokens), device=ids.device).unsqueeze(0),
        cache=cache,
    )
    return Prefix(tuple(tokens), cache)


@torch.inference_mode()
def read_prompts(
    model: Any,
    asked: Sequence[Asked],
    *,
    stopping: Stopping,
    prefix: Prefix | None,
    room: int = 0,
) -> Batch:
    """Read prompts and note each one's first new token.

    Args:
        model: The causal language model.
        asked: Prompts without an answer.
        stopping: What ends an answer.
        prefix: What all of them begin with, if it was read before.
        room: Columns for what comes next.
    """
    num_shared = len(prefix.tokens) if prefix else 0
    ids, mask = _pad_left([one.prompt.tokens[num_shared:] for one in asked], device=model.device)
    positions = (mask.cumsum(dim=1) - 1).clamp(min=0) + num_shared
    if prefix is None:
        cache = _empty_cache(model, width=ids.shape[1] + room)
    else:
        copies = torch.zeros(len(asked), dtype=torch.long, device=ids.device)
        cache = join([Part(prefix.cache, copies, is_kept=True)], room=ids.shape[1] + room)
        mask = F.pad(mask, (num_shared, 0), value=1)
    said = next_tokens(model, ids, mask=mask, positions=positions, cache=cache)
    mask = F.pad(mask, (0, room), value=1)
    batch = Batch(list(asked), cache, mask, said.tokens, positions[:, -1:] + 1, room=room)
    batch.note(said, stopping, range(len(asked)))
    return batch


@dataclass(frozen=True)
class Kept:
    """Rows of a batch that go on."""

    batch: Batch
    numbers: Sequence[int]

    @property
    def width(self) -> int:
        """Columns that they need, padding included."""
        return self.take().part.width if self.numbers else 0

    def take(self) -> "Taken":
        """What of the batch goes on."""
        indices = torch.tensor(list(self.numbers), device=self.batch.mask.device)
        mask = self.batch.mask[indices, : self.batch.cache.num_columns]
        if not self.batch.has_holes:
            first = int(mask.argmax(dim=1).min())
            return Taken(Part(self.batch.cache, indices, first), mask[:, first:])
        ordered, columns = mask.sort(dim=1, stable=True)  # padding first, then what is real
        width = int(mask.sum(dim=1).max())
        part = Part(self.batch.cache, indices, columns=columns[:, -width:])
        return Taken(part, ordered[:, -width:])


class Taken(NamedTuple):
    """Rows of a cache, and their mask [R, W]."""

    part: Part
    mask: Tensor


@torch.inference_mode()
def join_batches(parts: Sequence[Kept], *, room: int) -> Batch:
    """A batch of rows of several, which are not used afterwards, with room for more steps."""
    taken = [part.take() for part in parts]
    cache = join([one.part for one in taken], room=room)
    aligned = [F.pad(one.mask, (cache.num_columns - one.mask.shape[1], 0)) for one in taken]
    pairs = [(part, one.part.indices) for part, one in zip(parts, taken, strict=True)]
    return Batch(
        rows=[part.batch.rows[number] for part in parts for number in part.numbers],
        cache=cache,
        mask=F.pad(torch.cat(aligned), (0, room), value=1),
        next_tokens=torch.cat([part.batch.next_tokens[index] for part, index in pairs]),
        positions=torch.cat([part.batch.positions[index] for part, index in pairs]),
        room=room,
    )


def next_tokens(
    model: Any,
    ids: Tensor,
    *,
    mask: Tensor,
    positions: Tensor,
    cache: RowCache,
    num_last: int = 1,
) -> Said:
    """The likeliest token after each of the last ones; in float32, as `generate()` chooses."""
    logits = (
        model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=num_last,
        )
        .logits[:, -num_last:]
        .float()
    )
    first, second = logits.topk(2, dim=-1).values.unbind(dim=-1)
    return Said(logits.argmax(dim=-1), first - second)


def _empty_cache(model: Any, *, width: int) -> RowCache:
    return RowCache(model.config.get_text_config().num_hidden_layers, width=width)


def _pad_left(prompts: Sequence[Sequence[int]], *, device: torch.device) -> tuple[Tensor, Tensor]:
    """Token ids and mask [B, C]; any token does for padding."""
    width = max(map(len, prompts))
    ids = [[0] * (width - len(tokens)) + list(tokens) for tokens in prompts]
    mask = [[0] * (width - len(tokens)) + [1] * len(tokens) for tokens in prompts]
    return torch.tensor(ids, device=device), torch.tensor(mask, device=device)
