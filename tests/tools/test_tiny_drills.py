import re
from itertools import chain
from random import Random

from tools.tiny import drills
from tools.tiny.choice import SYMBOLS, UNITS


def lines(count):
    rng = Random(5)
    texts = ["".join(text for text, _ in drills.draw(rng)) for _ in range(count)]
    return list(chain.from_iterable(text.splitlines() for text in texts))


def test_every_statement_of_a_drill_is_true():
    listed = {}
    for line in lines(400):
        if options := re.findall(r"\(([A-D])\) (\w+)", line):
            listed = {text: letter for letter, text in options}
        elif match := re.fullmatch(r"(\d+) ([-+*]) (\d+) = (-?\d+)", line):
            a, sign, b, result = match.groups()
            assert {"+": int(a) + int(b), "-": int(a) - int(b), "*": int(a) * int(b)}[sign] == int(
                result
            )
        elif match := re.fullmatch(r"(\d)(\w) = (\d+), \2 = \\boxed\{(\d)\}", line):
            assert int(match[1]) * int(match[4]) == int(match[3])
        elif match := re.fullmatch(r"(unit|symbol) of (\w+): (\w+)", line):
            assert {"unit": UNITS, "symbol": SYMBOLS}[match[1]][match[2]] == match[3]
        else:
            match = re.fullmatch(r"(\w+): (.*)\b(\w) \1: \((\w)\)", line)
            assert listed[match[1]] == match[3] == match[4]
            for letter, text in re.findall(r"(\w) (\w+), ", match[2]):
                assert listed[text] == letter


def test_only_what_follows_from_the_text_is_to_be_predicted():
    rng = Random(6)
    for _ in range(100):
        drill = drills.draw(rng)
        wanted = sum(len(text) for text, is_wanted in drill if is_wanted)
        given = sum(len(text) for text, is_wanted in drill if not is_wanted)
        assert not drill[0][1]
        assert 0 < wanted < 3 * given
