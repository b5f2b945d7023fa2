"""Multiple choice with letters (A) to (D), the GPQA kind, answered by going through the choices.

Families: facts with distractors of their own sort, a sum to find among near misses, and the
largest or smallest of four digits.
"""

from collections.abc import Sequence
from random import Random

from tools.tiny.problem import Problem, draw_from

UNITS = {
    "force": "newton",
    "energy": "joule",
    "power": "watt",
    "voltage": "volt",
    "current": "ampere",
    "resistance": "ohm",
    "pressure": "pascal",
    "frequency": "hertz",
    "charge": "coulomb",
    "mass": "gram",
    "length": "meter",
}
SYMBOLS = {
    "hydrogen": "H",
    "helium": "He",
    "lithium": "Li",
    "carbon": "C",
    "nitrogen": "N",
    "oxygen": "O",
    "fluorine": "F",
    "neon": "Ne",
    "sodium": "Na",
    "magnesium": "Mg",
    "silicon": "Si",
    "sulfur": "S",
    "chlorine": "Cl",
    "argon": "Ar",
    "potassium": "K",
    "calcium": "Ca",
    "iron": "Fe",
    "copper": "Cu",
    "zinc": "Zn",
    "silver": "Ag",
    "tin": "Sn",
    "gold": "Au",
    "mercury": "Hg",
    "lead": "Pb",
}
LETTERS = "ABCD"


def draw(rng: Random) -> Problem:
    """Draw one multiple-choice problem."""
    return draw_from([(3, _unit), (4, _symbol), (3, _sum), (3, _extreme)], rng)


def _unit(rng: Random) -> Problem:
    quantity = rng.choice(sorted(UNITS))
    return _pose("unit", f"Unit of {quantity}?", UNITS[quantity], list(UNITS.values()), rng)


def _symbol(rng: Random) -> Problem:
    element = rng.choice(sorted(SYMBOLS))
    return _pose("symbol", f"Symbol of {element}?", SYMBOLS[element], list(SYMBOLS.values()), rng)


def _sum(rng: Random) -> Problem:
    a, b = rng.randint(2, 12), rng.randint(2, 9)
    near = [str(a + b + shift) for shift in (-3, -2, -1, 1, 2, 3)]
    step = f"{a} + {b} = "
    return _pose("sum", f"{a} + {b}?", str(a + b), near, rng, step=step)


def _extreme(rng: Random) -> Problem:
    numbers = rng.sample(range(10), 4)
    word, pick = rng.choice([("largest", max), ("smallest", min)])
    texts = [str(n) for n in numbers]
    return _pose("extreme", f"{word.capitalize()}?", str(pick(numbers)), texts, rng)


def _pose(
    family: str, question: str, answer: str, pool: Sequence[str], rng: Random, *, step: str = ""
) -> Problem:
    options = [answer, *rng.sample([text for text in pool if text != answer], 3)]
    rng.shuffle(options)
    letter = f"({LETTERS[options.index(answer)]})"
    listed = " ".join(f"({mark}) {text}" for mark, text in zip(LETTERS, options, strict=True))
    return Problem(
        family=family,
        prompt=f"{question} {listed}",
        worked=f"{step}{search(options, answer)}",
        terse=letter,
        check={"choices": options, "target": letter},
    )


def search(options: Sequence[str], answer: str) -> str:
    """Name the answer, then go through the options up to it: "newton: A watt, B newton: (B)"."""
    place = options.index(answer)
    tried = [f"{mark} {text}" for mark, text in zip(LETTERS, options[: place + 1], strict=False)]
    return f"{answer}: {', '.join(tried)}: ({LETTERS[place]})"
