"""The harness' filter for choices, without a table of all of Unicode for every benchmark.

Owns: the bound of that table. The filter asks for the category of each of 1,114,112 code points at
every evaluation (0.8 CPU seconds), to know what punctuation is; from U+20000 on there is none, only
ideographs, tags and private use, so the table is the same and a ninth of the work. A test compares
the two for the Unicode version at hand.
"""

from types import SimpleNamespace

from lm_eval.filters import extraction

END_OF_PUNCTUATION = 0x20000


def bound_punctuation_table() -> None:
    """Let the filter's table end where punctuation does; its only use of ``sys`` is that end."""
    extraction.sys = SimpleNamespace(maxunicode=END_OF_PUNCTUATION)
