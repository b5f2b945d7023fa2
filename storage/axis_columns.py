"""The axes' columns in SQL.

Owns: the column of a name in `storage.axes`. Does not cover: which columns an axis has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import InstrumentedAttribute

from storage.axes import COLUMNS
from storage.models import Configuration

Column = InstrumentedAttribute[Any]

COLUMN: Mapping[str, Column] = {name: getattr(Configuration, name) for name in COLUMNS}
"""By name, every column that a configuration has."""
