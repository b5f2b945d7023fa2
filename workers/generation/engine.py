"""Greedy decoding in which sequences that ended make room for waiting ones.

Owns: the loop (read prompts, step, replace), when proposed tokens are verified, answers that are
written again alone, its figures, and going on with less after the device ran out of memory. Which
sequences are decoded together depends on the prompts, the drafts, the answers and the capacity,
never on time: the same call gives the same responses, bit for bit, where the kernels are
deterministic (`workers.run.process`).
Does not cover: sampling, beams and logits processors (`workers.generation.support`).
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from workers.errors import GenerationError, first_line
from workers.generation.batch import (
    Batch,
    Kept,
    Prefix,
    join_batches,
    read_prompts,
)
from workers.generation.capacity import Capacity
from workers.generation.prefix import PrefixReader
from workers.generation.prompts import Asked, Prompt, Response, Waiting, ask
from workers.generation.stopping import Stopping
from workers.generation.verification import verify

logger = logging.getLogger(__name__)

# A batch is renewed once a quarter of its rows have ended (our choice).
ENDED_SHARE = 4
# Rows that know what comes wait for each other, and are verified once they are half of those that
# go on: a pass over many tokens costs those that ride along, too (our choice).
PROPOSING_SHARE = 2
# Rounding moves a float32 logit by about 1e-5, in another order of the sums.
NEAR_TIE = 1e-4


@dataclass
class Tally:
    """What an engine did so far.

    Attributes:
        num_steps: Forward passes that decoded, one token a row or as many as were proposed.
        num_row_steps: Rows in them, ended ones included.
        num_prompt_tokens: Read, without padding; a shared prefix counts once.
        num_renewals: Batches put together.
        num_restarts: Answers given up for want of memory and begun again.
        num_out_of_memory: Times the device ran out of memory.
        num_redecoded: Answers with a near tie, written again alone.
    """

    num_steps: int = 0
    num_row_steps: int = 0
    num_prompt_tokens: int = 0
    num_renewals: int = 0
    num_restarts: int = 0
    num_out_of_memory: int = 0
    num_redecoded: int = 0


class Engine:
    """Decodes greedily with one model.

    Args:
        model: A causal language model in eval mode; adapter and TALAN in place.
        stopping: What ends an answer.
        capacity: How much is decoded at a time.
        shares_prefix: Read what all prompts begin with only once, where that is exact.
        near_tie: An answer in which a token led the second choice by less is written again alone,
            as `generate()` would: what else was in the batch then decided nothing. 0: none is.
    """

    def __init__(
        self,
        model: Any,
        *,
        stopping: Stopping,
        capacity: Capacity,
        shares_prefix: bool = True,
        near_tie: float = 0.0,
    ) -> None:
        self.capacity = capacity
        self.tally = Tally()
        self._model = model
        self._stopping = stopping
        self._near_tie = near_tie
        self._prefixes = PrefixReader(model) if shares_prefix else None
        self._attempted = (0, 0)

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[Response]:
        """Yield a response for each prompt as it ends; the caller may stop at any time.

        Raises:
            GenerationError: A prompt does not fit into the context, or one sequence alone not
                into memory.
        """
        asked = ask(
            prompts,
            max_new_tokens=self._stopping.max_new_tokens,
            context_tokens=self._model.config.get_text_config().max_position_embeddings,
        )
        return self._decode(asked)

    def _decode(self, asked: Sequence[Asked]) -> Iterator[Response]:
        waiting, batch = Waiting(asked), None
        ties: list[Asked] = []
        prefix = self._find_prefix([one.prompt.tokens for one in asked])
        while waiting or batch is not None:
            shortage = None
            try:
                if batch is None or self._is_due(batch):
                    batch, ended = self._renew(batch, waiting, prefix)
                else:
                    ended = self._step(batch)
            except torch.OutOfMemoryError as error:
                shortage = error.with_traceback(None)
            if shortage is not None:
                batch, ended = None, self._retreat(asked, waiting, shortage)
            for one in ended:
                one.is_given = True
                if one.margin < self._near_tie and not one.is_given_up:
                    ties.append(one)
                else:
                    yield one.response()
        for one in ties:
            yield self._written_alone(one)

    def _written_alone(self, tie: Asked) -> Response:
        alone = Engine(
            self._model, stopping=self._stopping, capacity=Capacity(1), shares_prefix=False
        )
        (found,) = alone.generate([replace(tie.prompt, draft=())])
        self.tally.num_redecoded += 1
        return replace(
            found,
            index=tie.index,
            margin=min(found.margin, tie.margin),
            num_passes=found.num_passes + tie.num_passes,
            is_redecoded=True,
        )

    def _is_due(self, batch: Batch) -> bool:
        """Whether enough rows have ended, or there is no column left for what comes next."""
        num_ended = sum(row.has_ended for row in batch.rows)
        longest = 1 + max(len(row.propose()) for row in batch.rows)
        is_short = batch.room < min(longest, self._pass_width(batch), self.capacity.room)
        return is_short or num_ended * ENDED_SHARE >= len(batch.rows)

    def _pass_width(self, batch: Batch) -> int:
        return self.capacity.pass_width(len(batch.rows), vocabulary=self._vocabulary)

    def _step(self, batch: Batch) -> list[Asked]:
        self._attempted = (len(batch.rows), batch.mask.shape[1])
        proposals = self._proposals(batch)
        if proposals is None:
            ended = batch.step(self._model, self._stopping)
        else:
            ended = verify(batch, self._model, self._stopping, proposals=proposals)
        self.tally.num_steps += 1
        self.tally.num_row_steps += len(batch.rows)
        return ended

    def _proposals(self, batch: Batch) -> dict[int, Sequence[int]] | None:
        """The rows that take part in the next pass, and what each proposes; None: one token each.

        Where fewer than half of the rows propose something, they wait while the others go on.
        """
        most = min(batch.room, self._pass_width(batch)) - 1
        found = {number: batch.rows[number].propose()[:most] for number in batch.active}
        num_proposing = sum(map(bool, found.values()))
        if not num_proposing:
            return None
        if num_proposing * PROPOSING_SHARE >= len(found):
            return found
        return {number: proposed for number, proposed in found.items() if not proposed}

    def _renew(
        self, batch: Batch | None, waiting: Waiting, prefix: Prefix | None
    ) -> tuple[Batch | None, list[Asked]]:
        """The rows that go on and the prompts that come in, and which of these ended at once."""
        kept = [] if batch is None else self._keep(batch, waiting)
        num_kept = sum(len(part.numbers) for part in kept)
        room = self.capacity.room
        width = max((part.width for part in kept), default=0) + room
        parts, ended = kept, list[Asked]()
        while admitted := self.capacity.admit(waiting, num_rows=num_kept, width=width):
            longest = max(len(one.prompt.tokens) + room for one in admitted)
            self._attempted = (num_kept + len(admitted), max(width, longest))
            read = [self._read(group, prefix) for group in self.capacity.groups(admitted)]
            parts = [*parts, *(Kept(one, one.active) for one in read if one.active)]
            num_kept = sum(len(part.numbers) for part in parts)
            ended += [one for one in admitted if one.has_ended]
            if not any(one.draft for one in admitted):
                break
        if not parts:
            return None, ended
        self.tally.num_renewals += 1
        return join_batches(parts, room=self._room(parts)), ended

    def _room(self, parts: Sequence[Kept]) -> int:
        """As many columns as are needed at most; a row with a draft may write some in vain."""
        rows = [part.batch.rows[number] for part in parts for number in part.numbers]
        if any(row.draft for row in rows):
            return self.capacity.room
        return min(self.capacity.room, max(row.max_new_tokens - len(row.tokens) for row in rows))

    def _keep(self, batch: Batch, waiting: Waiting) -> list[Kept]:
        """The rows of a batch that go on; what does not fit any more waits again."""
        active = batch.active
        numbers = {batch.rows[number].index: number for number in active}

        def part(rows: Sequence[Asked]) -> Kept:
            return Kept(batch, [numbers[row.index] for row in rows])

        rows = self.capacity.keep(
            [batch.rows[number] for number in active],
            waiting,
            width=lambda rows: part(rows).width + self.capacity.room,
        )
        self.tally.num_restarts += len(active) - len(rows)
        return [part(rows)] if rows else []

    def _read(self, group: Sequence[Asked], prefix: Prefix | None) -> Batch:
        """A batch of prompts, their drafts verified; only rows that go on take memory then."""
        num_shared = len(prefix.tokens) if prefix else 0
        room = max(len(one.draft or ()) for one in group)
        batch = read_prompts(self._model, group, stopping=self._stopping, prefix=prefix, room=room)
        self.tally.num_prompt_tokens += sum(len(one.prompt.tokens) - num_shared for one in group)
        while proposals := self._followed(batch):
            self.tally.num_steps += 1
            self.tally.num_row_steps += len(batch.rows)
            verify(batch, self._model, self._stopping, proposals=proposals)
        if not (room and batch.active):
            return batch
        return join_batches([Kept(batch, batch.active)], room=0)

    def _followed(self, batch: Batch) -> dict[int, Sequence[int]]:
        """What the rows propose that still say what was drafted; the others sit the pass out."""
        most = max(0, min(batch.room, self._pass_width(batch)) - 1)
        rows = {n: batch.rows[n] for n in batch.active if batch.rows[n].is_as_drafted}
        found = {number: row.propose()[:most] for number, row in rows.items()}
        return {number: proposed for number, proposed in found.items() if proposed}

    @property
    def _vocabulary(self) -> int:
        return int(self._model.config.get_text_config().vocab_size)

    def _find_prefix(self, prompts: Sequence[Sequence[int]]) -> Prefix | None:
        if self._prefixes is None:
            return None
        num_before = self._prefixes.num_tokens_read
        prefix = self._prefixes.find(prompts)
        self.tally.num_prompt_tokens += self._prefixes.num_tokens_read - num_before
        return prefix

    def _retreat(
        self, asked: Sequence[Asked], waiting: Waiting, shortage: torch.OutOfMemoryError
    ) -> list[Asked]:
        """Halve the capacity and let all unfinished answers start again; returns the ended ones."""
        num_rows, width = self._attempted
        under_way = [one for one in asked if not (one.has_ended or one.is_waiting)]
        if num_rows <= 1:
            raise GenerationError(
                f"Item {under_way[0].prompt.name!r} alone does not fit into memory: "
                f"{first_line(shortage)}"
            )
        for one in under_way:
            waiting.put_back(one)
        self.capacity = self.capacity.halved(num_rows * width)
        self.tally.num_restarts += len(under_way)
        self.tally.num_out_of_memory += 1
        logger.warning(
            "%d sequences of %d tokens did not fit into memory; going on with half of that",
            num_rows,
            width,
        )
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return [one for one in asked if one.has_ended and not one.is_given]
