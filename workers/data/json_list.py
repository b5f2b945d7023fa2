"""A file that holds one long JSON list, read a member at a time.

Owns: reading such a file in pieces, for the list itself may not fit into memory, and refusing what
follows it. Does not cover what a member is.
"""

import codecs
import re
from collections.abc import Iterator
from json import JSONDecodeError
from pathlib import Path
from typing import BinaryIO

from workers.data.json_lines import decoder

_PIECE_BYTES = 1 << 20
_LARGEST_MEMBER_CHARS = 1 << 28
_SPACE = re.compile(r"[ \t\r\n]*")


def json_list(path: Path) -> Iterator[object]:
    """Yield the members of the list in a file.

    Raises:
        ValueError: It is not a list, or something follows it; the message says at which byte.
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        text = _Window(file)
        if not text.starts_with("["):
            raise ValueError("it is not a list of rows")
        text.skip(1)
        while not text.starts_with("]"):
            yield text.take_value()
            if text.starts_with(","):
                text.skip(1)
            elif not text.starts_with("]"):
                raise ValueError(f"its list of rows does not go on at byte {text.byte}")
        text.skip(1)
        if not text.is_over():
            raise ValueError(f"something follows its list of rows, at byte {text.byte}")


class _Window:
    """The part of a file that is being read, as text; `byte` is where it begins."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decode = codecs.getincrementaldecoder("utf-8")().decode
        self._json = decoder()
        self._text = ""
        self._at = 0  # what of the text has been taken
        self.byte = 0
        self._is_whole = False
        self._more()
        if self._text.startswith("\ufeff"):
            self._advance(1)

    def starts_with(self, sign: str) -> bool:
        """Whether a sign is the next thing that is no white space."""
        self._pass_space()
        return self._text.startswith(sign, self._at)

    def is_over(self) -> bool:
        """Whether nothing is left but white space."""
        self._pass_space()
        return self._at == len(self._text)

    def skip(self, chars: int) -> None:
        """Leave out some characters."""
        self._advance(chars)

    def take_value(self) -> object:
        """Return the value that begins here."""
        self._pass_space()
        while True:
            try:
                value, end = self._json.raw_decode(self._text, self._at)
            except JSONDecodeError as error:  # it may go on in the next piece
                if len(self._text) - self._at > _LARGEST_MEMBER_CHARS or not self._more():
                    raise ValueError(f"{error.msg} in the row at byte {self.byte}") from error
            else:
                self._advance(end - self._at)
                return value

    def _pass_space(self) -> None:
        while True:
            end = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]
            self._advance(end - self._at)
            if self._at < len(self._text) or not self._more():
                return

    def _advance(self, chars: int) -> None:
        self.byte += len(self._text[self._at : self._at + chars].encode())
        self._at += chars

    def _more(self) -> bool:
        """Read another piece, as large as what is left of the last: long rows stay cheap."""
        if self._is_whole:
            return False
        self._text, self._at = self._text[self._at :], 0
        data = self._file.read(max(_PIECE_BYTES, len(self._text)))
        self._is_whole = not data
        self._text += self._decode(data, final=self._is_whole)
        return True
