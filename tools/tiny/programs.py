"""A Python function, checked by running its tests: the MBPP kind.

Families: arithmetic spelled out in words, steps in order, sums over lists with a filter, and a rule
to be read off two tests. A problem's tests call the reference function, so they are right by
construction.
"""

from collections.abc import Callable
from random import Random
from typing import Any

from tools.tiny.problem import Problem, draw_from

NAMES = ("f", "g", "h", "k", "run", "go", "do", "fn")
MAPS: dict[str, str] = {
    "values": "x",
    "squares": "x * x",
    "doubles": "x * 2",
    "halves": "x // 2",
    "negatives": "-x",
}
FILTERS: dict[str, str] = {
    "even x": "x % 2 == 0",
    "odd x": "x % 2 == 1",
    "x over": "x > {bound}",
    "x under": "x < {bound}",
    "x not": "x != {bound}",
}
FOLDS: dict[str, str] = {
    "list": "[{}]",
    "sum": "sum({})",
    "max": "max({})",
    "count": "len([{}])",
}


def draw(rng: Random) -> Problem:
    """Draw one programming problem."""
    return draw_from([(3, _linear), (3, _steps), (3, _lists), (2, _rule)], rng)


def _linear(rng: Random) -> Problem:
    name, a, b = rng.choice(NAMES), rng.randint(2, 19), rng.randint(1, 49)
    word, sign = rng.choice([("plus", "+"), ("minus", "-")])
    prompt = f"Write {name}(x): x times {a} {word} {b}."
    return _pose("linear", prompt, f"{name}(x)", f"x * {a} {sign} {b}", _numbers(rng))


def _steps(rng: Random) -> Problem:
    name, expression, words = rng.choice(NAMES), "x", []
    for place in range(3):
        number = rng.randint(2, 19)
        word, sign = rng.choice([("add", "+"), ("minus", "-"), ("times", "*")])
        if sign == "*" and place and not expression.endswith(")") and " " in expression:
            expression = f"({expression})"
        expression = f"{expression} {sign} {number}"
        words.append(f"{word} {number}")
    prompt = f"Write {name}(x): {', '.join(words)}."
    return _pose("steps", prompt, f"{name}(x)", expression, _numbers(rng))


def _lists(rng: Random) -> Problem:
    name, fold, mapped = rng.choice(NAMES), rng.choice(sorted(FOLDS)), rng.choice(sorted(MAPS))
    kept, bound = rng.choice(sorted(FILTERS)), rng.randint(3, 9)
    condition = FILTERS[kept].format(bound=bound)
    limit = f" {bound}" if "{bound}" in FILTERS[kept] else ""
    prompt = f"Write {name}(xs): {fold} of {mapped} of {kept}{limit}."
    # 0..12 and one more: every filter keeps some numbers and drops some.
    values = [[*rng.sample(range(13), 13), rng.randint(-9, 40)] for _ in range(3)]
    inner = f"{MAPS[mapped]} for x in xs if {condition}"
    return _pose("lists", prompt, f"{name}(xs)", FOLDS[fold].format(inner), values)


def _rule(rng: Random) -> Problem:
    name, a, b = rng.choice(NAMES), rng.randint(2, 9), rng.randint(1, 20)
    prompt = f"Write {name}.\nassert {name}(0) == {b}\nassert {name}(1) == {a + b}"
    return _pose("rule", prompt, f"{name}(x)", f"x * {a} + {b}", [0, 1, rng.randint(2, 9)])


def _pose(family: str, prompt: str, signature: str, expression: str, inputs: list[Any]) -> Problem:
    source, name = f"def {signature}: return {expression}", signature.partition("(")[0]
    reference = _compile(source, name)
    tests = [f"assert {name}({value!r}) == {reference(value)!r}" for value in inputs]
    return Problem(
        family=family,
        prompt=prompt,
        worked=source,
        terse=f"```python\n{source}\n```",
        check={"tests": tests, "target": source},
    )


def _compile(source: str, name: str) -> Callable[[Any], Any]:
    scope: dict[str, Any] = {}
    exec(source, scope)  # our own template, never generated text
    function: Callable[[Any], Any] = scope[name]
    return function


def _numbers(rng: Random) -> list[int]:
    return rng.sample(range(-9, 30), 3)
