"""Drafted decoding of recorded answers, without a model.

Owns: how many forward passes a pair of recorded answers would have taken, by the drafting rule
alone. Does not cover: limits of memory, which may cut a draft into several passes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workers.drafts.draft import Draft, num_agreeing


@dataclass(frozen=True)
class DraftedCounts:
    """Tokens and passes of some answers.

    Attributes:
        answer_tokens: Tokens of the answers.
        drafted_tokens: Those of them that a draft had proposed.
        passes: Forward passes an answer, summed; reading its prompt is none of them.
    """

    answer_tokens: int = 0
    drafted_tokens: int = 0
    passes: int = 0

    def __add__(self, other: "DraftedCounts") -> "DraftedCounts":
        return DraftedCounts(
            self.answer_tokens + other.answer_tokens,
            self.drafted_tokens + other.drafted_tokens,
            self.passes + other.passes,
        )

    @property
    def passes_per_token(self) -> float | None:
        """Forward passes a token; None where there is no token."""
        return self.passes / self.answer_tokens if self.answer_tokens else None


def replay(answer: Sequence[int], *, draft: Sequence[int]) -> DraftedCounts:
    """What decoding a known answer takes with a draft.

    Args:
        answer: The token ids, the one that ended it included.
        draft: What the matched baseline answered.
    """
    rule, num_drafted, num_passes = Draft(draft), 0, 0
    for token in answer[:1]:  # the pass that reads the prompt says the first token
        rule.note(token)
    done = min(1, len(answer))
    while done < len(answer):
        agreed = num_agreeing(rule.propose(answer[:done]), answer[done:])
        said = answer[done : done + agreed + 1]
        for token in said:
            rule.note(token)
        done += len(said)
        num_drafted += agreed
        num_passes += 1
    return DraftedCounts(len(answer), num_drafted, num_passes)


def replay_all(pairs: Iterable[tuple[Sequence[int], Sequence[int]]]) -> DraftedCounts:
    """The sum over pairs of an answer and its draft."""
    return sum((replay(answer, draft=draft) for answer, draft in pairs), DraftedCounts())
