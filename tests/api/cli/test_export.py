"""``talan export``: one table, whole and typed, as CSV and as Parquet."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest
from talan_command import Talan

from search.rates.cell_table import COLUMNS

NAMES = [name for name, _ in COLUMNS]


def assert_whole(frame: pd.DataFrame, runs: list[str]) -> None:
    """Two cells of the baseline and of three treatments, a row each of the other two runs."""
    assert list(frame.columns) == NAMES
    assert frame["run_id"].tolist() == [
        *(run for run in runs[:4] for _ in range(2)),
        *runs[4:],
    ]
    first = frame[(frame["run_id"] == runs[1]) & (frame["benchmark"] == "tiny_choice")].iloc[0]
    assert (first["n_correct"], first["baseline_n_correct"], first["n_items"]) == (12, 10, 20)
    assert (first["score"], first["delta"], first["mean_delta"]) == (60.0, 10.0, 5.0)
    assert (first["mixer"], first["alpha"], first["gradient_scale"]) == (
        "multihead_local",
        0.008,
        500.0,
    )
    failed = frame[frame["run_id"] == runs[4]].iloc[0]
    assert failed["error"] == "the loss is nan, sadly"
    assert pd.isna(failed["benchmark"])


def test_csv_goes_to_standard_output(runs: list[str], talan: Talan) -> None:
    answer = talan("export", "recorded", "--format", "csv")
    assert (answer.code, answer.err) == (0, "")
    assert_whole(pd.read_csv(io.StringIO(answer.out)), runs)


def test_csv_to_a_file_is_the_same(runs: list[str], talan: Talan, folder: Path) -> None:
    answer = talan("export", "recorded", "--output", "table.csv")
    assert (answer.code, answer.out) == (0, "")
    assert answer.err == "recorded is in table.csv\n"
    assert (folder / "table.csv").read_text() == talan("export", "recorded").out


def test_parquet_keeps_the_types(runs: list[str], talan: Talan, folder: Path) -> None:
    assert talan("export", "recorded", "--format", "parquet").code == 0
    frame = pd.read_parquet(folder / "recorded.parquet", dtype_backend="numpy_nullable")
    assert_whole(frame, runs)
    assert str(frame["n_correct"].dtype) == "Int64"
    assert str(frame["g1"].dtype) == "boolean"
    assert frame["g1"].isna().sum() == 2 + 1 + 1  # the baseline's cells, and what is not done


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_a_file_that_cannot_be_written_is_named(
    runs: list[str], talan: Talan, folder: Path, file_format: str
) -> None:
    answer = talan("export", "recorded", "--format", file_format, "--output", "none/table")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("talan: cannot write 'none/table': ")
    assert answer.err.count("\n") == 1
    assert not (folder / "none").exists()


def test_a_table_that_is_there_is_replaced_whole(
    runs: list[str], talan: Talan, folder: Path
) -> None:
    (folder / "table.csv").write_text("an older and longer table\n" * 1000)
    assert talan("export", "recorded", "-o", "table.csv").code == 0
    assert_whole(pd.read_csv(folder / "table.csv"), runs)
    assert sorted(path.name for path in folder.iterdir()) == ["table.csv", "talan.db"]


def test_a_folder_is_no_place_for_a_table(runs: list[str], talan: Talan) -> None:
    answer = talan("export", "recorded", "-o", ".")
    assert answer.code == 2
    assert answer.err == "talan: cannot write '.': Is a directory\n"


def test_another_format_is_refused(runs: list[str], talan: Talan) -> None:
    answer = talan("export", "recorded", "--format", "xlsx")
    assert answer.code == 2
    assert "'xlsx'" in answer.err
    assert "parquet" in answer.err
