"""Everyday requests that no benchmark asks: the general part of the training mixture."""

from random import Random

from tools.tiny.problem import Problem, draw_from

WORDS = (
    "apple",
    "bird",
    "cloud",
    "door",
    "earth",
    "fish",
    "grass",
    "house",
    "ice",
    "juice",
    "king",
    "lamp",
    "moon",
    "night",
    "ocean",
    "paper",
    "queen",
    "river",
    "stone",
    "tree",
    "uncle",
    "voice",
    "water",
    "yard",
    "zebra",
    "bread",
    "chair",
    "dream",
    "flame",
    "glass",
)


def draw(rng: Random) -> Problem:
    """Draw one everyday request."""
    return draw_from([(1, _repeat), (1, _first_letter), (1, _sort), (1, _count)], rng)


def _repeat(rng: Random) -> Problem:
    word, times = rng.choice(WORDS), rng.randint(2, 4)
    return _pose("repeat", f"Say {word} {times} times.", " ".join([word] * times))


def _first_letter(rng: Random) -> Problem:
    words = rng.sample(WORDS, 3)
    return _pose(
        "first_letter", f"First letters of {', '.join(words)}?", "".join(word[0] for word in words)
    )


def _sort(rng: Random) -> Problem:
    words = rng.sample(WORDS, 3)
    return _pose("sort", f"Sort {', '.join(words)}.", ", ".join(sorted(words)))


def _count(rng: Random) -> Problem:
    words = [rng.choice(WORDS) for _ in range(rng.randint(2, 5))]
    return _pose("count", f"How many words: {' '.join(words)}?", str(len(words)))


def _pose(family: str, prompt: str, answer: str) -> Problem:
    return Problem(family=family, prompt=prompt, worked=answer, terse=answer)
