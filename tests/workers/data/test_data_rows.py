"""Rows come as they were written, whatever the format."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workers.data.rows import read_rows

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
