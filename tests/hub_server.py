"""A hub of data sets on this machine: the few answers that fetching files needs, over real HTTP."""

from __future__ import annotations

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class HubServer:
    """Serves data sets by name; each has one commit, and may be gated."""

    def __init__(self) -> None:
        self.datasets: dict[str, dict[str, bytes]] = {}
        self.gated: set[str] = set()
        self.requests: list[str] = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hub.answer(self)

            def do_HEAD(self) -> None:
                hub.answer(self)

            def do_POST(self) -> None:
                hub.take(self)

            def log_message(self, *arguments: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def commit(self, name: str) -> str:
        """The commit that `main` of a data set stands for: it follows the contents."""
        return hashlib.sha1(repr(sorted(self.datasets[name].items())).encode()).hexdigest()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.requests.append(f"{request.command} {request.path}")
        parts = request.path.split("?")[0].strip("/").split("/")
        is_api = parts[0] == "api"
        named = parts[2:] if is_api else parts[1:]
        if len(named) < 4:  # what a client asks of the hub besides
            return self._refuse(request, 404, "EntryNotFound")
        owner, name, _, revision, *rest = named
        repository = f"{owner}/{name}"
        files = self.datasets.get(repository)
        if files is None:
            return self._refuse(request, 404, "RepoNotFound")
        if revision not in {"main", self.commit(repository)}:
            return self._refuse(request, 404, "RevisionNotFound")
        if is_api:
            siblings = [{"rfilename": file} for file in files]
            info = {"id": repository, "sha": self.commit(repository), "siblings": siblings}
            return self._send(request, json.dumps(info).encode(), {})
        if repository in self.gated:
            return self._refuse(request, 403, "GatedRepo")
        content = files["/".join(rest)]
        etag = hashlib.sha1(content).hexdigest()
        headers = {"ETag": f'"{etag}"', "X-Repo-Commit": self.commit(repository)}
        return self._send(request, content, headers)

    def take(self, request: BaseHTTPRequestHandler) -> None:
        """Data sets are served only."""
        self._refuse(request, 501, "Unsupported")

    def _refuse(self, request: BaseHTTPRequestHandler, status: int, code: str) -> None:
        request.send_response(status)
        request.send_header("X-Error-Code", code)
        request.send_header("X-Error-Message", f"{code} says this hub")
        request.send_header("Content-Length", "0")
        request.end_headers()

    def _send(self, request: BaseHTTPRequestHandler, body: bytes, headers: dict[str, str]) -> None:
        request.send_response(200)
        for key, value in {**headers, "Content-Length": str(len(body))}.items():
            request.send_header(key, value)
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(body)
