"""What is asked, how far its answer has got, and what comes out.

Owns: the check that a prompt leaves room for an answer, and the order in which prompts wait.
"""

from bisect import insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import inf

from workers.drafts.draft import Draft
from workers.errors import GenerationError


@dataclass(frozen=True)
class Prompt:
    """A tokenised prompt.

    Attributes:
        name: What an error calls it, such as an item's id; comes back with the response.
        tokens: At least one.
        max_new_tokens: Cuts this answer earlier than the others; None: as they are.
        draft: The answer that is expected, which changes no answer; empty: none is.
        only_as_drafted: Give the answer up at the first token that is not the draft's.
    """

    name: str
    tokens: Sequence[int]
    max_new_tokens: int | None = None
    draft: Sequence[int] = ()
    only_as_drafted: bool = False


@dataclass(frozen=True)
class Response:
    """What the model wrote.

    Attributes:
        index: The prompt's place among those given.
        name: The prompt's.
        tokens: New tokens, the one that ended it included.
        is_truncated: Whether it ended for want of room: `max_new_tokens` or the context.
        margin: The smallest lead of a token over the second choice, in logits.
        num_drafted: Tokens that were accepted from a draft.
        num_passes: Forward passes that it took part in, those that read its prompt left out.
        is_redecoded: Whether it was a near tie, and was written again alone.
        is_given_up: Whether it parted from its draft and was to be written no further.
    """

    index: int
    name: str
    tokens: tuple[int, ...]
    is_truncated: bool
    margin: float = inf
    num_drafted: int = 0
    num_passes: int = 0
    is_redecoded: bool = False
    is_given_up: bool = False


@dataclass
class Asked:
    """A prompt and the answer as far as it has got.

    Attributes:
        index: The prompt's place among those given.
        prompt: The prompt.
        max_new_tokens: After which the answer is cut.
        tokens: New tokens so far.
        has_ended: Whether there will be more.
        is_truncated: Whether it ended for want of room.
        is_waiting: Whether it is not being decoded.
        is_given: Whether the caller has the response.
        is_given_up: Whether it ended where it parted from its draft.
        draft: What proposes its next tokens; None: nothing does.
        margin: The smallest lead of a token over the second choice.
        num_drafted: Tokens accepted from the draft.
        num_passes: Forward passes it took part in.
    """

    index: int
    prompt: Prompt
    max_new_tokens: int
    tokens: list[int] = field(default_factory=list)
    has_ended: bool = False
    is_truncated: bool = False
    is_waiting: bool = True
    is_given: bool = False
    is_given_up: bool = False
    draft: Draft | None = None
    margin: float = inf
    num_drafted: int = 0
    num_passes: int = 0

    def say(self, token: int) -> None:
        """Add the next token."""
        self.tokens.append(token)
        if self.draft is not None:
            self.draft.note(token)

    @property
    def is_as_drafted(self) -> bool:
        """Whether its tokens so far are the draft's."""
        return self.draft is not None and not self.draft.has_parted

    @property
    def is_of_no_use(self) -> bool:
        """Whether it is only wanted as its draft foresaw, and is not."""
        return self.prompt.only_as_drafted and not self.is_as_drafted

    def propose(self) -> Sequence[int]:
        """What its draft expects next, as far as there is room for it and for one token more."""
        if self.draft is None or self.has_ended:
            return ()
        return self.draft.propose(self.tokens)[: self.max_new_tokens - len(self.tokens) - 1]

    def begin_again(self) -> None:
        """Give up what was written so far."""
        self.tokens.clear()
        self.margin, self.num_drafted = inf, 0
        if self.draft is not None:
            self.draft.restart()

    @property
    def rank(self) -> tuple[int, int, int]:
        """Longest first: prompts, and drafts, of like length are then padded together the least."""
        length, draft = len(self.prompt.tokens), len(self.prompt.draft)
        return -(length + draft), -length, self.index

    def response(self) -> Response:
        """The answer as it stands."""
        return Response(
            self.index,
            self.prompt.name,
            tuple(self.tokens),
            self.is_truncated,
            self.margin,
            self.num_drafted,
            self.num_passes,
            is_given_up=self.is_given_up,
        )


def ask(prompts: Iterable[Prompt], *, max_new_tokens: int, context_tokens: int) -> list[Asked]:
    """Check every prompt; near the end of the context its answer is cut earlier.

    Raises:
        GenerationError: A prompt is empty, or leaves no room for one new token.
    """
    asked = []
    for index, prompt in enumerate(prompts):
        room = context_tokens - len(prompt.tokens)
        if room < 1 or not prompt.tokens:
            raise GenerationError(
                f"The prompt of item {prompt.name!r} has {len(prompt.tokens)} tokens; allowed: "
                f"1 to {context_tokens - 1}, for the backbone's context holds {context_tokens}"
            )
        bounds = (max_new_tokens, prompt.max_new_tokens or max_new_tokens, room)
        draft = Draft(prompt.draft) if prompt.draft else None
        asked.append(Asked(index, prompt, min(bounds), draft=draft))
    return asked


class Waiting:
    """Prompts that are not being decoded, longest first."""

    def __init__(self, asked: Iterable[Asked]) -> None:
        self._asked = sorted(asked, key=lambda one: one.rank)

    def __len__(self) -> int:
        return len(self._asked)

    def first(self) -> Asked:
        """The one whose turn it is."""
        return self._asked[0]

    def take(self) -> Asked:
        """The one whose turn it is, which no longer waits."""
        asked = self._asked.pop(0)
        asked.is_waiting = False
        return asked

    def put_back(self, asked: Asked) -> None:
        """Let one wait again; its answer so far is given up, and will be written again."""
        asked.begin_again()
        asked.is_waiting = True
        insort(self._asked, asked, key=lambda one: one.rank)
