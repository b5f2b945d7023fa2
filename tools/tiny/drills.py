"""Drills: short texts of many small facts, read in pretraining only.

What a textbook does before word problems: sums, products and quotients, which unit and symbol
belongs where, and going through four choices. A drill asks several of them in a
row, so a small model meets each far more often than inside a conversation.
"""

from random import Random

from tools.tiny.choice import LETTERS, SYMBOLS, UNITS, search
from tools.tiny.problem import draw_from

# Text, and whether it is to be predicted.
Segment = tuple[str, bool]
Drill = list[Segment]


def draw(rng: Random) -> Drill:
    """Draw one drill."""
    return draw_from([(6, _sums), (2, _quotients), (3, _facts), (2, _searches)], rng)


def _sums(rng: Random) -> Drill:
    return [segment for _ in range(6) for segment in _sum(rng)]


def _sum(rng: Random) -> Drill:
    sign = rng.choice("+-*")
    a, b = rng.randint(1, 9), rng.randint(1, 9)
    if sign == "+":
        a += rng.choice([0, 0, 10, 20, 30])
        return _line(f"{a} + {b} = ", f"{a + b}")
    if sign == "-":
        a += rng.choice([0, 10, 20, 30])
        return _line(f"{a} - {b} = ", f"{a - b}")
    return _line(f"{a} * {b} = ", f"{a * b}")


def _quotients(rng: Random) -> Drill:
    drill: Drill = []
    for _ in range(5):
        a, x, letter = rng.randint(2, 6), rng.randint(1, 9), rng.choice("xyzntk")
        drill += _line(f"{a}{letter} = {a * x}, {letter} = ", f"\\boxed{{{x}}}")
    return drill


def _facts(rng: Random) -> Drill:
    drill: Drill = []
    for _ in range(4):
        table, words = rng.choice([(UNITS, "unit"), (SYMBOLS, "symbol")])
        key = rng.choice(sorted(table))
        drill += _line(f"{words} of {key}: ", table[key])
    return drill


def _searches(rng: Random) -> Drill:
    pools = [list(UNITS.values()), list(SYMBOLS.values()), [str(n) for n in range(30)]]
    options = rng.sample(rng.choice(pools), 4)
    listed = " ".join(f"({mark}) {text}" for mark, text in zip(LETTERS, options, strict=True))
    drill: Drill = [(listed + "\n", False)]
    for answer in rng.sample(options, 2):
        given, _, wanted = search(options, answer).partition(" ")
        drill += _line(f"{given} ", wanted)
    return drill


def _line(given: str, wanted: str) -> Drill:
    return [(given, False), (wanted + "\n", True)]
