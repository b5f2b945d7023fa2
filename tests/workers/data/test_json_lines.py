"""Lines end at a line feed and nowhere else; what is no line is named with its number."""

from __future__ import annotations

from pathlib import Path

import pytest

from workers.data.json_lines import LineError, json_lines
from workers.training.sft_data import read_conversations

SAID = "one\u2028two\u2029three\x85four"


def test_unicodes_own_line_ends_break_no_line(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text(f'{{"messages": [{{"role": "assistant", "content": "{SAID}"}}]}}\n')

    (conversation,) = read_conversations(path, num_examples=9)
    assert conversation == [{"role": "assistant", "content": SAID}]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_byte_order_mark_and_blank_lines_are_left_out(tmp_path: Path, end: str) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_bytes(f"\ufeff{end}1{end}{end} \t{end}2".encode())

    assert list(json_lines(path)) == [(2, 1), (5, 2)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"a"', "line 2 is not JSON"),
        (b'{"a": 1, "a": 2}', "line 2 is not JSON .the key 'a' occurs twice"),
        (b'"\xff"', "line 2 is not UTF-8 .invalid start byte at byte 1"),
        (b'"\\ud800"', r"line 2 holds half a character .'\\ud800'"),
        (b"[" * 100_000, "line 2 is not JSON"),
        ("\ufeff1".encode(), "line 2 is not JSON"),
        (b"-Infinity", "line 2 is not JSON .-Infinity is not a number"),
        (b'"a\x0bb"', "line 2 is not JSON .Invalid control character"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: bytes, reason: str) -> None:
    (tmp_path / "lines.jsonl").write_bytes(b"1\n" + line + b"\n")

    with pytest.raises(LineError, match=reason):
        list(json_lines(tmp_path / "lines.jsonl"))


def test_a_pair_of_surrogates_is_one_character(tmp_path: Path) -> None:
    (tmp_path / "lines.jsonl").write_text('"\\ud83d\\ude00"')
    assert list(json_lines(tmp_path / "lines.jsonl")) == [(1, "😀")]
