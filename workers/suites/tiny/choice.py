"""Multiple choice with letters (A) to (D), the GPQA kind.

Families: facts with distractors of their own sort, a sum to find among near misses, and the
largest or smallest of four numbers.
"""

from random import Random

from workers.suites.tiny.problem import Problem, draw_from

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
    "temperature": "kelvin",
    "capacitance": "farad",
    "inductance": "henry",
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
    return _pose(
        "unit", f"Which is the unit of {quantity}?", UNITS[quantity], list(UNITS.values()), rng
    )


def _symbol(rng: Random) -> Problem:
    element = rng.choice(sorted(SYMBOLS))
    return _pose(
        "symbol", f"Which symbol is {element}?", SYMBOLS[element], list(SYMBOLS.values()), rng
    )


def _sum(rng: Random) -> Problem:
    a, b = rng.randint(11, 59), rng.randint(3, 29)
    near = [a + b + shift for shift in (-11, -10, -2, -1, 1, 2, 10, 11)]
    return _pose("sum", f"What is {a} + {b}?", str(a + b), [str(n) for n in near], rng)


def _extreme(rng: Random) -> Problem:
    numbers = rng.sample(range(10, 100), 4)
    word, pick = rng.choice([("largest", max), ("smallest", min)])
    texts = [str(n) for n in numbers]
    return _pose("extreme", f"Which is the {word}?", str(pick(numbers)), texts, rng)


def _pose(family: str, question: str, answer: str, pool: list[str], rng: Random) -> Problem:
    options = [answer, *rng.sample([text for text in pool if text != answer], 3)]
    rng.shuffle(options)
    letter = f"({LETTERS[options.index(answer)]})"
    listed = " ".join(f"({mark}) {text}" for mark, text in zip(LETTERS, options, strict=True))
    return Problem(
        family=family,
        prompt=f"{question} {listed}",
        worked=f"{answer}, so {letter}",
        terse=letter,
        check={"choices": options, "target": letter},
    )
