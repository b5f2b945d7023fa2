"""Rows come as they were written, whatever the format."""

from __future__ import annotations

import csv
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workers.data.rows import read_rows
from workers.errors import DataError

ROWS: list[dict[str, Any]] = [
    {"a": 'one, "two"\nthree', "b": "größer"},
    {"a": "", "b": "\u2028 a line of its own"},
    {"a": "[{]}", "b": "}"},
]


def write(path: Path) -> Path:
    if path.suffix == ".jsonl":
        path.write_text("\n\n".join(json.dumps(row) for row in ROWS))
    elif path.suffix == ".json":
        path.write_text("\ufeff \n" + json.dumps(ROWS, indent=2, ensure_ascii=False) + "\n")
    elif path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(ROWS), path)
    else:
        with path.open("w", newline="", encoding="utf-8-sig") as file:
            writer = csv.DictWriter(file, fieldnames=["a", "b"])
            writer.writeheader()
            writer.writerows(ROWS)
    return path


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".csv", ".parquet"])
def test_rows_come_as_they_were_written(tmp_path: Path, suffix: str) -> None:
    assert list(read_rows(write(tmp_path / f"rows{suffix}"))) == ROWS


def test_an_empty_list_has_no_rows(tmp_path: Path) -> None:
    (tmp_path / "rows.json").write_text(" [ ] ")
    assert list(read_rows(tmp_path / "rows.json")) == []


@pytest.mark.parametrize("behind", ["[{}]", "x", ","])
def test_what_follows_a_list_is_refused_with_its_byte(tmp_path: Path, behind: str) -> None:
    path = tmp_path / "rows.json"
    path.write_text(f'\ufeff[{{"a": "größer"}}]\n{behind}')
    place = len('[{"a": "größer"}]\n'.encode()) + 3

    with pytest.raises(DataError, match=rf"something follows its list of rows, at byte {place}$"):
        list(read_rows(path))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{}", "it is not a list of rows"),
        ('[{"a": 1} {"a": 2}]', "does not go on at byte 10"),
        ('[{"a": 1}', "does not go on at byte 9"),
        ('[{"a": 1}, {"a": ]', "in the row at byte 11"),
        ('[{"a": 1, "a": 2}]', "the key 'a' occurs twice"),
        ('[{"a": Infinity}]', "Infinity is not a number"),
        ("[1]", "row 1 is 1"),
    ],
)
def test_a_broken_list_is_refused_with_the_place(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "rows.json").write_text(text)
    with pytest.raises(DataError, match=reason):
        list(read_rows(tmp_path / "rows.json"))


def test_a_long_list_is_read_in_pieces(tmp_path: Path) -> None:
    """Rows longer than a piece, signs of several bytes at the pieces' ends."""
    rows = [{"a": "ü€😀" * length} for length in (1, 300_000, 2, 700_000, 3)]
    (tmp_path / "rows.json").write_text(json.dumps(rows, ensure_ascii=False, indent=1))

    assert list(read_rows(tmp_path / "rows.json")) == rows


def test_a_large_list_is_not_held_in_memory(tmp_path: Path) -> None:
    row = {"a": "größer 😀 " * 500}
    with (tmp_path / "rows.json").open("w") as file:
        file.write("[" + json.dumps(row, ensure_ascii=False))
        for _ in range(4000):
            file.write(",\n" + json.dumps(row, ensure_ascii=False))
        file.write("]")
    assert (tmp_path / "rows.json").stat().st_size > 28_000_000

    tracemalloc.start()
    number = sum(1 for _ in read_rows(tmp_path / "rows.json"))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert number == 4001
    assert most < 24 * 2**20


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".parquet"])
def test_nan_is_missing(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rows{suffix}"
    if suffix == ".parquet":
        pq.write_table(pa.table({"a": pa.array([float("nan"), 1.0])}), path)
    else:
        path.write_text('{"a": NaN}\n{"a": 1.0}' if suffix == ".jsonl" else '[{"a":NaN},{"a":1.0}]')

    assert list(read_rows(path)) == [{"a": None}, {"a": 1.0}]


def test_half_a_character_is_refused_unless_it_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": "fine"}\n{"a": "\\ud83d"}\n')

    assert list(read_rows(path, halves=True))[1] == {"a": "\ud83d"}
    with pytest.raises(DataError, match="holds half a character"):
        list(read_rows(path))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a,b\n1,2,3\n", "line 2 has more cells than the 2 names"),
        ("a,a\n1,2\n", "the column 'a' occurs twice"),
        ('a,b\n1,"2\n', "unexpected end of data"),
    ],
)
def test_a_table_that_does_not_fit_its_heading_is_refused(
    tmp_path: Path, text: str, reason: str
) -> None:
    (tmp_path / "rows.csv").write_text(text)
    with pytest.raises(DataError, match=reason):
        list(read_rows(tmp_path / "rows.csv"))
