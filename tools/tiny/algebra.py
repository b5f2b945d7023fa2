r"""Algebra whose answer stands in \boxed{}, the MATH kind.

Families: the value of a linear term, one linear equation, the unknown on both sides, fractions to
lowest terms, and products of two binomials.
"""

from math import gcd
from random import Random

from tools.tiny.problem import Problem, draw_from

UNKNOWNS = "xyzntk"


def draw(rng: Random) -> Problem:
    """Draw one algebra problem."""
    families = [(3, _evaluate), (4, _linear), (3, _both_sides), (1, _fraction), (1, _expand)]
    return draw_from(families, rng)


def _evaluate(rng: Random) -> Problem:
    letter, a, x, b = rng.choice(UNKNOWNS), rng.randint(2, 6), rng.randint(1, 9), _nonzero(rng, 9)
    prompt = f"Find {a}{letter} {_signed(b)} at {letter} = {x}."
    step = f"{a} * {x} = {a * x}, {a * x} {_signed(b)} = {a * x + b}"
    return _pose("evaluate", prompt, step, str(a * x + b))


def _linear(rng: Random) -> Problem:
    letter, a, x, b = rng.choice(UNKNOWNS), rng.randint(2, 6), rng.randint(1, 9), _nonzero(rng, 9)
    prompt = f"Solve {a}{letter} {_signed(b)} = {a * x + b}."
    step = f"{a}{letter} = {a * x + b} {_signed(-b)} = {a * x}"
    return _pose("linear", prompt, step, str(x), before=f"{letter} = ")


def _both_sides(rng: Random) -> Problem:
    letter, c, more = rng.choice(UNKNOWNS), rng.randint(2, 4), rng.randint(2, 4)
    x, b = rng.randint(1, 6), _nonzero(rng, 6)
    left, right = f"{c + more}{letter} {_signed(b)}", f"{c}{letter} {_signed(more * x + b)}"
    step = f"{more}{letter} = {more * x + b} {_signed(-b)} = {more * x}"
    return _pose("both_sides", f"Solve {left} = {right}.", step, str(x), before=f"{letter} = ")


def _fraction(rng: Random) -> Problem:
    common, top, bottom = rng.randint(2, 6), rng.randint(1, 9), rng.randint(2, 9)
    shared = gcd(top, bottom)
    numerator, denominator = common * top, common * bottom
    top, bottom, common = top // shared, bottom // shared, common * shared
    value = f"\\frac{{{top}}}{{{bottom}}}" if bottom > 1 else str(top)
    return _pose("fraction", f"Reduce {numerator}/{denominator}.", f"divide by {common}", value)


def _expand(rng: Random) -> Problem:
    letter, a, b = rng.choice(UNKNOWNS), rng.randint(1, 9), rng.randint(1, 9)
    step = f"{a} + {b} = {a + b}, {a} * {b} = {a * b}"
    value = f"{letter}^2 + {a + b}{letter} + {a * b}"
    return _pose("expand", f"Expand ({letter} + {a})({letter} + {b}).", step, value)


def _pose(family: str, prompt: str, step: str, value: str, *, before: str = "") -> Problem:
    boxed = f"{before}\\boxed{{{value}}}"
    return Problem(
        family=family,
        prompt=prompt,
        worked=f"{step}, {boxed}",
        terse=value,
        check={"target": f"\\boxed{{{value}}}"},
    )


def _nonzero(rng: Random, highest: int) -> int:
    return rng.choice([-1, 1]) * rng.randint(1, highest)


def _signed(number: int) -> str:
    return f"+ {number}" if number >= 0 else f"- {-number}"
