"""Which conversations a source gives: a draw by seed and content, without duplicates and overlaps.

Owns: the draw, what is dropped and why. Does not cover what a row becomes
(`workers.mixture.examples`) and what an overlap is (`workers.mixture.overlap`).

Every conversation has a place in the draw that only the seed and its content decide; a source gives
its first `count` that are neither a duplicate nor an overlap. The order of a source's rows does not
matter, and of the other sources only that nothing is asked twice.
"""

import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path

from workers.data.rows import read_rows, require_columns
from workers.errors import DataError
from workers.mixture.examples import Message, conversation_of, key_of
from workers.mixture.overlap import QUESTION, REFERENCE, OverlapIndex, words_of
from workers.mixture.recipe import Source

DUPLICATE = "duplicate"
OVERLAPS = {QUESTION: "overlap", REFERENCE: "overlap with a reference"}


@dataclass
class Taken:
    """What one source gave.

    Attributes:
        rows: How many it has.
        dropped: Rows that gave nothing, by reason; duplicates and overlaps only of those that were
            drawn.
        noted: Rows that gave something, and what became of them first.
        overlaps: Each by its source, its row (from 1), the item, and what the two have in common.
        conversations: Those that were taken, in the order of the draw.
    """

    rows: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    noted: Counter[str] = field(default_factory=Counter)
    overlaps: list[dict[str, object]] = field(default_factory=list)
    conversations: list[list[Message]] = field(default_factory=list)


def take(
    source: Source,
    files: tuple[Path, ...],
    *,
    seed: int,
    index: OverlapIndex,
    seen: set[tuple[str, ...]],
) -> Taken:
    """Take a source's first conversations by the draw.

    Args:
        source: How many, and what a row becomes.
        files: Its rows, one file after the other.
        seed: Of the draw.
        index: The items that must not be trained on.
        seen: The words of requests that were taken before; those taken now are added.

    Raises:
        DataError: A column is missing, or there are too few.
    """
    num_drawn = 2 * source.count + 64
    while True:
        taken, requests = Taken(), set(seen)
        drawn = heapq.nsmallest(num_drawn, _drawn(source, files, seed, taken))
        for _, number, messages in drawn:
            if len(taken.conversations) == source.count:
                break
            _consider(messages, number, source=source, index=index, requests=requests, into=taken)
        if len(taken.conversations) == source.count:
            seen |= requests
            return taken
        if len(drawn) < num_drawn:
            raise _too_few(source, taken)
        num_drawn *= 2


def _drawn(
    source: Source, files: tuple[Path, ...], seed: int, taken: Taken
) -> Iterator[tuple[str, int, list[Message]]]:
    """Every conversation of a source with its key and its row; counts those that are none."""
    for row in chain.from_iterable(read_rows(file, halves=True) for file in files):
        taken.rows += 1
        require_columns(row, source.columns, where=f"source {source.name!r}")
        messages, reason = conversation_of(row, source=source, seed=seed)
        if messages and reason:
            taken.noted[reason] += 1
        if messages:
            yield key_of(messages, seed=seed, purpose="draw"), taken.rows, messages
        else:
            taken.dropped[reason] += 1


def _consider(
    messages: list[Message],
    number: int,
    *,
    source: Source,
    index: OverlapIndex,
    requests: set[tuple[str, ...]],
    into: Taken,
) -> None:
    request = words_of(" ".join(m["content"] for m in messages if m["role"] == "user"))
    if request in requests:
        into.dropped[DUPLICATE] += 1
        return
    overlap = next(filter(None, (index.find(m["content"]) for m in messages)), None)
    if overlap is not None:
        into.dropped[OVERLAPS[overlap.of]] += 1
        into.overlaps.append({"source": source.name, "row": number, **asdict(overlap)})
        return
    requests.add(request)
    into.conversations.append(messages)


def _too_few(source: Source, taken: Taken) -> DataError:
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(taken.dropped.items()))
    return DataError(
        f"source {source.name!r}: wanted are {source.count} examples, available are "
        f"{len(taken.conversations)} of {taken.rows} rows ({reasons or 'none dropped'})"
    )
