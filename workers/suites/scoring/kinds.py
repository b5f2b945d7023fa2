"""The four kinds of benchmark, and which benchmark is of which.

Owns: the table from benchmark to kind. A kind says what an answer looks like: a choice's letter, a
number, an expression, a program. Does not cover how either is scored.
"""

from workers.errors import SuiteError

LETTERS, NUMBERS, ALGEBRA, CODE = "letters", "numbers", "algebra", "code"
KINDS = (LETTERS, NUMBERS, ALGEBRA, CODE)

_KIND_OF = {
    "tiny_choice": LETTERS,
    "tiny_arithmetic": NUMBERS,
    "tiny_algebra": ALGEBRA,
    "tiny_code": CODE,
}


def kind_of(benchmark: str) -> str:
    """Return the kind of a benchmark.

    Raises:
        SuiteError: for a benchmark that has none.
    """
    if benchmark not in _KIND_OF:
        allowed = ", ".join(_KIND_OF)
        raise SuiteError(f"There is no scorer for {benchmark!r}; allowed are {allowed}")
    return _KIND_OF[benchmark]
