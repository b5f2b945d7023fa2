"""What pages say of runs that ended early or failed, and of a record that is away; no browser."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fastapi.testclient import TestClient
from page_studies import HOSTILE, OWNER, begin, finish, outcome_of, treatments
from stored_answers import store_answers

from api.rest import Settings, create_app
from storage import AuditStore, PartialOutcome

PAGE = {"Accept": "text/html"}


def test_a_run_that_ended_early_has_bounds_and_no_number(sqlite_url: str, tmp_path: Path) -> None:
    artifacts = str(tmp_path / "artifacts")
    with AuditStore.open(sqlite_url) as store:
        baseline = begin(store, "early", artifacts=artifacts)[0]
        finish(store, baseline, artifacts=artifacts)
        run = treatments(store, "early")[0]
        attempt = store.dispatch.start(run.id, owner=OWNER, worker="worker-0")
        whole = outcome_of(run, artifacts=artifacts)
        asked = {0: False, 1: False, 2: False, 3: False, 4: False, 5: False}
        kept = store_answers(artifacts, list(asked.values()), word="asked")
        code = PartialOutcome("tiny_code", 10, asked, kept, seconds=0.5)
        ended = replace(whole, cells=whole.cells[:1], partial=(code,))
        store.results.finish(run.id, owner=OWNER, attempt=attempt, outcome=ended)
        assert store.runs.get(run.id).ended_early
    api = _client(sqlite_url, tmp_path)
    listed = api.get("/studies/early", headers=PAGE).text
    assert "6 of 10 items asked" in listed
    assert "\N{LESS-THAN OR EQUAL TO} \N{MINUS SIGN}10.00" in listed
    shown = api.get(f"/runs/{run.id}", headers=PAGE).text
    assert "ended early: a loss was certain" in shown
    assert "0 to 4 / 10" in shown
    items = api.get(f"/runs/{run.id}?benchmark=tiny_code&group=hurt", headers=PAGE).text
    assert items.count('<article class="item">') == 5  # the baseline has the first five right


def test_a_failure_is_text_and_its_traceback_too(sqlite_url: str, tmp_path: Path) -> None:
    artifacts = str(tmp_path / "artifacts")
    with AuditStore.open(sqlite_url) as store:
        run = begin(store, "failing", artifacts=artifacts)[0]
        attempt = store.dispatch.start(run.id, owner=OWNER, worker=HOSTILE)
        store.dispatch.fail(
            run.id,
            owner=OWNER,
            attempt=attempt,
            error=HOSTILE,
            retry=False,
            detail=f"line 1\n{HOSTILE}",
        )
    shown = _client(sqlite_url, tmp_path).get(f"/runs/{run.id}", headers=PAGE).text
    assert "Where it happened" in shown
    assert "<img" not in shown.split("<main")[1]
    assert shown.count("&lt;script&gt;window.hacked") == 2


def test_a_record_that_is_away_is_a_page_that_says_so(tmp_path: Path) -> None:
    away = "postgresql://nobody@127.0.0.1:1/none"
    answer = _client(away, tmp_path).get("/", headers=PAGE)
    assert answer.status_code == 503
    assert "the record cannot be reached just now" in answer.text
    assert "127.0.0.1" not in answer.text


def test_pages_run_and_load_what_we_serve_only(sqlite_url: str, tmp_path: Path) -> None:
    with AuditStore.open(sqlite_url) as store:
        begin(store, "going", artifacts=str(tmp_path / "artifacts"))
    api = _client(sqlite_url, tmp_path)
    for path in ("/", "/studies/going", "/launch", "/compare", "/nothing"):
        answer = api.get(path, headers=PAGE)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'; script-src 'self';" in policy
        assert "unsafe-eval" not in policy
        assert "script-src 'self' '" not in policy
        assert "<style" not in answer.text
        assert "<script>" not in answer.text
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["cache-control"] == "no-store"
    style = api.get(_asset(api.get("/", headers=PAGE).text))
    assert "immutable" in style.headers["cache-control"]
    assert api.get("/assets/x/../pages/routes.py").status_code == 404
    assert "/studies/{name}" not in api.get("/openapi.json").json()["paths"]


def _asset(html: str) -> str:
    return html.split('rel="stylesheet" href="')[1].partition('"')[0]


def _client(url: str, folder: Path) -> TestClient:
    settings = Settings(artifact_url=str(folder / "artifacts"))
    return TestClient(create_app(url, settings), raise_server_exceptions=False)
