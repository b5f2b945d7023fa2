"""Several tokens of a row in one forward pass, as far as the model itself would have said them.

    a pass over  x_0, d_1 ... d_k     says  c_0 ... c_k     (x_0: the row's last token, d: draft)
    accepted     the longest d_1 ... d_a with d_j = c_{j-1}
    said         c_0 ... c_a          of which the first a are the draft's

Owns: the pass, what is accepted of it and taking the rest back: rejected columns are padding from
then on, and TALAN's sums are those of the accepted tokens (`talan.proposals`). Rows accept
different numbers; a row may also sit a pass out, its column padding.
Does not cover: what is proposed (`workers.drafts`), which rows take part and when
(`workers.generation.engine`).

Legend: B rows, S = k + 1 columns of the pass, C columns before it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from talan import keep_proposed, propose_next
from workers.drafts.draft import num_agreeing
from workers.generation.batch import Batch, Said, next_tokens
from workers.generation.prompts import Asked
from workers.generation.stopping import Stopping


@torch.inference_mode()
def verify(
    batch: Batch, model: Any, stopping: Stopping, *, proposals: Mapping[int, Sequence[int]]
) -> list[Asked]:
    """Let rows say as much as their proposals foresaw; returns the rows that ended.

    Args:
        batch: With room for one column more than the longest proposal has tokens.
        model: The causal language model.
        stopping: What ends an answer.
        proposals: By the numbers of the rows that take part; an empty one says one token.
    """
    before, device = batch.cache.num_columns, batch.mask.device
    ids, taking_part = _columns(batch, proposals)
    width = ids.shape[1]
    propose_next(batch.cache)
    said = next_tokens(
        model,
        ids,
        mask=torch.cat([batch.mask[:, :before], taking_part], dim=1),
        positions=batch.positions + torch.arange(width, device=device),
        cache=batch.cache,
        num_last=width,
    )
    counts = _accept(batch, said, stopping, proposals)
    num_kept = torch.tensor(counts, device=device)
    keep_proposed(batch.cache, num_kept)
    batch.mask[:, before : before + width] = torch.arange(width, device=device) < num_kept[:, None]
    batch.has_holes = batch.has_holes or any(count < width for count in counts)
    batch.room -= width
    last = (num_kept - 1).clamp(min=0).unsqueeze(1)
    batch.next_tokens = torch.where(
        num_kept.unsqueeze(1) > 0, said.tokens.gather(1, last), batch.next_tokens
    )
    batch.positions = batch.positions + num_kept.unsqueeze(1)
    return [batch.rows[number] for number in proposals if batch.rows[number].has_ended]


def _columns(batch: Batch, proposals: Mapping[int, Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Token ids and mask [B, S] of the pass: each row's last token, then what is proposed."""
    width = 1 + max(map(len, proposals.values()))
    ids, mask = [], []
    for number, token in enumerate(batch.next_tokens[:, 0].tolist()):
        tokens = [token, *proposals[number]] if number in proposals else []
        padding = [0] * (width - len(tokens))
        ids.append([*tokens, *padding])
        mask.append([*([1] * len(tokens)), *padding])
    device = batch.mask.device
    return torch.tensor(ids, device=device), torch.tensor(mask, device=device)


def _accept(
    batch: Batch, said: Said, stopping: Stopping, proposals: Mapping[int, Sequence[int]]
) -> list[int]:
    """Note what each row says; returns how many columns of each are kept [B]."""
    tokens, margins = said.tokens.tolist(), said.margins.tolist()
    num_kept = [0] * len(batch.rows)
    for number, proposed in proposals.items():
        row = batch.rows[number]
        agreed = num_agreeing(proposed, tokens[number])
        num_kept[number] = agreed + 1
        row.num_passes += 1
        for at in range(agreed + 1):
            row.margin = min(row.margin, margins[number][at])
            row.num_drafted += at < agreed
            stopping.note(row, tokens[number][at])
            if row.has_ended:
                break
    return num_kept
