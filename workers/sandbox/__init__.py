"""Running programs that a model wrote; docs/reference/sandbox.md says what this does not stop."""

from workers.sandbox.limits import Limits
from workers.sandbox.sandbox import Sandbox
from workers.sandbox.verdict import Reason, Verdict

__all__ = ["Limits", "Reason", "Sandbox", "Verdict"]
