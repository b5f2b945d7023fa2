"""``GET /api/v1/reference``: what the command prints, as the document says."""

from __future__ import annotations

from pathlib import Path

import jsonschema
from rest_record import client

from api.views.reference import Reference
from search.rates.reference import reference_shape


def test_it_is_what_the_command_prints(sqlite_url: str, tmp_path: Path) -> None:
    api = client(sqlite_url, tmp_path)
    response = api.get("/api/v1/reference")
    assert response.status_code == 200
    assert response.json() == Reference.from_record(reference_shape()).model_dump(mode="json")
    assert response.json()["total"]["g1"] == 185


def test_every_table_is_in_the_shape_of_the_document(sqlite_url: str, tmp_path: Path) -> None:
    api = client(sqlite_url, tmp_path)
    schemas = api.get("/openapi.json").json()["components"]["schemas"]
    whole = {**schemas["Reference"], "components": {"schemas": schemas}}
    jsonschema.Draft202012Validator(whole).validate(api.get("/api/v1/reference").json())
