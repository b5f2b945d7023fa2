"""Worked arithmetic that ends in "#### n", the GSM8K kind.

Families: a stock that grows and shrinks, boxes of equal size and some left over, and three steps.
"""

from random import Random

from tools.tiny.problem import Problem, draw_from

NAMES = ("Ann", "Ben", "Eva", "Ida", "Max", "Leo", "Mia", "Tom")
THINGS = ("pens", "nuts", "eggs", "cups", "figs", "keys", "hats", "pins")


def draw(rng: Random) -> Problem:
    """Draw one word problem."""
    return draw_from([(4, _two_steps), (3, _boxes), (3, _three_steps)], rng)


def _two_steps(rng: Random) -> Problem:
    name, things = rng.choice(NAMES), rng.choice(THINGS)
    start, gain = rng.randint(11, 49), rng.randint(3, 19)
    loss = rng.randint(1, min(9, start + gain - 1))
    prompt = f"{name} has {start} {things}, gets {gain} and loses {loss}. Left?"
    total = start + gain
    return _pose("two_steps", prompt, [(start, "+", gain, total), (total, "-", loss, total - loss)])


def _boxes(rng: Random) -> Problem:
    name, things = rng.choice(NAMES), rng.choice(THINGS)
    boxes, size, more = rng.randint(2, 6), rng.randint(2, 9), rng.randint(1, 9)
    prompt = f"{name} has {boxes} boxes of {size} {things} and {more} more. Total?"
    product = boxes * size
    steps = [(boxes, "*", size, product), (product, "+", more, product + more)]
    return _pose("boxes", prompt, steps)


def _three_steps(rng: Random) -> Problem:
    name, things = rng.choice(NAMES), rng.choice(THINGS)
    start, gain = rng.randint(5, 29), rng.randint(2, 9)
    boxes, size = rng.randint(2, 5), rng.randint(2, 6)
    product, total = boxes * size, start + gain
    prompt = f"{name} has {start} {things}, gets {gain}, then {boxes} bags of {size}. Total?"
    return _pose(
        "three_steps",
        prompt,
        [
            (boxes, "*", size, product),
            (start, "+", gain, total),
            (total, "+", product, total + product),
        ],
    )


def _pose(family: str, prompt: str, steps: list[tuple[int, str, int, int]]) -> Problem:
    lines = [f"{a} {sign} {b} = {result}" for a, sign, b, result in steps]
    answer = str(steps[-1][3])
    return Problem(
        family=family,
        prompt=prompt,
        worked="\n".join([*lines, f"#### {answer}"]),
        terse=f"#### {answer}",
        check={"target": answer},
    )
