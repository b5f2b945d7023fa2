"""One task of the embedded suite: what is asked, the wanted answer, and what checks it.

Owns the record and the rule by which two prompts count as the same. The generators
(`choice`, `arithmetic`, `algebra`, `programs`, `general`) each draw problems of one kind.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar


@dataclass(frozen=True)
class Problem:
    """A templated task.

    Attributes:
        family: Which template it comes from; families differ in difficulty.
        prompt: The user's message.
        worked: The answer that fine-tuning teaches.
        terse: Another way to answer, seen only in pretraining: a base model knows several.
        check: What the scorer needs besides the response (goes into the item).
    """

    family: str
    prompt: str
    worked: str
    terse: str
    check: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The prompt without case, punctuation and spacing: equal keys are the same task."""
        return normalise(self.prompt)


Generator = Callable[[Random], Problem]
T = TypeVar("T")


def normalise(prompt: str) -> str:
    """Reduce a prompt to its lower-case words, numbers and operators, separated by one space."""
    return " ".join(re.findall(r"[a-z]+|[0-9]+|[-+*/^=()]", prompt.lower()))


def draw_from(families: Sequence[tuple[int, Callable[[Random], T]]], rng: Random) -> T:
    """Draw from weighted generators."""
    weights = [weight for weight, _ in families]
    return rng.choices([generator for _, generator in families], weights)[0](rng)
