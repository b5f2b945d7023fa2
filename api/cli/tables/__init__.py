"""Tables for people: what the commands print without ``--json``, one file per table.

What stands at the end of a study loads scipy's tests on first use (PEP 562): a
command that refuses a study file does not wait for them.
"""

from typing import TYPE_CHECKING

from lazy_loader import attach as export_lazily

if TYPE_CHECKING:
    from api.cli.tables.outcome import show_outcome

__all__ = ["show_outcome"]

__getattr__, __dir__, _ = export_lazily(__name__, submod_attrs={"outcome": ("show_outcome",)})
