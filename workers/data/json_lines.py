"""Files of JSON lines, read one way everywhere: training data, items, sources of a mixture.

Owns: where a line ends (at a line feed and nowhere else: JSON strings may hold Unicode's own line
ends), what may stand around lines (a byte order mark, blank lines), and what a line must be. Does
not cover what it means. Reads a line at a time.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class LineError(ValueError):
    """A line is not what it should be; the message says which and why."""

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(f"line {number} {reason}")
        self.number = number
        self.reason = reason


def json_lines(path: Path, *, halves: bool = False) -> Iterator[tuple[int, Any]]:
    """Yield each line's number, from 1, and its value; blank lines are counted and left out.

    Args:
        path: The file.
        halves: Whether strings may hold halves of characters (lone surrogates), which scraped text
            does and no UTF-8 file can be written with.

    Raises:
        LineError: A line is not UTF-8 or not JSON, or has halves of characters.
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            data = line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line
            if data.strip():
                yield number, _value(data, number=number, halves=halves)


def decoder() -> json.JSONDecoder:
    """Return a JSON decoder that refuses a key that occurs twice, and takes NaN as missing."""
    return json.JSONDecoder(object_pairs_hook=_once, parse_constant=_constant)


def _value(data: bytes, *, number: int, halves: bool) -> object:
    try:
        text = data.decode()
        value = _DECODER.decode(text.strip(" \t\r\n"))
    except UnicodeDecodeError as error:
        raise LineError(number, f"is not UTF-8 ({error.reason} at byte {error.start})") from error
    except (ValueError, RecursionError) as error:
        raise LineError(number, f"is not JSON ({error})") from error
    if not halves and "\\u" in text:
        require_whole_characters(value, number=number)
    return value


def require_whole_characters(value: object, *, number: int) -> None:
    """Check that every string of a value can be written as UTF-8.

    Raises:
        LineError: One holds half a character.
    """
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        half = error.object[error.start : error.start + 1]
        raise LineError(number, f"holds half a character ({half!r})") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        repeated = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {repeated!r} occurs twice")
    return found


def _constant(name: str) -> None:
    if name != "NaN":
        raise ValueError(f"{name} is not a number")


_DECODER = decoder()
