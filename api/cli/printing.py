"""Printing for programs."""

from __future__ import annotations

import json

import typer
from pydantic_core import to_jsonable_python


def echo_json(value: object) -> None:
    """Print a view, or plain data, as JSON."""
    typer.echo(json.dumps(to_jsonable_python(value), indent=2, ensure_ascii=False))
