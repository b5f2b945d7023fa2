"""Driving a study: queue, pool, driver, scheduler, Optuna.

The use cases below load Ray and torch on first use (PEP 562): write
``driving.launch(...)``.
"""

from typing import TYPE_CHECKING

from lazy_loader import attach as export_lazily

if TYPE_CHECKING:
    from search.driving.audits import Engine, drive, drive_next, launch

__all__ = ["Engine", "drive", "drive_next", "launch"]

__getattr__, __dir__, _ = export_lazily(
    __name__, submod_attrs={"audits": ("Engine", "drive", "drive_next", "launch")}
)
