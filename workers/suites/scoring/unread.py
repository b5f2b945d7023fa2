r"""Whether a response's boxed number is another than the one that its scorer reads.

Owns: that comparison, by value. Does not cover which of the two is right.
"""

from workers.suites.scoring.boxes import closed_boxes
from workers.suites.scoring.numbers import extract_number
from workers.suites.scoring.values import read_number


def box_is_unread(response: str) -> bool:
    """Say whether the last closed box holds a number, and the scorer of numbers reads another."""
    boxes = closed_boxes(response)
    boxed = read_number(boxes[-1].content) if boxes else None
    return boxed is not None and read_number(extract_number(response).rstrip(".")) != boxed
