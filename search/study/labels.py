"""Short names of axis values.

Owns: how a writeback and a trainability are called in Optuna's trials, tables and progress lines,
and any axis's value wherever one is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def writeback_label(writeback: Mapping[str, Any]) -> str:
    """A writeback's short name: ``gate:vector:0.008`` or ``direct:0.008``.

    Alpha stands with all its digits: two writebacks never share a name.
    """
    alpha = repr(float(writeback["alpha"])).removesuffix(".0")
    parts = [writeback["rule"], writeback["gate"], alpha]
    return ":".join(part for part in parts if part)


def trainability_label(trainability: Mapping[str, Any]) -> str:
    """A trainability's short name: ``all``, ``all/until=20``, ``frozen/warmup=35``."""
    label = str(trainability["scope"])
    if trainability["train_until"] is not None:
        label += f"/until={trainability['train_until']}"
    if trainability["warmup_identity"]:
        label += f"/warmup={trainability['warmup_identity']}"
    return label


def axis_label(axis: str, value: Any) -> str:
    """Any axis's value in a few words: the same in tables, chips and addresses."""
    if isinstance(value, Mapping):
        return writeback_label(value) if axis == "writeback" else trainability_label(value)
    if value is None:
        return "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
