"""The kinds of benchmark, and which benchmark is of which.

Owns: the table from benchmark to kind. A kind says what an answer looks like: a choice's letter, a
number, a number behind "The answer is", an expression, a program. Does not cover how either is
scored.
"""

from workers.errors import SuiteError

LETTERS, NUMBERS, STATED, ALGEBRA, CODE = "letters", "numbers", "stated", "algebra", "code"
KINDS = (LETTERS, NUMBERS, STATED, ALGEBRA, CODE)

_KIND_OF = {
    "tiny_choice": LETTERS,
    "tiny_arithmetic": NUMBERS,
    "tiny_algebra": ALGEBRA,
    "tiny_code": CODE,
    "gpqa_diamond": LETTERS,
    "gsm8k_cot": STATED,
    "minerva_math500": ALGEBRA,
    "mbpp": CODE,
}
_DECLARED: dict[str, str] = {}


def kind_of(benchmark: str) -> str:
    """Return the kind of a benchmark.

    Raises:
        SuiteError: for a benchmark that has none.
    """
    kind = _KIND_OF.get(benchmark) or _DECLARED.get(benchmark)
    if kind is None:
        allowed = ", ".join([*_KIND_OF, *_DECLARED])
        raise SuiteError(f"There is no scorer for {benchmark!r}; allowed are {allowed}")
    return kind


def declare_kind(benchmark: str, kind: str) -> None:
    """Make the kind of a folder's benchmark known in this process.

    Raises:
        SuiteError: The name is that of another benchmark already.
    """
    known = _KIND_OF.get(benchmark) or _DECLARED.setdefault(benchmark, kind)
    if benchmark in _KIND_OF or known != kind:
        raise SuiteError(
            f"benchmark {benchmark!r} is called like another one (of kind {known}); "
            "give it a name of its own"
        )
