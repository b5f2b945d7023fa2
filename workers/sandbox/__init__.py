"""Running programs that a model wrote; see ``docs/reference/sandbox.md`` for what this does not stop."""

from workers.sandbox.limits import Limits
from workers.sandbox.sandbox import Sandbox
from workers.sandbox.verdict import Reason, Verdict

__all__ = ["Limits", "Reason", "Sandbox", "Verdict"]
