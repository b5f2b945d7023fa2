"""How values read on a page.

Owns: percents, signed deltas, durations, and a run in a few words. Does not cover: escaping, which
the templates do to everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from search.study.labels import trainability_label, writeback_label
from storage.new_rows import SEED_NULL, SHAM_NULL
from storage.records import Run

NOTHING = EN_DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
GAMMA = "\N{GREEK SMALL LETTER GAMMA}"
KINDS = {
    "treatment": "treatment",
    "baseline": "baseline",
    SEED_NULL: "null (seed)",
    SHAM_NULL: "null (sham)",
}


def percent(fraction: float | None, digits: int = 1) -> str:
    """A fraction in percent."""
    return NOTHING if fraction is None else f"{100 * fraction:.{digits}f}%"


def interval(bounds: tuple[float, float] | list[float]) -> str:
    """An interval of fractions, in percent."""
    low, high = bounds
    return f"{100 * low:.1f}{EN_DASH}{100 * high:.1f}%"


def score(value: float | None) -> str:
    """A score that is in percent already."""
    return NOTHING if value is None else f"{value:.1f}"


def signed(value: float | None, digits: int = 2) -> str:
    """A delta, with a true minus sign."""
    if value is None:
        return NOTHING
    return f"{value:+.{digits}f}".replace("-", MINUS)


def p_value(value: float | None) -> str:
    """A p-value."""
    if value is None:
        return NOTHING
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def duration(seconds: float | None) -> str:
    """Seconds as a person says them."""
    if seconds is None:
        return NOTHING
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    if minutes < 90:
        return f"{minutes:.0f} min"
    hours = minutes / 60
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} days"


def number(value: object) -> str:
    """A whole number with its thousands apart."""
    return f"{value:,}" if isinstance(value, int) else str(value)


def run_title(run: Run) -> str:
    """What a run is in a few words."""
    if run.kind == SEED_NULL:
        return f"Seed null, against seed {run.baseline_seed}"
    if run.configuration is None:
        return f"Baseline, seed {run.seed}"
    text = configuration_text(run.configuration)
    return f"Sham of {text}" if run.kind == SHAM_NULL else text


def configuration_text(configuration: Mapping[str, Any]) -> str:
    """A configuration in a few words."""
    gamma = configuration["gradient_scale"]
    words = [
        f"layer {configuration['layer']}",
        f"T {configuration['slots']}",
        str(configuration["mixer"]),
        writeback_label(configuration["writeback"]),
        trainability_label(configuration["trainability"]),
    ]
    return " · ".join([*words, f"{GAMMA} {gamma:g}"] if gamma is not None else words)


FILTERS = {
    "percent": percent,
    "interval": interval,
    "score": score,
    "signed": signed,
    "p_value": p_value,
    "duration": duration,
    "number": number,
}
