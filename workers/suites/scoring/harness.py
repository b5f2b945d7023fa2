"""What the task YAMLs call: lm-evaluation-harness' `process_results` over our pure scorers.

Owns: the metrics by name; `timed_out` says of a wrong answer that nobody could find out in time.
"""

from collections.abc import Mapping, Sequence

from workers.sandbox import Limits
from workers.suites.scoring.algebra import score_algebra
from workers.suites.scoring.programs import score_program


def process_algebra(item: Mapping[str, object], responses: Sequence[str]) -> dict[str, float]:
    """Score one item's response with math_verify."""
    scored = score_algebra(responses[0], item)
    return {"math_verify": float(scored.is_correct), "timed_out": float(scored.timed_out)}


def process_program(
    item: Mapping[str, object], responses: Sequence[str], *, cpu_s: int = Limits.cpu_s
) -> dict[str, float]:
    """Score one item's response by running its code for at most `cpu_s` of processor time."""
    scored = score_program(responses[0], item, cpu_s=cpu_s)
    return {"pass_at_1": float(scored.is_correct), "timed_out": float(scored.timed_out)}
