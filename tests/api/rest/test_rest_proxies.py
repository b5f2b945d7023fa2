"""Behind a proxy: under a path of its server, and events that it passes on as they come."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from rest_record import client, seed
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import SettingsError
from api.rest import Settings

ROOT = "/of/talan"


class StrippingProxy:
    """A proxy that serves an application under a path and takes the path off, as nginx may."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one connection on; what is not under the path is not the application's."""
        if scope["type"] == "http":
            assert scope["path"].startswith(f"{ROOT}/"), f"{scope['path']} left the service"
            scope = {**scope, "path": scope["path"].removeprefix(ROOT)}
        await self._app(scope, receive, send)


@pytest.fixture(params=["stripped", "passed on"])
def proxied(request: pytest.FixtureRequest, sqlite_url: str, tmp_path: Path) -> TestClient:
    """A client of a proxy before the service, of either kind."""
    seed(sqlite_url, tmp_path)
    inner = client(sqlite_url, tmp_path, root_path=ROOT).app
    app = StrippingProxy(inner) if request.param == "stripped" else inner
    return TestClient(app, raise_server_exceptions=False, follow_redirects=False)


PAGE = {"Accept": "text/html"}


def test_every_link_of_every_page_leads_under_the_path(proxied: TestClient) -> None:
    seen, due = set(), [f"{ROOT}/", f"{ROOT}/launch", f"{ROOT}/compare", f"{ROOT}/nothing"]
    while due:
        address = due.pop()
        seen.add(address)
        answer = proxied.get(address, headers=PAGE)
        assert answer.status_code == (404 if address.endswith("nothing") else 200), address
        if "text/html" not in answer.headers["content-type"]:
            continue
        links = re.findall(r'\s(?:href|src|action|data-action|data-base)="(/[^"]*)"', answer.text)
        outside = [link for link in links if not link.startswith(f"{ROOT}/")]
        assert outside == [], address
        if "docs" not in address:
            plain = {link.replace("&amp;", "&").partition("#")[0] for link in links}
            pages = {link for link in plain if "sign-out" not in link and "/api/" not in link}
            due += sorted(page for page in pages - seen - set(due) if len(seen) < 40)
    kinds = ("/studies/grid", "/runs/", "/assets/", "/docs")
    assert all(any(kind in address for address in seen) for kind in kinds)


def test_scripts_ask_under_the_path(proxied: TestClient) -> None:
    page = proxied.get(f"{ROOT}/", headers=PAGE).text
    assert f'<html lang="en" data-root="{ROOT}">' in page
    folder = Path(__file__).parents[3] / "dashboards" / "pages" / "static"
    for script in folder.glob("*.js"):
        asked = re.findall(
            r"""(?:fetch|EventSource|assign)\(\s*["'`](/[^"'`]*)""", script.read_text()
        )
        assert asked == [], script.name


def test_addresses_in_answers_lie_under_the_path(proxied: TestClient) -> None:
    api = f"{ROOT}/api/v1"
    stopped = proxied.post(f"{api}/studies/grid/stop")
    assert stopped.headers["location"] == f"{api}/studies/grid"
    listed = proxied.get(f"{api}/studies/grid/runs?limit=2")
    assert listed.headers["link"].startswith(f"<{api}/studies/grid/runs?limit=2&cursor=")
    missing = proxied.get(f"{api}/studies/none")
    assert missing.json()["instance"] == f"{api}/studies/none"
    large = proxied.post(f"{api}/studies", content=b" " * 300_000)
    assert (large.status_code, large.json()["instance"]) == (413, f"{api}/studies")
    assert proxied.get(f"{ROOT}/openapi.json").json()["servers"] == [{"url": ROOT}]
    assert proxied.get(f"{ROOT}/health/ready").json() == {"status": "ready"}


def test_signing_in_leads_back_under_the_path(sqlite_url: str, tmp_path: Path) -> None:
    seed(sqlite_url, tmp_path)
    app = client(sqlite_url, tmp_path, root_path=ROOT, token="t0ken").app
    browser = TestClient(StrippingProxy(app), follow_redirects=False)
    sent_away = browser.get(f"{ROOT}/studies/grid?g1=true", headers=PAGE)
    aim = "%2Fstudies%2Fgrid%3Fg1%3Dtrue"
    assert sent_away.headers["location"] == f"{ROOT}/sign-in?next={aim}"
    form = browser.get(sent_away.headers["location"], headers=PAGE).text
    assert f'action="{ROOT}/sign-in"' in form
    sent = {"token": "t0ken", "next": "/studies/grid?g1=true"}
    signed_in = browser.post(f"{ROOT}/sign-in", data=sent)
    assert signed_in.headers["location"] == f"{ROOT}/studies/grid?g1=true"
    assert browser.get(f"{ROOT}/studies/grid", headers=PAGE).status_code == 200


def test_events_are_neither_buffered_nor_compressed_on_their_way(
    sqlite_url: str, tmp_path: Path
) -> None:
    seed(sqlite_url, tmp_path)
    with client(sqlite_url, tmp_path).stream("GET", "/api/v1/studies/grid/events") as answer:
        assert answer.headers["x-accel-buffering"] == "no"
        assert answer.headers["cache-control"] == "no-store, no-transform"
        assert answer.headers["content-type"].startswith("text/event-stream")


@pytest.mark.parametrize("path", ["talan", "/a b", "/a//b", "//host", '/"', "/a?b"])
def test_only_a_path_is_a_path(path: str) -> None:
    with pytest.raises(SettingsError, match=r"TALAN_ROOT_PATH: .*allowed: a path such as /talan"):
        Settings.from_environment({"TALAN_ROOT_PATH": path})


def test_a_study_says_why_it_waits(sqlite_url: str, tmp_path: Path) -> None:
    from storage import AuditStore

    seed(sqlite_url, tmp_path)
    reason = "a run asks for 1 GPU, and no Ray node has more than 0"
    with AuditStore.open(sqlite_url) as store:
        store.studies.queue("grid")
        store.leases.acquire("grid", owner="d", ttl_s=60)
        store.leases.release("grid", owner="d", state="queued", reason=reason, setback=True)
    asked = client(sqlite_url, tmp_path)
    assert asked.get("/api/v1/studies/grid").json()["reason"] == reason
    assert reason in asked.get("/studies/grid", headers=PAGE).text
    assert asked.post("/api/v1/studies/grid/resume").json().get("reason") is None
