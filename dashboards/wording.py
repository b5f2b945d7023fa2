"""How numbers, verdicts and runs are said on pages, in figures, in reports and in the terminal.

Owns: percents, deltas, p-values, durations and counts with their units, and a run in a few words.
Does not cover: an axis's value or a configuration (``search.study.axes``), HTML (figures escape
with ``safe``, templates escape by themselves).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING

from search.study.axes import configuration_words
from search.study.method_words import method_words
from storage.new_rows import JITTER_NULL, METHOD, METHOD_NULL, SEED_NULL, SELF_CHECK, SHAM_NULL
from storage.records import Run
from storage.verdict import in_words

if TYPE_CHECKING:
    from search.methods.rows import MethodCost

NOTHING = EN_DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
GAMMA = "\N{GREEK SMALL LETTER GAMMA}"
G1_MEANING = "<i>G1: no benchmark below the matched baseline</i>"
NO_CHAMPION = (
    "No run is strict G1 (no benchmark below the baseline, at least one above it): there is no "
    "champion."
)
KINDS = {
    "treatment": "treatment",
    "baseline": "baseline",
    SEED_NULL: "null (seed)",
    SHAM_NULL: "null (sham)",
    JITTER_NULL: "null (jitter)",
    SELF_CHECK: "self-check",
    METHOD: "method",
    METHOD_NULL: "null of a method",
}


def is_missing(value: object) -> bool:
    """None, or what a frame has in its place: NaN or NA."""
    pandas = sys.modules.get("pandas")  # without it there are no frames
    return value is None or bool(pandas and pandas.isna(value))


def percent(fraction: float | None, digits: int = 1) -> str:
    """A fraction in percent."""
    return NOTHING if is_missing(fraction) else f"{100 * fraction:.{digits}f}%"  # type: ignore[operator]


def interval(bounds: tuple[float, float] | list[float]) -> str:
    """An interval of fractions, in percent."""
    low, high = bounds
    return f"{100 * low:.1f}{EN_DASH}{100 * high:.1f}%"


def score(value: float | None) -> str:
    """A score that is in percent already."""
    return NOTHING if is_missing(value) else f"{value:.1f}"


def signed(value: float | None, digits: int = 2) -> str:
    """A delta, with a true minus sign."""
    return NOTHING if is_missing(value) else f"{value:+.{digits}f}".replace("-", MINUS)


def pp(delta: float | None) -> str:
    """A delta with its sign and unit."""
    return NOTHING if is_missing(delta) else f"{delta:+.2f} pp"


def pp_interval(bounds: tuple[float, float] | None) -> str:
    """An interval of deltas, in pp; empty where there is none."""
    return "" if bounds is None else f"{bounds[0]:+.2f} to {bounds[1]:+.2f}"


def plain(value: float | None, digits: int = 3) -> str:
    """A number of any size, to so many digits."""
    return NOTHING if is_missing(value) else f"{value:.{digits}g}".replace("-", MINUS)


def p_value(p: float | None) -> str:
    """A p-value."""
    if is_missing(p):
        return NOTHING
    return f"{p:.3f}" if p >= 0.001 else f"{p:.1e}"  # type: ignore[operator]


def p_cell(p: float | None) -> str:
    """A p-value in a table, where a column that no row fills is left out."""
    return "" if p is None else p_value(p)


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


POOLED_NOTE = (
    "mean: one mean over benchmarks per seed. pooled: every benchmark and seed at once; these "
    "share baselines, so they are described and not tested."
)
NO_METHODS = (
    "No methods other than TALAN: a study file asks for them with the key methods "
    "(docs/concepts/methods.md)."
)


def counted(count: int, noun: str) -> str:
    """A number of things: ``1 run``, ``2 runs``."""
    return f"{count} {noun}" + ("" if count == 1 else "s")


def safe(text: object) -> str:
    """Text of a record inside a figure's text, which is HTML."""
    return escape(str(text), quote=False)


def verdict_words(g1: bool | None, verdict: str | None) -> str:
    """A run's verdict, also from a frame; empty where it has none."""
    known = None if is_missing(g1) else bool(g1)
    return in_words(g1=known, verdict=None if is_missing(verdict) else verdict)


def seed_words(run: Run) -> str:
    """What a run's seed is: a sham or a jitter has a number, and its baseline's seed."""
    if run.kind in (SHAM_NULL, JITTER_NULL):
        return f"number {run.seed} at seed {run.baseline_seed}"
    return f"seed {run.seed}"


def run_title(run: Run) -> str:
    """What a run is in a few words."""
    if run.kind == SEED_NULL:
        return f"Seed null, against seed {run.baseline_seed}"
    if run.kind == JITTER_NULL:
        return f"Jitter {run.seed}, at seed {run.baseline_seed}"
    if run.method is not None:
        null = "Null of " if run.kind == METHOD_NULL else ""
        return f"{null}{method_words(run.method)}, seed {run.seed}"
    if run.configuration is None:
        return f"Baseline, seed {run.seed}"
    text = " · ".join(configuration_words(run.configuration))
    if run.kind == SELF_CHECK:
        return f"Self-check, a null intervention: {text}"
    return f"Sham of {text}" if run.kind == SHAM_NULL else text


def split_words(verdicts: Mapping[str, int]) -> str:
    """Seeds by verdict: ``1 strict, 2 not G1``."""
    names = {"not_g1": "not G1"}
    return ", ".join(f"{count} {names.get(word, word)}" for word, count in verdicts.items())


def cost_words(cost: MethodCost) -> str:
    """What a run of a method took, in a line."""
    parts = []
    if cost.training_s is not None and cost.preparation_s is not None:
        parts.append(f"training {cost.training_s:,.1f} s, preparation {cost.preparation_s:,.1f} s")
    if cost.parameters is not None:
        parts.append(f"{cost.parameters:,} parameters")
    if cost.seconds_per_1k_tokens is not None:
        parts.append(f"{cost.seconds_per_1k_tokens:.2f} s for 1,000 answer tokens")
    return "; ".join(parts)


def early_note(num_runs: int) -> str:
    """A caption for averages that runs are left out of; empty where none is."""
    if not num_runs:
        return ""
    has = "has" if num_runs == 1 else "have"
    return (
        f"{counted(num_runs, 'run')} that ended early, a benchmark lost for certain, {has} no "
        "mean delta and no place here; rates count them all the same."
    )


FILTERS = {
    "percent": percent,
    "interval": interval,
    "score": score,
    "signed": signed,
    "p_value": p_value,
    "plain": plain,
    "duration": duration,
    "number": number,
}
