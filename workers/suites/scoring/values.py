r"""Numbers in a response, read by value.

Owns: what counts as one number here: digits with a minus sign, a dollar sign, thousands separators
or decimals, as LaTeX writes them too; two whole numbers with a stroke between them; `\frac{a}{b}`
of whole numbers, also as `\frac43`. A minus
behind a digit, a letter or a closing bracket is a subtraction, and digits behind a letter are part
of a name (our choice). Does not cover exponents, words and units.
"""

import re
from fractions import Fraction

_COMMA = r"(?:\{,\}|,(?:\\!)?|\\,)"  # LaTeX writes 1{,}000, 10,\!080 and 10\,080
_DOLLAR = r"(?:\\?\$)?"
_PLAIN = (
    rf"{_DOLLAR}(?:[0-9]{{1,3}}(?:{_COMMA}[0-9]{{3}})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?"
    rf"|{_DOLLAR}\.[0-9]+"
)
_OVER = r"[0-9]+\s*/\s*[0-9]+(?![0-9]*[.,][0-9])"
_PART = r"\s*(?:\{\s*(?:-?[0-9]+)\s*\}|[0-9])"  # a single digit needs no braces: \frac43
_FRAC = rf"\\[dt]?frac{_PART}{_PART}"
_FRAC_PART = re.compile(r"\{\s*(-?[0-9]+)\s*\}|([0-9])")
_NUMBER = re.compile(rf"(?:(?<![\w)\]}}])-)?(?:{_FRAC}|(?<![A-Za-z_.])(?:{_OVER}|{_PLAIN}))")
_WHOLE = re.compile(r"-?[0-9]+")


def last_number(text: str) -> str | None:
    """Return the last number as it is written, or None."""
    found: str | None = None
    for match in _NUMBER.finditer(text):
        found = match[0]
    return found


def read_number(text: str) -> Fraction | None:
    """Return the value of a text that is one number and nothing else; None for any other."""
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        return None
    sign = -1 if text.startswith("-") else 1
    try:
        return sign * _magnitude(text.removeprefix("-"))
    except (ValueError, ZeroDivisionError):  # more digits than Python reads; nothing over zero
        return None


def _magnitude(text: str) -> Fraction:
    if "frac" in text:
        above, below = (braced or digit for braced, digit in _FRAC_PART.findall(text))
        return Fraction(int(above), int(below))
    if "/" in text:
        above, below = _WHOLE.findall(text)
        return Fraction(int(above), int(below))
    return Fraction(re.sub(r"[^0-9.]", "", text))
