"""What settings of a method may be, and the sentence a wrong one is answered with.

Owns: checks that several methods share: numbers, shares, layers and learning rates. Does not cover:
the settings of any one method (its own file).
"""

from __future__ import annotations

import math
import re
from typing import Any

from workers.errors import MethodError

_DEPTH = re.compile(r"([0-9]+(\.[0-9]+)?)%")


def require(method: str, key: str, value: object, *, ok: bool, allowed: str) -> None:
    """Refuse a value.

    Raises:
        MethodError: It is not ``ok``.
    """
    if not ok:
        raise MethodError(f"methods: {method}.{key} is {as_written(value)!r}; allowed: {allowed}")


def is_whole(value: object, *, least: int) -> bool:
    """Whether a value is a whole number from ``least``; true and false are no numbers."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def is_number(value: object) -> bool:
    """Whether a value is a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value)


def require_whole(method: str, key: str, value: object, *, least: int = 1) -> None:
    """Refuse what is no whole number from ``least``.

    Raises:
        MethodError: naming the value.
    """
    allowed = f"a whole number from {least}"
    require(method, key, value, ok=is_whole(value, least=least), allowed=allowed)


def require_rates(method: str, value: object) -> float | tuple[float, ...] | None:
    """A learning rate, several to choose among, or None.

    Raises:
        MethodError: A rate is no number above 0, or occurs twice.
    """
    if value is None:
        return None
    rates = value if isinstance(value, tuple) else (value,)
    fits = bool(rates) and all(is_number(rate) and rate > 0 for rate in rates)
    allowed = "a number above 0, or a list of different ones"
    require(
        method,
        "learning_rate",
        value,
        ok=fits and len(set(rates)) == len(rates),
        allowed=allowed,
    )
    numbers = tuple(float(rate) for rate in rates)
    return numbers if isinstance(value, tuple) and len(numbers) > 1 else numbers[0]


def require_layer(method: str, key: str, value: object) -> None:
    """Refuse what is neither a block number nor a depth.

    Raises:
        MethodError: naming the value.
    """
    depth = _DEPTH.fullmatch(value) if isinstance(value, str) else None
    ok = is_whole(value, least=0) or (depth is not None and float(depth[1]) < 100)
    require(method, key, value, ok=ok, allowed="a block number, or a depth from 0% to below 100%")


def layer_number(method: str, value: int | str, *, num_layers: int, backbone: str) -> int:
    """A layer as asked (``3``, ``25%``) as a block number; a depth rounds down.

    Raises:
        MethodError: The backbone has no such block.
    """
    require_layer(method, "layer", value)
    number = int(num_layers * float(value[:-1]) / 100) if isinstance(value, str) else value
    allowed = f"0 to {num_layers - 1} on {backbone}"
    require(method, "layer", value, ok=number < num_layers, allowed=allowed)
    return number


def as_written(value: object) -> Any:
    """A setting as JSON."""
    return [as_written(part) for part in value] if isinstance(value, tuple) else value
