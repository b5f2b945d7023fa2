"""A study file and what it means: values, space, design, plan.

Asking what a file's names stand for reads backbones, and quasi-random points take scipy; both are
loaded on first use (PEP 562): write ``study.resolve(...)``.
"""

from typing import TYPE_CHECKING

from lazy_loader import attach as export_lazily

if TYPE_CHECKING:
    from search.study.plan import Audit, resolve
    from search.study.quasi_random import sobol_points

__all__ = ["Audit", "resolve", "sobol_points"]

__getattr__, __dir__, _ = export_lazily(
    __name__, submod_attrs={"plan": ("Audit", "resolve"), "quasi_random": ("sobol_points",)}
)
