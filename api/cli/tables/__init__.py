"""Tables for people: what the commands print without ``--json``, a file a table.

What stands at the end of a study loads scipy's tests on first use (``talan.lazy_exports``): a
command that refuses a study file does not wait for them.
"""

from typing import TYPE_CHECKING

from talan.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from api.cli.tables.outcome import show_outcome

__all__ = ["show_outcome"]

__getattr__, __dir__ = lazy_exports(__name__, {"outcome": ("show_outcome",)})
