"""What an application can be asked, by address: read from its OpenAPI document.

Owns: which methods an address has and which query parameters an operation has, for errors that say
what is allowed. Does not cover: the document itself (``api.rest.openapi``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any


class Operations:
    """Looks operations up in a document that is made when first needed."""

    def __init__(self, document: Callable[[], Mapping[str, Any]]) -> None:
        self._document = document

    def methods(self, path: str) -> list[str]:
        """The methods that an address has; GET where it is not in the document."""
        return sorted(method.upper() for method in self._at(path)) or ["GET"]

    def parameters(self, method: str, path: str) -> list[str]:
        """The names of an operation's query parameters."""
        operation = self._at(path).get(method.lower(), {})
        named = operation.get("parameters", [])
        return [parameter["name"] for parameter in named if parameter["in"] == "query"]

    def _at(self, path: str) -> Mapping[str, Any]:
        return next((found for pattern, found in self._paths if pattern.fullmatch(path)), {})

    @cached_property
    def _paths(self) -> list[tuple[re.Pattern[str], Mapping[str, Any]]]:
        paths = self._document()["paths"].items()
        return [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), found) for path, found in paths]
