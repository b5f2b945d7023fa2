"""A hub of models on this machine: what pushing and fetching need, over real HTTP."""

from __future__ import annotations

import base64
import hashlib
import json
from http.server import BaseHTTPRequestHandler
from typing import Any

from hub_server import HubServer


class ModelHub(HubServer):
    """Serves and takes models by name; each has one commit, which follows its contents."""

    @property
    def models(self) -> dict[str, dict[str, bytes]]:
        return self.datasets

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Models have no prefix before their name where files are resolved."""
        if not request.path.startswith("/api/"):
            request.path = f"/models{request.path}"
        path, _, rest = request.path.partition("?")
        named = path.strip("/").split("/")
        if named[0] == "models" and "/".join(named[5:]) not in self.models.get(
            "/".join(named[1:3]), {}
        ):
            return self._refuse(request, 404, "EntryNotFound")
        if named[:2] == ["api", "models"] and named[4:5] == ["tree"]:
            files = self.models["/".join(named[2:4])]
            return self._send(request, json.dumps(_tree(files)).encode(), {})
        request.path = f"{path}?{rest}"
        return super().answer(request)

    def take(self, request: BaseHTTPRequestHandler) -> None:
        self.requests.append(f"{request.command} {request.path}")
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        parts = request.path.split("?")[0].strip("/").split("/")
        match parts:
            case ["api", "validate-yaml"]:
                answer: dict[str, Any] = {"errors": [], "warnings": []}
            case ["api", "repos", "create"]:
                asked = json.loads(body)
                name = f"{asked['organization']}/{asked['name']}"
                self.models.setdefault(name, {})
                answer = {"url": f"{self.url}/{name}"}
            case ["api", "models", owner, name, "preupload", _]:
                files = json.loads(body)["files"]
                answer = {
                    "files": [
                        {"path": file["path"], "uploadMode": "regular", "shouldIgnore": False}
                        for file in files
                    ]
                }
            case ["api", "models", owner, name, "commit", _]:
                answer = self._commit(f"{owner}/{name}", body)
            case _:
                return self._refuse(request, 404, "EntryNotFound")
        return self._send(request, json.dumps(answer).encode(), {})

    def _commit(self, name: str, body: bytes) -> dict[str, Any]:
        for line in body.decode().splitlines():
            entry = json.loads(line)
            if entry["key"] == "file":
                file = entry["value"]
                self.models[name][file["path"]] = base64.b64decode(file["content"])
        return {
            "commitUrl": f"{self.url}/{name}/commit/{self.commit(name)}",
            "commitOid": self.commit(name),
            "hookOutput": "",
        }


def _tree(files: dict[str, bytes]) -> list[dict[str, Any]]:
    return [
        {
            "type": "file",
            "path": name,
            "size": len(content),
            "oid": hashlib.sha1(content).hexdigest(),
        }
        for name, content in files.items()
    ]
