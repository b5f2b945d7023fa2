"""Every page passes axe-core's checks, its sections open, in light and dark, at both widths."""

from __future__ import annotations

from typing import Any

import pytest
from analysed_runs import record_depth, record_divergence
from axe_playwright_python.sync_playwright import Axe
from page_service import OpenTab, Recorded
from page_studies import treatments
from playwright.sync_api import Page

from storage import AuditStore

WIDTHS = ((1280, "light"), (390, "dark"))


@pytest.mark.parametrize(("width", "scheme"), WIDTHS)
def test_no_page_violates_a_rule(
    recorded: Recorded, open_tab: OpenTab, width: int, scheme: str
) -> None:
    run = recorded.store.rates.champions("done")[0].id
    inside = _analysed(recorded.store)
    found: dict[str, list[str]] = {}
    for path in (
        "/",
        "/studies/done",
        "/studies/going",
        f"/runs/{run}",
        f"/runs/{run}/mechanism",
        f"/runs/{inside}/mechanism",
        "/compare?first=done&second=again",
        "/launch",
        "/studies/no-such-study",
    ):
        page = open_tab(recorded.address, width=width, scheme=scheme).go(path)
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        if said := _violations(page):
            found[path] = said
    assert found == {}, found


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
