"""Driving a study: queue, pool, driver, scheduler, Optuna.

The use cases below load Ray and torch on first use (``talan.lazy_exports``): write
``driving.launch(...)``.
"""

from typing import TYPE_CHECKING

from talan.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from search.driving.audits import Engine, drive, drive_next, launch

__all__ = ["Engine", "drive", "drive_next", "launch"]

__getattr__, __dir__ = lazy_exports(
    __name__, {"audits": ("Engine", "drive", "drive_next", "launch")}
)
