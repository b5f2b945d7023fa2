"""The docs as a site: every command and endpoint is in it, and it needs nothing from elsewhere."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from free_ports import free_port
from mkdocs.commands.build import build
from mkdocs.config import load_config
from page_service import OpenTab
from patience import wait_until
from playwright.sync_api import expect

from api.cli.app import COMMANDS, DATA, DB, STUDY
from api.rest import app as rest
from dashboards.pages.help_site import built_help

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as ``make docs`` does: strictly, so that a dead link fails here."""
    folder = tmp_path_factory.mktemp("help")
    build(load_config(str(ROOT / "mkdocs.yml"), site_dir=str(folder)))
    return folder


@pytest.fixture
def address(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(rest, "built_help", lambda: built_help(site))
    app = rest.create_app(f"sqlite:///{tmp_path / 'talan.db'}")
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


def test_every_command_and_endpoint_has_a_section(site: Path, tmp_path: Path) -> None:
    commands = (site / "reference/commands/index.html").read_text()
    told = set(re.findall(r"<h2 id=\"[^\"]+\">(talan [^<]+)<", commands))
    groups = {"": COMMANDS, "study ": STUDY, "data ": DATA, "db ": DB}
    assert told == {f"talan {group}{name}" for group, table in groups.items() for name in table}
    endpoints = (site / "reference/endpoints/index.html").read_text()
    told = set(re.findall(r"<h2 id=\"[^\"]+\">([A-Z]+ /[^<]+)<", endpoints))
    paths = rest.create_app(f"sqlite:///{tmp_path / 'talan.db'}").openapi()["paths"]
    assert told == {f"{method.upper()} {path}" for path, found in paths.items() for method in found}


def test_it_is_read_and_searched_without_any_other_host(address: str, open_tab: OpenTab) -> None:
    tab = open_tab(address)
    page = tab.page
    page.goto(f"{address}/help/")
    expect(page.locator("h1").first).to_have_text(re.compile("docs"))
    # It listens to keys once its index is read.
    expect(page.locator(".md-search-result__meta")).to_have_text("Type to start searching")
    page.locator("input.md-search__input").press_sequentially("rotation test")
    found = page.locator("a.md-search-result__link").first
    expect(found).to_be_visible()
    found.click()
    expect(page).to_have_url(re.compile("/help/.*"))
    assert tab.hosts == {address.removeprefix("http://")}
    assert tab.errors == []


def test_pages_lead_to_it_only_where_it_was_built(
    address: str, open_tab: OpenTab, tmp_path: Path
) -> None:
    page = open_tab(address).go("/")
    page.get_by_role("link", name="Help").click()
    expect(page).to_have_url(f"{address}/help/")
    assert built_help(tmp_path) is None
