"""What the task YAMLs call: lm-evaluation-harness' `process_results` over our pure scorers."""

from collections.abc import Mapping, Sequence
from typing import Any

from workers.suites.scoring.algebra import score_algebra
from workers.suites.scoring.programs import score_program


def process_algebra(item: Mapping[str, Any], responses: Sequence[str]) -> dict[str, float]:
    """Score one item's response with math_verify."""
    return {"math_verify": float(score_algebra(responses[0], item).is_correct)}


def process_program(item: Mapping[str, Any], responses: Sequence[str]) -> dict[str, float]:
    """Score one item's response by running its code."""
    return {"pass_at_1": float(score_program(responses[0], item).is_correct)}
