r"""LaTeX boxes in a response: what stands in each `\boxed{...}`.

Owns: finding boxes whose braces close, in one pass over the text whatever a model wrote. Does not
cover what is in them.
"""

import re
from dataclasses import dataclass

_TOKEN = re.compile(r"(?P<box>\\boxed\s*\{)|\\.|(?P<open>\{)|(?P<close>\})", re.DOTALL)


@dataclass(frozen=True)
class Box:
    """A closed box; `end` is the place behind its closing brace."""

    content: str
    end: int


def closed_boxes(text: str) -> list[Box]:
    """Return the boxes that are closed, in the order in which they close."""
    boxes: list[Box] = []
    starts: list[int | None] = []  # where a box's content begins; None for any other brace
    for token in _TOKEN.finditer(text):
        if token["box"]:
            starts.append(token.end())
        elif token["open"]:
            starts.append(None)
        elif token["close"] and starts:
            start = starts.pop()
            if start is not None:
                boxes.append(Box(text[start : token.start()], token.end()))
    return boxes
