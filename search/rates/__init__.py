"""G1 rates as they are shown, and what they are compared with.

Rates are computed with scipy, which is loaded on first use (PEP 562): write
``rates.g1_rows(...)``.
"""

from typing import TYPE_CHECKING

from lazy_loader import attach as export_lazily

if TYPE_CHECKING:
    from search.rates.champion_worth import champion_worths
    from search.rates.g1_rates import g1_rows
    from search.rates.run_tests import tests_of

__all__ = ["champion_worths", "g1_rows", "tests_of"]

__getattr__, __dir__, _ = export_lazily(
    __name__,
    submod_attrs={
        "champion_worth": ("champion_worths",),
        "g1_rates": ("g1_rows",),
        "run_tests": ("tests_of",),
    },
)
