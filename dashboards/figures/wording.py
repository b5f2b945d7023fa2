"""The words figures share: numbers, configurations and what G1 means, for hovers and captions.

Owns: how a number with its unit looks, and a configuration in a few lines. Text from a record
goes through ``safe``: figures' text is HTML. Does not cover: colours (``theme``).
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import pandas as pd

P_MEANING = "p is Fisher's exact test of the two rates, two-sided, at the study's first seed."


def g1_meaning() -> str:
    """What G1 is, in a line."""
    return "<i>G1: no benchmark below the matched baseline</i>"


def safe(text: object) -> str:
    """Text of a record inside a figure's text."""
    return escape(str(text), quote=False)


def percent(rate: float | None) -> str:
    """A fraction as a percentage."""
    return "" if rate is None or pd.isna(rate) else f"{100 * rate:.1f}%"


def pp(delta: float | None) -> str:
    """A delta with its sign and unit."""
    return "" if delta is None or pd.isna(delta) else f"{delta:+.2f} pp"


def counted(number: int, noun: str) -> str:
    """A number of things: ``1 run``, ``2 runs``."""
    return f"{number} {noun}" + ("" if number == 1 else "s")


def p_text(p: float) -> str:
    """A p-value."""
    return f"{p:.3f}" if p >= 0.001 else f"{p:.1e}"


def host_lines(host: str) -> str:
    """A host's label on two lines, adapter below: names are long and screens narrow."""
    return "<br>".join(safe(_shortened(word)) for word in host.rsplit(" ", 1))


def configuration_lines(run: Mapping[Any, Any]) -> str:
    """A run's configuration, from a row of ``runs``."""
    gamma = run["gradient_scale"]
    words = [
        f"layer {run['layer']} of {run['num_layers']}, T = {run['slots']}",
        f"{run['mixer']}, {run['writeback']}",
        f"{run['trainability']}" + ("" if pd.isna(gamma) else f", gamma {gamma:g}"),
    ]
    return "<br>".join(safe(word) for word in words)


def run_lines(run: Mapping[Any, Any]) -> str:
    """A run in a hover: host, configuration, deltas and verdict."""
    g1 = run["g1"]
    verdict = "" if pd.isna(g1) else "G1" if g1 else "not G1"
    return "<br>".join(
        [
            f"<b>{safe(run['host'])}</b>, seed {run['seed']}",
            configuration_lines(run),
            f"mean delta {pp(run['mean_delta'])}, worst {pp(run['worst_delta'])}, {verdict}",
            f"run {safe(run['id'])}",
        ]
    )


def _shortened(name: str) -> str:
    """The end of a hub id or a folder says what it is."""
    last = name.rstrip("/").rsplit("/", 1)[-1] or name
    return last if len(last) <= 20 else f"{last[:19]}…"


def configuration_words(run: Mapping[Any, Any]) -> str:
    """A run's configuration in a line, from a row of ``runs``."""
    gamma = run["gradient_scale"]
    words = f"L{run['layer']} T{run['slots']} {run['mixer']} {run['writeback']}"
    return f"{words} {run['trainability']}" + ("" if pd.isna(gamma) else f" g{gamma:g}")


def early_note(num_runs: int) -> str:
    """A caption for averages that runs are left out of; empty where none is."""
    if not num_runs:
        return ""
    has = "has" if num_runs == 1 else "have"
    return (
        f"{counted(num_runs, 'run')} that ended early, a benchmark lost for certain, {has} no "
        "mean delta and no place here; rates count them all the same."
    )
