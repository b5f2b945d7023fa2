"""A study file and what it means: values, space, design, plan.

Asking what a file's names stand for reads backbones, and quasi-random points take scipy; both are
loaded on first use (``talan.lazy_exports``): write ``study.resolve(...)``.
"""

from typing import TYPE_CHECKING

from talan.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from search.study.plan import Audit, resolve
    from search.study.quasi_random import sobol_points

__all__ = ["Audit", "resolve", "sobol_points"]

__getattr__, __dir__ = lazy_exports(
    __name__, {"plan": ("Audit", "resolve"), "quasi_random": ("sobol_points",)}
)
