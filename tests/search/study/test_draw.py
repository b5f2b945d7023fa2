"""A study keeps the draw of weights that it began with: it can be read, and is not gone on with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from search.driving.audits import drive, launch
from search.errors import StudyFileError
from search.study.file import parse_study, recorded_file
from search.study.plan import resolve, study_plan
from storage import AuditStore, StudyExists

FILE: dict[str, Any] = {"name": "older", "axes": {"slots": [2, 4]}}
REFUSAL = (
    "draw: study 'older' has the weights of draw 1, and this version makes draw 2 only; its "
    "records stay readable, and a study of another name starts again"
)


@pytest.fixture
def older(store: AuditStore) -> AuditStore:
    """A record from before draws had numbers: its specification names none."""
    plan = study_plan(resolve(parse_study(FILE)), artifact_url="here")
    spec = {key: value for key, value in plan.spec.items() if key != "draw"}
    store.studies.create(replace(plan, spec=spec, spec_hash=recorded_file(spec).spec_hash))
    return store


def test_it_is_neither_driven_nor_launched_again(older: AuditStore) -> None:
    state = older.studies.get("older").state
    attempts = [
        lambda: drive(older, "older"),
        lambda: launch(older, recorded_file({**FILE, "name": "anew", "draw": 1}), artifact_url="x"),
    ]
    for attempt in attempts:
        with pytest.raises(StudyFileError, match="draw 1, and this version makes draw 2 only"):
            attempt()
    with pytest.raises(StudyFileError) as caught:
        drive(older, "older")
    assert str(caught.value) == REFUSAL
    assert older.studies.names() == ["older"]
    assert older.studies.get("older").state == state


def test_the_same_file_now_is_another_study(older: AuditStore) -> None:
    file = parse_study(FILE)
    assert file.draw == 2
    assert file.spec_hash != older.studies.get("older").spec_hash
    with pytest.raises(StudyExists, match="another specification"):
        launch(older, file, artifact_url="here")


def test_its_records_stay_readable(older: AuditStore) -> None:
    assert len(list(older.runs.iterate("older"))) == 3
    assert recorded_file(older.studies.get("older").spec).draw == 1
