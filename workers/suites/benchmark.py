"""What a benchmark declares of itself: the kind of its answers, and what its items say.

Owns: the declaration, which stands under `metadata` in the benchmark's task file and nowhere else:

    metadata:
      kind: code                  # letters | numbers | stated | algebra | code
      question: [text]            # the keys of an item that ask; no training text may repeat them
      reference: [target, tests]  # those that answer, or give the answer away

Does not cover: how a kind is scored (`workers.suites.scoring`), how a task is asked (the harness).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from workers.errors import SuiteError

LETTERS, NUMBERS, STATED, ALGEBRA, CODE = "letters", "numbers", "stated", "algebra", "code"
KINDS = (LETTERS, NUMBERS, STATED, ALGEBRA, CODE)
"""A choice's letter, a number, a number behind "The answer is", an expression, a program."""


@dataclass(frozen=True)
class Benchmark:
    """A benchmark's declaration.

    Attributes:
        kind: One of `KINDS`.
        question: The keys of an item that ask.
        reference: The keys of an item that answer.
    """

    kind: str
    question: tuple[str, ...]
    reference: tuple[str, ...]

    def questions(self, item: Mapping[str, object]) -> Iterator[str]:
        """The texts of an item that ask."""
        return _texts(item, self.question)

    def references(self, item: Mapping[str, object]) -> Iterator[str]:
        """The texts of an item that answer."""
        return _texts(item, self.reference)


@cache
def read_benchmark(task_file: Path) -> Benchmark:
    """Read the declaration in a task file.

    Raises:
        SuiteError: A part of it is missing, or the kind is none.
    """
    metadata = yaml.load(task_file.read_text(encoding="utf-8"), Loader=_Loader).get("metadata", {})
    kind, question, reference = (metadata.get(key) for key in ("kind", "question", "reference"))
    if kind not in KINDS:
        raise SuiteError(f"{task_file}: kind is {kind!r}; allowed: {', '.join(KINDS)}")
    if not question or not reference:
        missing = "reference" if question else "question"
        raise SuiteError(
            f"{task_file}: metadata names no {missing}; allowed: a list of the items' keys, by "
            "which training texts are held against the items"
        )
    return Benchmark(kind, tuple(question), tuple(reference))


def _texts(item: Mapping[str, Any], keys: tuple[str, ...]) -> Iterator[str]:
    for key in keys:
        value = item.get(key)
        if isinstance(value, str):
            yield value
        elif value:
            yield " ".join(map(str, value))


class _Loader(yaml.SafeLoader):
    """Reads past the harness' own tags, such as `!function`."""


_Loader.add_multi_constructor("!", lambda _loader, _suffix, _node: None)
