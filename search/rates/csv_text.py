"""A table as CSV that a spreadsheet shows and does not run.

Owns: what becomes of a text that a spreadsheet would take for a formula, such as a folder's name:
an apostrophe stands before it, which spreadsheets read as "this is text". Numbers stay numbers, and
Parquet has every text as it is. Does not cover: the columns (``search.rates.cell_table``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_FORMULA = ("=", "+", "-", "@", "\t")


def csv_text(frame: pd.DataFrame, *, header: bool = True) -> str:
    """Return a table's rows as CSV, with or without its heading."""
    texts = frame.select_dtypes(exclude=["number", "bool", "datetime"]).columns
    shown = frame.assign(**{str(name): frame[name].map(_as_text) for name in texts})
    return str(shown.to_csv(index=False, header=header))


def _as_text(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
