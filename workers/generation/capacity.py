"""How many sequences are decoded at a time.

Owns: the bounds, and choosing what stays and what comes in under them: from the lengths alone,
never from time, so that the same items make the same batches.
Does not cover: finding the bounds on a device (`workers.generation.memory`).

A cell is one column of one row of the key/value cache, padding and room included.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from workers.errors import GenerationError
from workers.generation.prompts import Asked, Waiting

# Of one forward pass: 1 GiB (our choice).
_LOGITS = 2**28


@dataclass(frozen=True)
class Capacity:
    """Bounds of a batch.

    Attributes:
        max_rows: Sequences decoded together.
        max_cells: Cells of their cache; None: no bound. One row is always let in.
        prefill_tokens: Prompt tokens, padding included, in one forward pass (our choice).
        pass_tokens: Proposed tokens, likewise.
        room: Columns of a batch that is put together beside those it needs at once (our choice);
            with the last one written, it is put together anew.
    """

    max_rows: int
    max_cells: int | None = None
    prefill_tokens: int = 2**14
    pass_tokens: int = 2**14
    room: int = 128

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            GenerationError: naming the bad one.
        """
        for name in ("max_rows", "max_cells", "prefill_tokens", "pass_tokens", "room"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise GenerationError(f"{name} is {value}; allowed: a whole number from 1")

    def fits(self, num_rows: int, width: int) -> bool:
        """Whether so many rows of this width are within the bounds."""
        if num_rows <= 1:
            return True
        return num_rows <= self.max_rows and (
            self.max_cells is None or num_rows * width <= self.max_cells
        )

    def halved(self, num_cells: int) -> "Capacity":
        """The bounds after a batch of `num_cells` did not fit into memory."""
        return replace(
            self,
            max_cells=max(1, num_cells // 2),
            prefill_tokens=max(1, self.prefill_tokens // 2),
            pass_tokens=max(1, self.pass_tokens // 2),
        )

    def keep(
        self, rows: Sequence[Asked], waiting: Waiting, *, width: Callable[[Sequence[Asked]], int]
    ) -> list[Asked]:
        """The rows that stay; those with the least to lose wait again where not all can.

        Args:
            rows: Answers under way.
            waiting: Takes the others.
            width: Columns that some of the rows need, room included.
        """
        kept = list(rows)
        while not self.fits(len(kept), width(kept)):
            youngest = min(kept, key=lambda one: (len(one.tokens), -one.index))
            kept.remove(youngest)
            waiting.put_back(youngest)
        return kept

    def admit(self, waiting: Waiting, *, num_rows: int, width: int) -> list[Asked]:
        """Take the prompts that fit beside `num_rows` rows of `width` columns."""
        admitted: list[Asked] = []
        while waiting:
            first = waiting.first()
            room = max(self.room, len(first.draft or ()))
            width = max(width, len(first.prompt.tokens) + room)
            if not self.fits(num_rows + len(admitted) + 1, width):
                break
            admitted.append(waiting.take())
        return admitted

    def pass_width(self, num_rows: int, *, vocabulary: int) -> int:
        """Columns of a pass that says a token after each, its logits in float32; two at least."""
        most = min(self.pass_tokens, _LOGITS // vocabulary)
        return max(2, most // max(1, num_rows))

    def groups(self, asked: Sequence[Asked]) -> list[list[Asked]]:
        """Cut prompts, longest first, into forward passes."""
        groups: list[list[Asked]] = []
        for one in asked:
            if groups and self._joins([*groups[-1], one]):
                groups[-1].append(one)
            else:
                groups.append([one])
        return groups

    def _joins(self, group: Sequence[Asked]) -> bool:
        longest = max(len(one.prompt.tokens) for one in group)
        return len(group) * longest <= self.prefill_tokens
