"""No cell of a CSV file is a formula; numbers and empty cells stay what they are."""

from __future__ import annotations

import io

import pandas as pd
import pytest

from search.rates.csv_text import csv_text


@pytest.mark.parametrize("text", ["=1+2", "+1", "-1+cmd", "@sum", "\tx"])
def test_a_formula_is_text(text: str) -> None:
    frame = pd.DataFrame({"backbone": [text, "plain", None], "delta": [-1.5, 2.0, None]})
    read = pd.read_csv(io.StringIO(csv_text(frame)), keep_default_na=False, dtype=str)

    assert read["backbone"].tolist() == [f"'{text}", "plain", ""]
    assert read["delta"].tolist() == ["-1.5", "2.0", ""]
    assert csv_text(frame, header=False) == csv_text(frame).split("\n", 1)[1]


def test_what_is_no_formula_is_written_as_pandas_does() -> None:
    frame = pd.DataFrame(
        {
            "a": pd.array([1, None], dtype="Int64"),
            "b": pd.array([True, None], dtype="boolean"),
            "c": pd.to_datetime(["2026-01-02", None]),
            "d": ["x=1", 'quo"ted, and more'],
        }
    )
    assert csv_text(frame) == frame.to_csv(index=False)
    assert csv_text(frame.iloc[:0]) == frame.iloc[:0].to_csv(index=False)
