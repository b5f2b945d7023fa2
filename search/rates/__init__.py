"""G1 rates as they are shown, and what they are compared with.

Rates are computed with scipy, which is loaded on first use (``talan.lazy_exports``): write
``rates.g1_rows(...)``.
"""

from typing import TYPE_CHECKING

from talan.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from search.rates.g1_rates import g1_rows

__all__ = ["g1_rows"]

__getattr__, __dir__ = lazy_exports(__name__, {"g1_rates": ("g1_rows",)})
