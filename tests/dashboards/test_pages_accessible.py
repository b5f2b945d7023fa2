"""Every page passes axe-core's checks, its sections open, in light and dark, at both widths.

A keyboard opens every section and reaches every table.
"""

from __future__ import annotations

from typing import Any

import pytest
from analysed_runs import record_depth, record_divergence
from axe_playwright_python.sync_playwright import Axe
from page_service import OpenTab, Recorded
from page_studies import treatments
from playwright.sync_api import Page, expect
from recorded_methods import record_methods

from storage import AuditStore

RIVALS = "rivals"
WIDTHS = ((1280, "light"), (390, "dark"))


@pytest.mark.parametrize(("width", "scheme"), WIDTHS)
def test_no_page_violates_a_rule(
    recorded: Recorded, open_tab: OpenTab, width: int, scheme: str
) -> None:
    run = recorded.store.rates.champions("done")[0].id
    inside = _analysed(recorded.store)
    _with_methods(recorded.store)
    tab = open_tab(recorded.address, width=width, scheme=scheme)
    found: dict[str, list[str]] = {}
    for path in (
        "/",
        "/studies/done",
        "/studies/going",
        f"/studies/{RIVALS}",
        f"/runs/{run}",
        f"/runs/{run}/mechanism",
        f"/runs/{inside}/mechanism",
        "/compare?first=done&second=again",
        "/launch",
        "/studies/no-such-study",
    ):
        page = tab.go(path)
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        if said := _violations(page):
            found[path] = said
    assert found == {}, found


@pytest.mark.parametrize(("name", "sections"), [("done", 4), (RIVALS, 3)])
def test_a_keyboard_opens_every_section_and_reaches_every_table(
    recorded: Recorded, open_tab: OpenTab, name: str, sections: int
) -> None:
    _with_methods(recorded.store)
    page = open_tab(recorded.address).go(f"/studies/{name}")
    folded = page.locator("details")
    assert folded.count() >= sections
    for section in folded.all():
        was_open = section.get_attribute("open") is not None
        section.locator("summary").first.focus()
        expect(section.locator("summary").first).to_be_focused()
        page.keyboard.press("Enter")
        if was_open:
            expect(section).not_to_have_attribute("open", "")
            page.keyboard.press("Enter")
        expect(section).to_have_attribute("open", "")
    tables = page.locator("table")
    assert tables.count() > 0
    for table in tables.all():
        region = table.locator("xpath=ancestor::*[contains(@class, 'scroll')][1]")
        region.focus()
        expect(region).to_be_focused()


def _with_methods(store: AuditStore) -> None:
    """A study of methods in the same record."""
    if RIVALS not in store.studies.names():
        record_methods(store, RIVALS, spec={"name": RIVALS, "benchmarks": ["a", "b"]})


def _analysed(store: AuditStore) -> str:
    """A run whose depth and divergence are on record."""
    run, artifacts = treatments(store, "again")[0], store.studies.get("again").artifact_url
    if not store.analyses.of_run(run.id):
        record_depth(store, run, artifacts=artifacts, height=0.1)
        record_divergence(store, run, artifacts=artifacts)
    return run.id


def _violations(page: Page) -> list[str]:
    report: dict[str, Any] = Axe().run(page).response
    assert report["passes"]  # the checks did run
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in report["violations"]
        for node in violation["nodes"]
    ]
