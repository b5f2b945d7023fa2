"""The OpenAPI document: a client made of it alone works; nothing it allows breaks the server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from rest_record import OWNER, client, finish, seed
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from api.views.g1 import G1Rate
from search.rates.g1_rates import g1_rows
from storage import SEED_NULL, AuditStore, RunFilter, RunPlan

OPERATIONS = {
    "launch_study",
    "plan_study",
    "list_studies",
    "get_study",
    "resume_study",
    "stop_study",
    "follow_events",
    "list_runs",
    "get_run",
    "list_items",
    "ask_for_analyses",
    "list_analyses",
    "get_analysis",
    "ask_for_study_analyses",
    "list_study_analyses",
    "download_checkpoint",
    "export_study",
    "list_g1_rates",
    "list_champions",
    "list_methods",
    "list_confirmations",
    "get_confirmation",
    "list_ablations",
    "get_ablation",
    "get_importance",
    "get_reference",
    "health_live",
    "health_ready",
    "get_metrics",
}
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
)


class DocumentClient:
    """Knows nothing but the document: paths, parameters, bodies and answers are from there."""

    def __init__(self, api: TestClient) -> None:
        self._api = api
        self.headers: dict[str, str] = {}
        self.document = api.get("/openapi.json").json()
        self._operations = {
            operation["operationId"]: (method, path, operation)
            for path, operations in self.document["paths"].items()
            for method, operation in operations.items()
        }

    @property
    def names(self) -> set[str]:
        """All operations."""
        return set(self._operations)

    def call(self, operation_id: str, /, *, status: int | None = None, **parameters: Any) -> Any:
        """Call an operation, hold its answer to the document, and return what it says."""
        method, path, operation = self._operations[operation_id]
        where = {p["name"]: p["in"] for p in operation.get("parameters", [])}
        assert set(parameters) - {"body"} <= set(where)
        for key, value in parameters.items():
            path = path.replace(f"{{{key}}}", str(value))
        query = {key: value for key, value in parameters.items() if where.get(key) == "query"}
        body = {"json": parameters["body"]} if "body" in parameters else {}
        response = self._api.request(method, path, params=query, **body)
        expected = status or int(min(operation["responses"]))
        assert response.status_code == expected, response.text
        answer = operation["responses"][str(expected)]
        self.headers = {
            name: response.headers[name]
            for name in answer.get("headers", {})
            if name in response.headers
        }
        return self._checked(response, answer)

    def example(self, name: str) -> Any:
        """The example of an operation's body."""
        body = self._operations[name][2]["requestBody"]["content"]
        return body["application/json"]["example"]

    def _checked(self, response: Any, answer: Mapping[str, Any]) -> Any:
        kind = response.headers["content-type"].partition(";")[0]
        content = answer["content"][kind]
        if not kind.endswith("json"):
            return response.text
        schema = content["schema"]
        whole = {**schema, "components": self.document["components"]}
        jsonschema.Draft202012Validator(whole).validate(response.json())
        return response.json()


@pytest.fixture
def document(sqlite_url: str, tmp_path: Path) -> DocumentClient:
    seed(sqlite_url, tmp_path, hosts=2)
    return DocumentClient(client(sqlite_url, tmp_path, max_stream_s=0.5))


def test_a_client_made_of_the_document_does_everything(document: DocumentClient) -> None:
    assert document.names == OPERATIONS
    assert document.call("plan_study", body=document.example("plan_study"))["runs"] == 24
    launched = document.call("launch_study", body=document.example("launch_study"))
    assert launched["state"] == "queued"
    name = launched["name"]
    assert document.call("stop_study", name=name)["state"] == "stopped"
    assert document.call("resume_study", name=name)["state"] == "queued"
    assert document.call("get_study", name=name) == document.call("list_studies")[1]
    runs = document.call("list_runs", name="grid", limit=3, sort="mean_delta", mixer="cross_attn")
    page = document.call("list_runs", name="grid", limit=3)
    cursor = document.headers["X-Next-Cursor"]
    rest = document.call("list_runs", name="grid", limit=1000, cursor=cursor)
    assert len(page) + len(rest) == 14
    assert "X-Next-Cursor" not in document.headers
    run = document.call("get_run", run_id=runs[0]["id"])
    assert run["configuration"]["mixer"] == "cross_attn"
    items = document.call("list_items", run_id=run["id"], benchmark=next(iter(run["cells"])))
    assert len(items) == 20
    assert "data: " in document.call("follow_events", name="grid")
    assert len(document.call("list_g1_rates", study="grid", by="writeback")) == 2
    assert len(document.call("list_champions")) == 2
    assert document.call("list_methods", name="grid") == []
    assert document.call("export_study", name="grid", format="csv").startswith("study,run_id")
    assert "talan_runs" in document.call("get_metrics")
    assert document.call("get_reference")["champions"]
    assert document.call("health_live") == {"status": "live"}
    assert document.call("health_ready") == {"status": "ready"}


def test_errors_are_as_the_document_says(document: DocumentClient) -> None:
    assert "closest: grid" in document.call("get_study", status=404, name="gird")["detail"]
    document.call("list_runs", status=422, name="grid", limit=0)
    document.call("list_items", status=404, run_id="0" * 16, benchmark="a")
    document.call("download_checkpoint", status=404, run_id="0" * 16)
    document.call("launch_study", status=422, body={"name": "a", "axes": {"layer": [9]}})


def test_the_document_is_complete(document: DocumentClient) -> None:
    for path, operations in document.document["paths"].items():
        for operation in operations.values():
            assert operation["summary"]
            assert operation["description"]
            assert operation["tags"]
            assert operation["security"] == ([] if "/health/" in path else [{"token": []}, {}])
            for status, answer in operation["responses"].items():
                if status.startswith(("4", "5")):
                    content = answer["content"]["application/problem+json"]
                    assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
                    assert content["example"]["status"] == int(status)
    schemas = document.document["components"]["schemas"]
    assert "HTTPValidationError" not in schemas
    for name in ("StudyFile", "StudyStatus", "Run", "G1Rate", "Champion", "Problem"):
        whole = {**schemas[name], "components": {"schemas": schemas}}
        (example,) = schemas[name]["examples"]
        jsonschema.Draft202012Validator(whole).validate(example)


def test_rates_with_all_that_the_command_line_shows_are_in_the_document(
    document: DocumentClient, sqlite_url: str, tmp_path: Path
) -> None:
    with AuditStore.open(sqlite_url) as store:
        store.leases.acquire("grid", owner=OWNER, ttl_s=60)
        plans = [RunPlan(0, SEED_NULL, 7, 50, baseline_seed=42)]
        store.studies.add_runs("grid", owner=OWNER, runs=plans)
        (run,) = store.runs.iterate("grid", RunFilter(kind=SEED_NULL))
        finish(store, run, 11, 11, artifacts=str(tmp_path / "artifacts"))
        rows = [
            G1Rate.from_row(row).model_dump(mode="json")
            for by in (None, "writeback")
            for row in g1_rows(store, "grid", by=by)
        ]
    schemas = document.document["components"]["schemas"]
    whole = {**schemas["G1Rate"], "components": {"schemas": schemas}}
    for row in rows:
        jsonschema.Draft202012Validator(whole).validate(row)
    assert [set(row["null"]) for row in rows] == [{"seed"}, set()] * 2
    assert all(row["rotation"] and row["expected"] for row in rows)


def test_the_page_shows_every_operation(sqlite_url: str, tmp_path: Path) -> None:
    page = client(sqlite_url, tmp_path).get("/docs").text
    assert set(re.findall(r'<details id="([a-z_0-9]+)"><summary><b', page)) == OPERATIONS


def test_nothing_the_document_allows_is_a_server_error(storage_url: str, tmp_path: Path) -> None:
    seed(storage_url, tmp_path)
    api = client(storage_url, tmp_path, max_stream_s=0.05, launches_per_minute=10_000)
    schema = schemathesis.openapi.from_asgi("/openapi.json", api.app)
    for operation in schema.get_all_operations():
        _attack(operation.ok())


def _attack(operation: Any) -> None:
    @settings(max_examples=15, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy())
    def one(case: schemathesis.Case) -> None:
        case.call_and_validate(checks=list(CHECKS))

    one()
