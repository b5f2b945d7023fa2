"""Whether a benchmark's scorer accepts an item's own reference as its answer.

Owns: scoring references. They come from whoever made the suite, so that the bound on the time of a
comparison is left out where it cannot be set (outside the main thread).
"""

import threading
from collections.abc import Mapping
from typing import Any

from workers.suites.benchmark import ALGEBRA, CODE
from workers.suites.scoring.algebra import equals_itself, score_algebra
from workers.suites.scoring.programs import score_program
from workers.suites.scoring.scored import score
from workers.suites.scoring.verdict import INVALID


def accepts(item: Mapping[str, Any], kind: str, *, cpu_s: int) -> bool:
    """Say whether the reference, given as a response, is right.

    Args:
        item: One that `workers.suites.items` has checked.
        kind: The benchmark's.
        cpu_s: Processor time of a program with its tests.
    """
    target = item["target"]
    if kind == CODE:
        return score_program(target, item, cpu_s=cpu_s).is_correct
    if kind == ALGEBRA and threading.current_thread() is not threading.main_thread():
        return equals_itself(target)
    scored = score_algebra(target, item) if kind == ALGEBRA else score(kind, target, item)
    return scored.is_correct and scored.extracted != INVALID
