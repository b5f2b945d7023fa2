"""Checks of single values: each returns the normalised value or raises `TalanConfigError`.

Owns the wording of configuration errors. Knows no field of any configuration.
"""

import math
from collections.abc import Collection, Mapping
from typing import Any

from talan.errors import TalanConfigError


def refuse(key: str, value: object, *, allowed: str) -> TalanConfigError:
    """The error for `value` under `key`."""
    return TalanConfigError(f"{key} is {value!r}, but must be {allowed}.")


def integer(key: str, value: object, *, minimum: int) -> int:
    """`value` as an integer of at least `minimum` (booleans and floats are refused)."""
    if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
        raise refuse(key, value, allowed=f"an integer of at least {minimum}")
    return value


def number(key: str, value: object, *, positive: bool) -> float:
    """`value` as a finite float, above zero or (`positive=False`) not below it."""
    real = isinstance(value, int | float) and not isinstance(value, bool)
    if not real or not math.isfinite(value) or value < 0 or (positive and value == 0):  # type: ignore[arg-type,operator]
        raise refuse(key, value, allowed=f"a finite number {'above 0' if positive else '>= 0'}")
    return float(value)  # type: ignore[arg-type]


def one_of(key: str, value: object, *, allowed: Collection[str]) -> str:
    """`value` if it is one of the `allowed` names."""
    if not isinstance(value, str) or value not in allowed:
        raise refuse(key, value, allowed="one of " + ", ".join(sorted(allowed)))
    return value


def mapping(
    key: str, value: object, *, required: Collection[str], optional: Collection[str] = ()
) -> dict[str, Any]:
    """`value` as a dict that has every required key and no unknown one."""
    if not isinstance(value, Mapping):
        raise refuse(key, value, allowed="a mapping")
    for name in value:
        if name not in required and name not in optional:
            names = ", ".join([*required, *optional])
            raise TalanConfigError(f"{key} has the unknown key {name!r}; allowed: {names}.")
    for name in required:
        if name not in value:
            raise TalanConfigError(f"{key} lacks the key {name!r}.")
    return dict(value)
