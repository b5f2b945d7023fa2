"""Whether a training text holds a benchmark's item: words in a row that both have.

Owns: what a word is here (letters, digits and underscores, without case, in Unicode's NFKC form),
the index over all items, and naming the item that a text overlaps with. Does not cover what becomes
of such a text (`workers.mixture.build`).

The rule (ours, after the 13-gram check of GPT-3's Appendix C): a text overlaps with an item if runs
of at least `n` words of its question, or of its reference (answer, choices, tests, solution), stand
in it and make up a share of that question or reference. A question shorter than `n` overlaps if all
its words stand there in a row; one shorter than five words only if the text is that question and
nothing else. Figures (Asymptote blocks) are left out on both sides: their code is alike everywhere.
A run of single letters and digits only, such as an alphabet, is no run.

The share tells an item from a phrase: solutions of different problems have 13 words in common
sooner or later ("the sum of the first n terms of the ...").

Why a check of our own. lm-evaluation-harness' `Janitor` cuts n-grams before it drops punctuation,
so that a dash more or less hides an item; it knows ASCII only, says that a text is dirty but not by
which item, and registers nothing for an item shorter than n words, as most of MBPP's are. MinHash
libraries compare whole documents, which does not find a short item in a long conversation; the
curation frameworks that do bring a cluster runtime with them.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workers.suites.benchmark import Benchmark

_WORD = re.compile(r"\w+")
_FIGURE = re.compile(r"\[asy\].*?\[/asy\]", re.DOTALL | re.IGNORECASE)
QUESTION, REFERENCE = "question", "reference"
_START = 5  # words that every entry of the index begins with


@dataclass(frozen=True)
class Overlap:
    """What a text has of an item.

    Attributes:
        item: The item's id.
        of: `QUESTION` or `REFERENCE`.
        words: The words that both have, the longest run of them.
        share: How much of the question or the reference stands in the text.
    """

    item: str
    of: str
    words: str
    share: float


@dataclass(frozen=True, eq=False)  # told apart as objects: hashing long texts takes time
class _Part:
    """A question or a reference in words."""

    item: str
    of: str
    words: tuple[str, ...]


class OverlapIndex:
    """The items of some benchmarks, by the words that would give them away.

    Args:
        ngram_words: Words in a row that count.
        share: Of a question or a reference, that has to stand in a text.
    """

    def __init__(self, *, ngram_words: int, share: float = 0.5) -> None:
        self._ngram_words = ngram_words
        self._share = share
        self._by_start: dict[tuple[str, ...], list[tuple[tuple[str, ...], _Part, int]]] = {}
        self._whole: dict[tuple[str, ...], _Part] = {}

    def add(self, item: Mapping[str, Any], benchmark: Benchmark) -> None:
        """Add one item of a benchmark, as its items file has it."""
        for question in benchmark.questions(item):
            part = _Part(item["id"], QUESTION, _comparable(question))
            if 0 < len(part.words) < _START:
                self._whole.setdefault(part.words, part)
            elif len(part.words) < self._ngram_words:
                self._enter(part, 0, len(part.words))
            else:
                self._enter_ngrams(part)
        for text in benchmark.references(item):
            self._enter_ngrams(_Part(item["id"], REFERENCE, _comparable(text)))

    def find(self, text: str) -> Overlap | None:
        """Return what a text has of an item, the first by its place in it; a question if it can."""
        words = _comparable(text)
        if words in self._whole:
            part = self._whole[words]
            return Overlap(part.item, part.of, " ".join(words), 1.0)
        found = [
            Overlap(part.item, part.of, _longest_run(part.words, covered), share)
            for part, covered in self._covered(words).items()
            if (share := len(covered) / len(part.words)) >= self._share
        ]
        return next(iter(sorted(found, key=lambda overlap: overlap.of != QUESTION)), None)

    def _covered(self, words: tuple[str, ...]) -> dict[_Part, set[int]]:
        """Which words of which questions and references stand in a text, in runs."""
        covered: dict[_Part, set[int]] = {}
        for at in range(len(words) - _START + 1):
            for entry, part, place in self._by_start.get(words[at : at + _START], ()):
                if words[at : at + len(entry)] == entry:
                    covered.setdefault(part, set()).update(range(place, place + len(entry)))
        return covered

    def _enter_ngrams(self, part: _Part) -> None:
        for at in range(len(part.words) - self._ngram_words + 1):
            if any(len(word) > 1 for word in part.words[at : at + self._ngram_words]):
                self._enter(part, at, self._ngram_words)

    def _enter(self, part: _Part, place: int, length: int) -> None:
        entry = part.words[place : place + length]
        self._by_start.setdefault(entry[:_START], []).append((entry, part, place))


def words_of(text: str) -> tuple[str, ...]:
    """Return a text's words, without case and punctuation."""
    return tuple(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def _comparable(text: str) -> tuple[str, ...]:
    return words_of(_FIGURE.sub(" ", text))


def _longest_run(words: tuple[str, ...], covered: set[int]) -> str:
    runs: list[list[str]] = [[]]
    for place, word in enumerate(words):
        if place in covered:
            runs[-1].append(word)
        elif runs[-1]:
            runs.append([])
    return max((" ".join(run) for run in runs), key=len)
