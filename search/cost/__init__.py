"""What a study costs, and whether it can run, said before it starts.

Loaded on first use, since building backbones without weights takes torch (PEP 562).
"""

from typing import TYPE_CHECKING

from lazy_loader import attach as export_lazily

if TYPE_CHECKING:
    from search.cost.check import check_study
    from search.cost.cost import estimate_study
    from search.cost.measure import measure_study, resolve_shapes, seconds_by_host, tabulate
    from search.cost.planned import planned_study

__all__ = [
    "check_study",
    "estimate_study",
    "measure_study",
    "planned_study",
    "resolve_shapes",
    "seconds_by_host",
    "tabulate",
]

__getattr__, __dir__, _ = export_lazily(
    __name__,
    submod_attrs={
        "check": ("check_study",),
        "cost": ("estimate_study",),
        "measure": ("measure_study", "resolve_shapes", "seconds_by_host", "tabulate"),
        "planned": ("planned_study",),
    },
)
