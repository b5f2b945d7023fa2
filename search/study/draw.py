"""Which draw of the block's first weights a study began with, and that it is kept.

Owns: refusing to go on with a study of another draw than ``talan.seeding`` makes now. Does not
cover: reading a study of an older draw, which every face can.
"""

from __future__ import annotations

from collections.abc import Mapping

from search.errors import StudyFileError
from talan.vocabulary import BLOCK_DRAW

FIRST_DRAW = 1  # of studies on record that name none


def check_draw(name: str, spec: Mapping[str, object]) -> None:
    """Refuse to run a study whose weights would not be those it began with.

    Raises:
        StudyFileError: Its draw is not the one that is made now.
    """
    draw = spec.get("draw", FIRST_DRAW)
    if draw != BLOCK_DRAW:
        msg = (
            f"draw: study {name!r} has the weights of draw {draw}, and this version makes draw "
            f"{BLOCK_DRAW} only; its records stay readable, and a study of another name "
            "starts again"
        )
        raise StudyFileError(msg)
