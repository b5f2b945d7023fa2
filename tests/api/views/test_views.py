"""What all views keep to: one declaration a field, strict, with numbers that say what they are."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from typing import Any, get_args

import pytest
from pydantic import ValidationError

import api.views
from api.rest.runs.query import Sort
from api.views.base import Axis, RunState, Verdict, View, WholeAxis
from api.views.service import ProblemDetails
from api.views.studies import Counts, StudyStatus
from search.study.axes import AXIS_NAMES
from storage import AXES, RUN_STATES, SORTS
from storage.records import StateCounts
from storage.verdict import VERDICTS

PROBLEM = {"type": "urn:a", "title": "A", "status": 404, "detail": "a", "instance": "/a"}


def _views(base: type[View] = View) -> Iterator[type[View]]:
    for module in pkgutil.iter_modules(api.views.__path__):
        import_module(f"api.views.{module.name}")
    for view in base.__subclasses__():
        yield view
        yield from _views(view)


def _says_what_it_is(schema: dict[str, Any]) -> bool:
    parts = [schema, *schema.get("anyOf", []), *[part for part in [schema.get("items")] if part]]
    numbers = [part for part in parts if part.get("type") in ("integer", "number")]
    return not numbers or any("description" in part for part in parts)


def test_every_number_says_what_it_is() -> None:
    silent = [
        f"{view.__name__}.{name}"
        for view in _views()
        for name, schema in view.model_json_schema(mode="serialization")
        .get("properties", {})
        .items()
        if not _says_what_it_is(schema)
    ]
    assert silent == []


def test_a_field_that_is_not_declared_is_refused() -> None:
    for view in _views():
        assert view.model_config["extra"] == "forbid", view
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        Counts(total=1, completed=1, running=0, failed=0, pending=0, lost=1)  # type: ignore[call-arg]


def test_what_only_some_answers_have_is_left_out_elsewhere() -> None:
    counts = Counts.from_record(StateCounts(total=3, completed=2, pending=1))
    assert list(counts.model_dump()) == ["total", "completed", "running", "failed", "pending"]
    assert "nulls" in StudyStatus.model_fields
    assert ProblemDetails(**PROBLEM).model_dump() == PROBLEM
    place = {"where": "body.name", "value": None, "message": "missing"}
    told = ProblemDetails(**PROBLEM, errors=[place]).model_dump(mode="json")
    assert told == {**PROBLEM, "errors": [place]}


def test_the_words_that_the_document_allows_are_the_records() -> None:
    """Written out for readers of OpenAPI and type checkers; an axis more is an axis more here."""
    assert set(get_args(Axis)) == set(AXES)
    assert get_args(WholeAxis) == AXIS_NAMES
    assert set(get_args(RunState)) == set(RUN_STATES)
    assert set(get_args(Verdict)) == set(VERDICTS)
    assert set(get_args(Sort)) == set(SORTS)
