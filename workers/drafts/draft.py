"""The drafting rule: which tokens are proposed as the continuation of an answer.

Owns: the whole draft first; after a token that is not the draft's, the continuation of the longest
end of the answer that occurs in the draft, of at least four tokens; otherwise nothing. What follows
such a match is proposed in portions that grow while they agree: an answer that has parted once is
likely to part again, and what is proposed in vain is computed all the same. It is a
function of the draft and the answer alone, so the same run proposes the same tokens.
Does not cover: verifying them (``workers.generation``). Imports no torch: a replay needs no model.

The rule is that of prompt lookup and SuffixDecoding (https://arxiv.org/abs/2411.04975), with one
document in place of a corpus: an answer of the same backbone, fine-tuned on the same examples.
"""

from collections.abc import Sequence

# Our choices: a shorter match is mostly chance, and a longer one tells no more of what comes.
MIN_MATCH_TOKENS = 4
MAX_MATCH_TOKENS = 32
FIRST_PORTION = 8


class Draft:
    """A draft, and how far an answer has followed it.

    Args:
        tokens: The answer that is expected, the token that ended it included.
    """

    def __init__(self, tokens: Sequence[int]) -> None:
        self._tokens = tuple(tokens)
        self._place, self._is_followed = 0, True
        self._num_since_match: int | None = None  # None: the answer has not parted yet
        self._ends: dict[tuple[int, ...], list[int]] | None = None

    def __len__(self) -> int:
        return len(self._tokens)

    def note(self, token: int) -> None:
        """Take in the next token of the answer."""
        at, tokens = self._place, self._tokens
        self._is_followed = self._is_followed and at < len(tokens) and tokens[at] == token
        self._place += self._is_followed
        if self._num_since_match is not None:
            self._num_since_match += self._is_followed

    @property
    def has_parted(self) -> bool:
        """Whether the last token noted is not the draft's."""
        return not self._is_followed

    def restart(self) -> None:
        """Begin anew: the answer is written again."""
        self._place, self._is_followed, self._num_since_match = 0, True, None

    def propose(self, answer: Sequence[int]) -> Sequence[int]:
        """What comes next if the answer goes on as the draft does; empty where nothing is known.

        The draft's last token is left out: the pass that verifies the one before it says it too.

        Args:
            answer: All tokens that were noted.
        """
        if not self._is_followed:
            found = self._find(answer)
            if found is None:
                return ()
            self._place, self._is_followed, self._num_since_match = found, True, 0
        end = len(self._tokens) - 1
        if self._num_since_match is not None:
            end = min(end, self._place + max(FIRST_PORTION, self._num_since_match))
        return self._tokens[self._place : end]

    def _find(self, answer: Sequence[int]) -> int | None:
        """The place in the draft after the longest match; the next one on where several are."""
        tail = tuple(answer[-MAX_MATCH_TOKENS:])
        ends = self._known_ends().get(tail[-MIN_MATCH_TOKENS:], ())
        best: tuple[int, bool, int] | None = None
        for end in ends:
            rank = (-self._num_matching(tail, end), end < self._place, end)
            best = rank if best is None else min(best, rank)
        return None if best is None else best[2]

    def _num_matching(self, tail: Sequence[int], end: int) -> int:
        pairs = zip(reversed(tail), reversed(self._tokens[:end]), strict=False)
        return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(tail), end))

    def _known_ends(self) -> dict[tuple[int, ...], list[int]]:
        """Where each run of tokens that is long enough to be matched ends."""
        if self._ends is None:
            self._ends = {}
            for end in range(MIN_MATCH_TOKENS, len(self._tokens)):
                self._ends.setdefault(self._tokens[end - MIN_MATCH_TOKENS : end], []).append(end)
        return self._ends


def num_agreeing(proposed: Sequence[int], said: Sequence[int]) -> int:
    """How many of the proposed tokens, from the first on, are what was said."""
    pairs = zip(proposed, said, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(proposed), len(said)))
