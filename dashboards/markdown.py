"""Text of a record inside Markdown.

Owns: escaping. Names and errors come from anywhere: nothing of them may become markup.
"""

from __future__ import annotations

import re

_MARKED = re.compile(r"([\\`*_{}\[\]<>#|~&])")


def escaped(text: object) -> str:
    """Text inside Markdown: nothing of it is markup, and it stays in its line."""
    return _MARKED.sub(r"\\\1", " ".join(str(text).split()))


def as_code(text: object) -> str:
    """Text as inline code, which shows names as they are."""
    return f"`{' '.join(str(text).replace('`', ' ').split())}`"
