"""A run or a configuration in a few words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from search.study.axes import configuration_words
from search.study.method_words import method_words
from storage.new_rows import JITTER_NULL, METHOD_NULL, SEED_NULL, SELF_CHECK, SHAM_NULL
from storage.records import Run


def run_text(run: Run) -> str:
    """What a run is in a few words: its configuration, or what stands in its place."""
    if run.kind == SEED_NULL:
        return f"seed null, against seed {run.baseline_seed}"
    if run.kind == JITTER_NULL:
        return f"jitter {run.seed}, seed {run.baseline_seed}"
    if run.method is not None:
        words = method_words(run.method)
        return f"null of {words}" if run.kind == METHOD_NULL else words
    text = configuration_text(run.configuration)
    if run.kind == SELF_CHECK:
        return f"self-check, a null intervention: {text}"
    return f"sham of {text}, seed {run.baseline_seed}" if run.kind == SHAM_NULL else text


def configuration_text(configuration: Mapping[str, Any] | None) -> str:
    """A configuration in a few words; a baseline has none."""
    return "baseline" if configuration is None else ", ".join(configuration_words(configuration))
