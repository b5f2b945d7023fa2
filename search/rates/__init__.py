"""G1 rates as they are shown, and what they are compared with.

Rates are computed with scipy, which is loaded on first use (``talan.lazy_exports``): write
``rates.g1_rows(...)``.
"""

from typing import TYPE_CHECKING

from talan.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from search.rates.champion_worth import champion_worths
    from search.rates.g1_rates import g1_rows
    from search.rates.run_tests import tests_of

__all__ = ["champion_worths", "g1_rows", "tests_of"]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "champion_worth": ("champion_worths",),
        "g1_rates": ("g1_rows",),
        "run_tests": ("tests_of",),
    },
)
