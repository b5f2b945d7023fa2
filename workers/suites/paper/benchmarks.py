"""From a row of a published data set to an item: the four benchmarks, one function each.

Owns: where each benchmark is published, the columns it needs, how many items it has, and its items.
GPQA's choices are put in order here, once, by a hash of the question and the choice, so that the
order depends on neither the machine nor a generator (our choice: the harness draws it anew in every
process). Does not cover reading files and writing items (`workers.suites.paper.prepare`).
"""

import ast
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from workers.errors import DataError

CHOICE_SEED = 0  # of the order of GPQA's choices; another one is another benchmark
_MBPP_TEST_IDS = range(11, 511)  # of the data set's own split; the first ten are for prompts
_ANSWER_MARK = "####"
GPQA_ANSWERS = ("Correct Answer", *(f"Incorrect Answer {number}" for number in (1, 2, 3)))
_NUM_TESTS = 3  # as many as the harness asks and scores with
Item = dict[str, Any]


@dataclass(frozen=True)
class Published:
    """A benchmark as its authors published it.

    Attributes:
        name: The harness task whose items these are, and the benchmark's name here.
        repository: On the hub.
        files: The file with the test items there, as a pattern.
        revision: A branch, tag or commit; the commit it stood for is recorded.
        columns: What an item is made from.
        num_items: How many items the benchmark has.
        num_shots: Worked examples before each item.
        not_text: Those of the columns that hold something else than text.
        to_item: From a row and its number to an item; None: the row is not a test item.
    """

    name: str
    repository: str
    files: str
    columns: tuple[str, ...]
    num_items: int
    num_shots: int
    to_item: Callable[[Mapping[str, object], int], Item | None]
    revision: str = "main"
    not_text: tuple[str, ...] = ()


def _gpqa(row: Mapping[str, Any], _number: int) -> Item:
    question = row["Question"]
    right = clean_choice(row["Correct Answer"])
    wrong = [clean_choice(row[f"Incorrect Answer {number}"]) for number in (1, 2, 3)]
    choices = sorted([*wrong, right], key=lambda choice: _sha256(CHOICE_SEED, question, choice))
    return {
        "id": f"gpqa_diamond-{_gpqa_id(row)}",
        "question": question,
        "choices": choices,
        "target": f"({'ABCD'[choices.index(right)]})",
    }


def _gpqa_id(row: Mapping[str, object]) -> str:
    """The authors' own id, where the file has it: two items may ask one question."""
    own = row.get("Record ID")
    if isinstance(own, str) and own.strip():
        return own.strip()
    return _sha256(row["Question"], *(row[column] for column in GPQA_ANSWERS))[:12]


def clean_choice(text: str) -> str:
    """Return a choice of GPQA as the harness shows it: without markup and doubled spaces."""
    return text.strip().replace(" [title]", ". ").replace("  ", " ")


def _gsm8k(row: Mapping[str, Any], number: int) -> Item:
    worked, mark, answer = row["answer"].rpartition(_ANSWER_MARK)
    if not mark:
        raise DataError(f"gsm8k_cot: row {number + 1} has no {_ANSWER_MARK!r} in its answer")
    return {
        "id": f"gsm8k_cot-{number:04d}",
        "question": row["question"],
        "target": answer.strip(),
        "solution": worked.strip(),
    }


def _math500(row: Mapping[str, Any], number: int) -> Item:
    if "\\boxed" not in row["solution"]:
        raise DataError(f"minerva_math500: row {number + 1} has no \\boxed in its solution")
    return {
        "id": f"minerva_math500-{row['unique_id']}",
        "problem": row["problem"],
        "target": row["solution"],
        "answer": row["answer"],
    }


def _mbpp(row: Mapping[str, Any], number: int) -> Item | None:
    if int(row["task_id"]) not in _MBPP_TEST_IDS:
        return None
    tests = _written_list(row["test_list"])[:_NUM_TESTS]
    if len(tests) < _NUM_TESTS:
        raise DataError(
            f"mbpp: row {number + 1} has {len(tests)} tests in test_list; needed are {_NUM_TESTS}"
        )
    return {
        "id": f"mbpp-{int(row['task_id'])}",
        "text": row["text"],
        "tests": tests,
        "target": row["code"],
    }


def _written_list(value: object) -> list[str]:
    """A list of texts, or one as a CSV file holds it: written out in Python's words."""
    found = ast.literal_eval(value) if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise ValueError(f"test_list is {value!r}; allowed: a list of texts")
    return found


def _sha256(*parts: object) -> str:
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()


PUBLISHED = {
    benchmark.name: benchmark
    for benchmark in (
        Published(
            name="gpqa_diamond",
            repository="Idavidrein/gpqa",
            files="gpqa_diamond.csv",
            columns=("Question", *GPQA_ANSWERS),
            num_items=198,
            num_shots=0,
            to_item=_gpqa,
        ),
        Published(
            name="gsm8k_cot",
            repository="openai/gsm8k",
            files="main/test-*.parquet",
            columns=("question", "answer"),
            num_items=1319,
            num_shots=8,
            to_item=_gsm8k,
        ),
        Published(
            name="minerva_math500",
            repository="HuggingFaceH4/MATH-500",
            files="test.jsonl",
            columns=("problem", "solution", "answer", "subject", "level", "unique_id"),
            num_items=500,
            num_shots=4,
            to_item=_math500,
            not_text=("level",),
        ),
        Published(
            name="mbpp",
            repository="google-research-datasets/mbpp",
            files="full/test-*.parquet",
            columns=("task_id", "text", "code", "test_list"),
            num_items=500,
            num_shots=3,
            to_item=_mbpp,
            not_text=("task_id", "test_list"),
        ),
    )
}


def published(name: str) -> Published:
    """Return the benchmark of that name.

    Raises:
        DataError: naming the benchmarks there are.
    """
    if name not in PUBLISHED:
        raise DataError(f"There is no benchmark {name!r}; allowed: {', '.join(PUBLISHED)}")
    return PUBLISHED[name]
