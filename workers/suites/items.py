"""The items of a benchmark, read and checked: what is wrong with one is said before anything runs.

Owns: the checks of types, emptiness and duplicates by kind of answer, and that a reference is
accepted by its own scorer. An item that no response can solve, or whose reference is missing, would
count as wrong for every run alike and look like a tie. Does not cover how items are asked
(`workers.suites.tasks`).
"""

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from workers.data.hashes import file_sha256
from workers.data.json_lines import LineError, json_lines
from workers.errors import SuiteError
from workers.suites.benchmark import ALGEBRA, CODE, LETTERS, Benchmark
from workers.suites.suite import Suite

Item = Mapping[str, Any]
_LETTER = re.compile(r"\(([A-Z])\)")
_MOST_CHOICES = 26


def read_items(suite: Suite, benchmark: str) -> list[Item]:
    """Return a benchmark's items in their order, every one of them checked.

    Raises:
        SuiteError: The file is missing or cannot be read, or an item is not what its kind needs;
            the message names the line.
    """
    suite.check_items((benchmark,))
    file = suite.items_file(benchmark)
    return list(_read(file, file_sha256(file), suite.benchmark(benchmark)))


def check_references(suite: Suite, benchmark: str) -> None:
    """Check that each reference is accepted by the scorer of its benchmark.

    Raises:
        SuiteError: as `read_items`, or naming the first item whose reference is not.
    """
    file = suite.items_file(benchmark)
    read_items(suite, benchmark)
    _check_references(file, file_sha256(file), suite.benchmark(benchmark), suite.sandbox_cpu_s)


def why_no_item(item: object, benchmark: Benchmark) -> str | None:
    """Say what is wrong with one item by itself; None: nothing is."""
    if not isinstance(item, Mapping):
        return f"is {item!r}; allowed: a mapping with id, {', '.join(benchmark.question)}, target"
    for key in ("id", *benchmark.question, "target"):
        if not _is_said(item.get(key)):
            there = "missing" if key not in item else repr(item[key])
            return f"{key} is {there}; allowed: text, and some of it"
    return next(filter(None, (check(item) for check in _CHECKS.get(benchmark.kind, ()))), None)


def why_refused(item: Item, kind: str, *, cpu_s: int) -> str | None:
    """Say why the scorer of a kind does not accept an item's own reference; None: it does."""
    from workers.suites.scoring.references import accepts  # scorers take a second to load

    if accepts(item, kind, cpu_s=cpu_s):
        return None
    return f"target is {item['target'][:80]!r}, which its own scorer does not accept as the answer"


@lru_cache(maxsize=64)
def _read(file: Path, _sha256: str, benchmark: Benchmark) -> tuple[Item, ...]:
    items: list[Item] = []
    ids: set[str] = set()
    contents: dict[str, int] = {}
    try:
        for number, item in json_lines(file):
            why = why_no_item(item, benchmark)
            if why is not None:
                raise SuiteError(f"{file}:{number}: {why}")
            if item["id"] in ids:
                raise SuiteError(f"{file}:{number}: the id {item['id']!r} occurs twice")
            content = repr(sorted((k, v) for k, v in item.items() if k != "id"))
            if content in contents:
                raise SuiteError(f"{file}:{number} is the item of line {contents[content]} again")
            ids.add(item["id"])
            contents[content] = number
            items.append(item)
    except (LineError, OSError) as error:
        raise SuiteError(f"{file} cannot be read: {error}") from error
    if not items:
        raise SuiteError(f"{file} has no items; allowed: one a line")
    return tuple(items)


@lru_cache(maxsize=64)
def _check_references(file: Path, sha256: str, benchmark: Benchmark, cpu_s: int) -> None:
    for item in _read(file, sha256, benchmark):
        why = why_refused(item, benchmark.kind, cpu_s=cpu_s)
        if why is not None:
            raise SuiteError(f"{file}: item {item['id']!r}: {why}")


def _is_said(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _why_no_texts(key: str, value: Any, *, least: int) -> str | None:
    is_list = isinstance(value, Sequence) and not isinstance(value, str)
    if not is_list or len(value) < least or not all(map(_is_said, value)):
        return f"{key} is {value!r}; allowed: a list of at least {least} texts, none empty"
    return None


def _why_no_choices(item: Item) -> str | None:
    choices = item.get("choices")
    why = _why_no_texts("choices", choices, least=2)
    if why is not None or choices is None:
        return why
    if len(choices) > _MOST_CHOICES:
        return f"choices are {len(choices)}; allowed: {_MOST_CHOICES} at most"
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: len(choices)]
    found = _LETTER.fullmatch(item["target"])
    if not found or found[1] not in letters:
        return f"target is {item['target']!r}; allowed: (A) to ({letters[-1]})"
    right = choices[letters.index(found[1])]
    if choices.count(right) > 1:
        return f"choices have the right one, {right!r}, twice"
    return None


def _why_no_tests(item: Item) -> str | None:
    why = _why_no_texts("tests", item.get("tests"), least=1)
    return why or next(filter(None, map(_why_no_python, item["tests"])), None)


def _why_no_python(text: str) -> str | None:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError) as error:
        return f"tests have {text[:80]!r}, which is not Python ({error})"
    return None


_CHECKS: dict[str, tuple[Callable[[Item], str | None], ...]] = {
    LETTERS: (_why_no_choices,),
    CODE: (_why_no_tests,),
    ALGEBRA: (),
}
