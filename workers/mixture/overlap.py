"""Whether a training text holds a benchmark's item: words in a row that both have.

Owns: what a word is here (letters, digits and underscores, without case, in Unicode's NFKC form),
the index over all items, and naming the item that a text overlaps with. Does not cover what becomes
of such a text (`workers.mixture.build`).

The rule (ours, after the 13-gram check of GPT-3's Appendix C): a text overlaps with an item if `n`
words in a row of the item's question, choices, tests or reference stand in it. A question shorter
than that overlaps if all its words stand there in a row; one shorter than five words only if the
text is that question and nothing else.

Why a check of our own. lm-evaluation-harness' `Janitor` cuts n-grams before it drops punctuation,
so that a dash more or less hides an item; it knows ASCII only, says that a text is dirty but not by
which item, and registers nothing for an item shorter than n words, as most of MBPP's are. MinHash
libraries compare whole documents, which does not find a short item in a long conversation; the
curation frameworks that do bring a cluster runtime with them.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from workers.suites.benchmark import Benchmark

_WORD = re.compile(r"\w+")
_START = 5  # words that every entry of the index begins with


class OverlapIndex:
    """The items of some benchmarks, by the words that would give them away."""

    def __init__(self, *, ngram_words: int) -> None:
        self._ngram_words = ngram_words
        self._by_start: dict[tuple[str, ...], list[tuple[tuple[str, ...], str]]] = {}
        self._whole: dict[tuple[str, ...], str] = {}

    def add(self, item: Mapping[str, Any], benchmark: Benchmark) -> None:
        """Add one item of a benchmark, as its items file has it."""
        for question in benchmark.questions(item):
            words = words_of(question)
            if len(words) < _START:
                if words:
                    self._whole.setdefault(words, item["id"])
            elif len(words) < self._ngram_words:
                self._enter(words, item["id"])
            else:
                self._enter_ngrams(words, item["id"])
        for text in benchmark.references(item):
            self._enter_ngrams(words_of(text), item["id"])

    def find(self, text: str) -> str | None:
        """Return the id of an item that the text overlaps with, the first by its place in it."""
        words = words_of(text)
        if words in self._whole:
            return self._whole[words]
        for at in range(len(words) - _START + 1):
            for entry, item_id in self._by_start.get(words[at : at + _START], ()):
                if words[at : at + len(entry)] == entry:
                    return item_id
        return None

    def _enter_ngrams(self, words: tuple[str, ...], item_id: str) -> None:
        for at in range(len(words) - self._ngram_words + 1):
            self._enter(words[at : at + self._ngram_words], item_id)

    def _enter(self, entry: tuple[str, ...], item_id: str) -> None:
        self._by_start.setdefault(entry[:_START], []).append((entry, item_id))


def words_of(text: str) -> tuple[str, ...]:
    """Return a text's words, without case and punctuation."""
    return tuple(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))
