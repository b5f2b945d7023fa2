"""The items that an analysis looks at: prompts and stored answers as tokens.

Owns: which items of a benchmark (the same for a run, its baseline and its nulls), and their tokens.
Does not cover: what is computed on them.

Prompts are tokenised as evaluation does it. Answers are the tokens that were generated, the
one that ended them included; where an older run kept none, their texts tokenised again, without an
end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from storage.artifacts import ArtifactStore
from workers.analyses.jobs import AnalysisJob, CellSource
from workers.backbones.encoding import Encoding
from workers.errors import DataError
from workers.evaluation.asked_items import decode_asked
from workers.evaluation.stored_responses import (
    StoredResponse,
    asked_with,
    decode_responses,
    decode_tokens,
)

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class AnalysedItem:
    """One item.

    Attributes:
        benchmark: Whose.
        item_id: As in the stored responses.
        prompt: Its tokens.
        run: The run's answer.
        baseline: The matched baseline's; the run's own where it is one.
        run_is_right: Whether the run answers right.
        baseline_is_right: Whether the baseline does.
        has_ends: Whether the tokens that ended the answers are part of them.
    """

    benchmark: str
    item_id: str
    prompt: tuple[int, ...]
    run: tuple[int, ...]
    baseline: tuple[int, ...]
    run_is_right: bool
    baseline_is_right: bool
    has_ends: bool

    @property
    def group(self) -> str:
        """Helped and hurt as the record counts them."""
        if self.run_is_right == self.baseline_is_right:
            return "same"
        return "helped" if self.run_is_right else "hurt"


Choice = Callable[[Sequence[tuple[bool, bool]], int], Sequence[int]]


def spread(marks: Sequence[tuple[bool, bool]], most: int) -> list[int]:
    """Item numbers at even distances: no outcome has a say, so that runs share their items."""
    number = min(most, len(marks))
    return [place * len(marks) // number for place in range(number)]


def parted(marks: Sequence[tuple[bool, bool]], most: int) -> list[int]:
    """Helped and hurt items, at even distances where there are more than enough."""
    found = [at for at, (run, baseline) in enumerate(marks) if run != baseline]
    return [found[at] for at in spread([marks[at] for at in found], most)] if found else []


def read_items(
    job: AnalysisJob, tokenizer: PreTrainedTokenizerBase, *, choose: Choice = spread
) -> list[AnalysedItem]:
    """The chosen items of all benchmarks, as equally many of each as there are.

    Raises:
        DataError: The run kept no prompts, or answers do not belong together.
        ArtifactError: Something is gone or altered.
    """
    most = max(1, job.num_items // max(1, len(job.cells)))
    store = ArtifactStore(job.artifact_url)
    return [
        item
        for cell in job.cells
        for item in _read_cell(store, cell, tokenizer, choose=choose, most=most)
    ]


def _read_cell(
    store: ArtifactStore,
    cell: CellSource,
    tokenizer: PreTrainedTokenizerBase,
    *,
    choose: Choice,
    most: int,
) -> Iterator[AnalysedItem]:
    data = store.get_bytes(cell.run)
    other = data if cell.baseline is None else store.get_bytes(cell.baseline)
    before = {row.item_id: row for row in decode_responses(other)}
    run = decode_responses(data)
    both = [(row, before[row.item_id]) for row in run if row.item_id in before]
    prompts = _prompts(store, cell, data)
    generated = [decode_tokens(data), decode_tokens(other)]
    has_ends = None not in generated
    answers = (
        generated if has_ends else [_tokenised(rows, tokenizer) for rows in zip(*both, strict=True)]
    )
    encoding = Encoding(tokenizer)
    for at in choose([(mine.is_correct, base.is_correct) for mine, base in both], most):
        mine, base = both[at]
        yield AnalysedItem(
            benchmark=cell.benchmark,
            item_id=mine.item_id,
            prompt=tuple(encoding.encode(prompts[mine.item_id])),
            run=(answers[0] or {})[mine.item_id],
            baseline=(answers[1] or {})[mine.item_id],
            run_is_right=mine.is_correct,
            baseline_is_right=base.is_correct,
            has_ends=has_ends,
        )


def _tokenised(rows: Sequence[StoredResponse], tokenizer: Any) -> dict[str, tuple[int, ...]]:
    return {
        row.item_id: tuple(tokenizer(row.response, add_special_tokens=False)["input_ids"])
        for row in rows
    }


def _prompts(store: ArtifactStore, cell: CellSource, data: bytes) -> dict[str, str]:
    name = asked_with(data)
    if name is None:
        raise DataError(
            f"benchmark {cell.benchmark!r}: the run was recorded without its prompts, and there is "
            "nothing to read its activations on; allowed: runs of a newer version"
        )
    return {item.item_id: item.prompt for item in decode_asked(store.get_bytes(name))}
