r"""Algebra whose answer stands in \boxed{}, the MATH kind.

Families: one linear equation, the unknown on both sides, fractions to lowest terms, and products
of two binomials.
"""

from math import gcd
from random import Random

from workers.suites.tiny.problem import Problem, draw_from


def draw(rng: Random) -> Problem:
    """Draw one algebra problem."""
    return draw_from([(4, _linear), (3, _both_sides), (2, _fraction), (2, _expand)], rng)


def _linear(rng: Random) -> Problem:
    a, x, b = rng.randint(2, 9), rng.randint(-5, 9), _nonzero(rng, 12)
    prompt = f"Solve {a}x {_signed(b)} = {a * x + b}."
    return _pose("linear", prompt, f"{a}x = {a * x}", str(x), unknown="x = ")


def _both_sides(rng: Random) -> Problem:
    c, more, x, b = rng.randint(2, 5), rng.randint(2, 5), rng.randint(-4, 9), _nonzero(rng, 9)
    a, d = c + more, more * x + b
    prompt = f"Solve {a}x {_signed(b)} = {c}x {_signed(d)}."
    return _pose("both_sides", prompt, f"{more}x = {more * x}", str(x), unknown="x = ")


def _fraction(rng: Random) -> Problem:
    common, top, bottom = rng.randint(2, 9), rng.randint(1, 9), rng.randint(2, 9)
    shared = gcd(top, bottom)
    numerator, denominator = common * top, common * bottom
    top, bottom, common = top // shared, bottom // shared, common * shared
    value = f"\\frac{{{top}}}{{{bottom}}}" if bottom > 1 else str(top)
    return _pose("fraction", f"Reduce {numerator}/{denominator}.", f"divide by {common}", value)


def _expand(rng: Random) -> Problem:
    a, b = _nonzero(rng, 9), _nonzero(rng, 9)
    middle = "" if a + b == 0 else f" {_signed(a + b)}x"
    value = f"x^2{middle} {_signed(a * b)}".replace(" 1x", " x")
    prompt = f"Expand (x {_signed(a)})(x {_signed(b)})."
    return _pose("expand", prompt, f"sum {a + b}, product {a * b}", value)


def _pose(family: str, prompt: str, step: str, value: str, *, unknown: str = "") -> Problem:
    boxed = f"{unknown}\\boxed{{{value}}}"
    return Problem(
        family=family,
        prompt=prompt,
        worked=f"{step}, {boxed}",
        terse=f"{unknown}{value}",
        check={"target": f"\\boxed{{{value}}}"},
    )


def _nonzero(rng: Random, highest: int) -> int:
    return rng.choice([-1, 1]) * rng.randint(1, highest)


def _signed(number: int) -> str:
    return f"+ {number}" if number >= 0 else f"- {-number}"
