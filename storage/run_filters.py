"""Which runs a listing shows.

Owns: `RunFilter` as SQL conditions.
Does not cover: order and pages (`listing.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import ColumnElement

from storage.axes import axis_columns
from storage.axis_columns import COLUMN
from storage.errors import QueryError
from storage.models import Configuration, Host, Run
from storage.new_rows import TREATMENT
from storage.records import RUN_STATES, RunFilter
from storage.verdict import VERDICTS


def conditions(wanted: RunFilter) -> list[ColumnElement[bool]]:
    """Return the conditions of a filter.

    Raises:
        QueryError: if it names a state, a verdict or an axis that does not exist.
    """
    if wanted.state is not None and wanted.state not in RUN_STATES:
        allowed = ", ".join(RUN_STATES)
        raise QueryError(f"there is no run state '{wanted.state}'; use one of {allowed}")
    if wanted.verdict is not None and wanted.verdict not in VERDICTS:
        allowed = ", ".join(VERDICTS)
        raise QueryError(f"there is no verdict '{wanted.verdict}'; use one of {allowed}")
    judged = wanted.g1 is not None or wanted.verdict is not None
    plain = {
        Run.state: wanted.state,
        Run.g1: wanted.g1,
        Run.verdict: wanted.verdict,
        Run.kind: TREATMENT if wanted.kind is None and judged else wanted.kind,
        Run.seed: wanted.seed,
        Host.backbone: wanted.backbone,
        Host.adapter_label: wanted.adapter,
        Configuration.configuration_id: wanted.configuration_id,
    }
    asked: list[ColumnElement[bool]] = [
        column == value for column, value in plain.items() if value is not None
    ]
    return asked + [part for axis in wanted.axes.items() for part in _axis(*axis)]


def _axis(axis: str, value: object) -> Iterator[ColumnElement[bool]]:
    """Yield conditions for one axis; a mapping names some or all columns of a compound axis."""
    columns = axis_columns(axis)
    values = value if isinstance(value, Mapping) else {axis: value}
    for key, wanted in values.items():
        if key not in columns:
            raise QueryError(f"axis '{axis}' has no part '{key}'; use {', '.join(columns)}")
        column = COLUMN[columns[key]]
        yield (column.is_not_distinct_from(wanted) if wanted is None else column == wanted)
        yield Run.configuration_pk.is_not(None)
