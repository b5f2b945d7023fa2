"""A method in a few words: its name, and the settings that were declared otherwise than usual.

Owns: the words. Does not cover: what a setting means (``workers.interventions``).
"""

from __future__ import annotations

from collections.abc import Mapping


def method_words(method: Mapping[str, object]) -> str:
    """``repe, layers 40% 60%, strengths 0 0.5 1 2 4``."""
    parts = [
        f"{key} {_value(value)}"
        for key, value in method.items()
        if key != "method" and value not in (None, [], ())
    ]
    return ", ".join([str(method["method"]), *parts])


def _value(value: object) -> str:
    if isinstance(value, list | tuple):
        return " ".join(_value(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
