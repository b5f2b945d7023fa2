"""The reference of the REST API, as Markdown, from its OpenAPI document.

Owns: one section an endpoint: what it does, its parameters, its answers. Does not cover: the
document itself (``api.rest.openapi``), nor the prose about it (docs/reference/rest.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.rest.app import create_app

HEAD = """# Endpoints

Generated from the OpenAPI document, which a server gives at `/api/v1/openapi.json`. How to sign in,
pages of a listing and errors: [REST](rest.md).

"""


def endpoints_page() -> str:
    """All endpoints, in the order of the document."""
    document = create_app("sqlite:///nothing-is-opened.db").openapi()
    return HEAD + "\n".join(
        _section(method.upper(), path, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    )


def _section(method: str, path: str, operation: Mapping[str, Any]) -> str:
    text = str(operation.get("description") or operation.get("summary") or "").strip()
    lines = [f"## {method} {path}", "", text, ""]
    parameters = operation.get("parameters", [])
    if parameters:
        lines += ["| Parameter | in | what it is |", "| --- | --- | --- |"]
        lines += [
            f"| `{p['name']}` | {p['in']}{', required' if p.get('required') else ''} | "
            f"{_line(p.get('description', ''))} |"
            for p in parameters
        ]
        lines.append("")
    lines += ["| Answer | what it is |", "| --- | --- |"]
    lines += [
        f"| {status} | {_line(answer.get('description', ''))} |"
        for status, answer in operation.get("responses", {}).items()
    ]
    return "\n".join([*lines, ""])


def _line(text: str) -> str:
    return text.replace("\n", " ").replace("|", "\\|")
