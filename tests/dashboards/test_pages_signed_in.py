"""A service with a token: browsers sign in, sessions count for pages of ours only."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from page_service import OpenTab, serving, wait_until_ready
from page_studies import begin
from patience import STILL_S
from playwright.sync_api import expect

from api.rest.browsers import local_path
from api.rest.sign_in.sessions import COOKIE, LIFETIME_S, Sessions
from storage import AuditStore

TOKEN = "token-of-the-test-äß"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service with a token over a study under way."""
    folder = tmp_path_factory.mktemp("guarded")
    with AuditStore.open(f"sqlite:///{folder / 'talan.db'}") as store:
        begin(store, "going", artifacts=str(folder / "artifacts"), configurations=2)
    with serving(folder, "--no-scheduler", TALAN_API_TOKEN=TOKEN) as address:
        yield address


def test_a_browser_signs_in_and_out(guarded: str, open_tab: OpenTab) -> None:
    tab = open_tab(guarded)
    page = tab.go("/studies/going?mixer=")
    expect(page).to_have_title("Sign in · TALAN Audit")
    page.get_by_label("token").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("not the service's token")
    page.get_by_label("token").fill(TOKEN)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("h1")).to_have_text("going")
    (cookie,) = page.context.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == (COOKIE, True, "Strict")
    assert TOKEN not in cookie["value"]
    assert page.evaluate("document.cookie") == ""
    wait_until_ready(page)
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_role("button", name="Stop the study").click()
    expect(page.locator(".state").first).to_have_text("stopping")
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_title("Sign in · TALAN Audit")
    tab.go("/")
    expect(page).to_have_title("Sign in · TALAN Audit")
    assert [error for error in tab.errors if "401" not in error] == []


def test_a_session_writes_from_our_own_pages_only(guarded: str) -> None:
    cookie = {"Cookie": f"{COOKIE}={Sessions(TOKEN).issue()}"}
    stop = f"{guarded}/api/v1/studies/going/stop"
    assert _status(f"{guarded}/api/v1/studies", cookie) == 200
    assert _status(stop, cookie, method="POST") == 403
    assert _status(stop, {**cookie, "Sec-Fetch-Site": "cross-site"}, method="POST") == 403
    assert _status(stop, {**cookie, "Sec-Fetch-Site": "same-site"}, method="POST") == 403
    assert _status(stop, {**cookie, "Origin": "http://elsewhere.example"}, method="POST") == 403
    assert _status(stop, {**cookie, "Origin": guarded}, method="POST") == 202
    assert _status(stop, {**cookie, "Sec-Fetch-Site": "same-origin"}, method="POST") == 202
    wrong = {**cookie, "Authorization": "Bearer wrong"}
    assert _status(f"{guarded}/api/v1/studies", wrong) == 401


def test_without_a_session_there_is_nothing_but_the_way_in(guarded: str) -> None:
    assert _status(f"{guarded}/", {}) == 401
    assert _status(f"{guarded}/api/v1/studies", {"Accept": "text/html"}) == 401
    assert _status(f"{guarded}/sign-in", {}) == 200
    assert _status(f"{guarded}/launch/read", {}, method="POST") == 401
    forged = {"Cookie": f"{COOKIE}=99999999999.{'0' * 64}"}
    assert _status(f"{guarded}/api/v1/studies", forged) == 401


def test_a_session_ends_with_its_hours_and_with_its_token() -> None:
    now = [1_000_000.0]
    sessions = Sessions("one", clock=lambda: now[0])
    cookies = f"theme=dark; {COOKIE}={sessions.issue()}"
    assert sessions.holds(cookies)
    assert not Sessions("two", clock=lambda: now[0]).holds(cookies)
    now[0] += LIFETIME_S + 1
    assert not sessions.holds(cookies)
    for odd in ("", f"{COOKIE}=", f"{COOKIE}=x.y", f"{COOKIE}=².{'0' * 64}", "=;=;"):
        assert not sessions.holds(odd)


@pytest.mark.parametrize(
    "away", ["//elsewhere.example", "https://elsewhere.example", "/\\elsewhere", "x", "/a\nb", ""]
)
def test_signing_in_leads_nowhere_else(away: str) -> None:
    assert local_path(away) == "/"
    assert local_path("/studies/a?b=c") == "/studies/a?b=c"


def _status(url: str, headers: dict[str, str], method: str = "GET") -> int:
    request = urllib.request.Request(url, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=STILL_S) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
