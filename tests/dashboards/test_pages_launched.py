"""Launching from the page alone: a real study, trained under ``talan serve`` with its scheduler."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from page_service import OpenTab, serving, wait_until_ready
from patience import wait_until
from playwright.sync_api import Page, expect

from storage import AuditStore

STUDY_FILE = """
name: from-a-file
benchmarks: [tiny_choice]
axes: {layer: [1, 2], slots: [2]}
training: {max_steps: 2}
resources: {workers: 1}
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The service with its scheduler, over an empty record."""
    folder = tmp_path_factory.mktemp("served")
    with serving(folder) as address:
        yield address, folder


def test_launched_stopped_and_resumed_from_the_page_alone(
    served: tuple[str, Path], open_tab: OpenTab
) -> None:
    address, folder = served
    tab = open_tab(address)
    page = tab.go("/launch")
    page.get_by_label("Name").fill("From The Page")
    page.get_by_role("button", name="cross_attn", exact=True).click()
    _replace(page, "benchmarks", "tiny", "tiny_choice")
    page.get_by_label("Training steps").fill("2")
    page.get_by_label("Runs at once").fill("1")
    name = page.locator('[data-field="name"]')
    expect(name.get_by_role("alert")).to_contain_text("'From The Page' is not a slug")
    page.get_by_label("Name").fill("from-the-page")
    expect(page.locator('[data-plan="configurations"]')).to_have_text("2")
    expect(page.locator('[data-plan="baselines"]')).to_have_text("1")
    expect(page.locator("#cost")).to_contain_text("Cost unknown")
    with AuditStore.open(f"sqlite:///{folder / 'talan.db'}") as store:
        assert store.studies.list() == []
    page.get_by_role("button", name="Launch").click()
    expect(page).to_have_url(f"{address}/studies/from-the-page")
    wait_until_ready(page)
    page.evaluate("window.stayed = true")

    page.get_by_role("button", name="Stop", exact=True).click()
    page.keyboard.press("Escape")
    expect(page.locator("#ask-stop")).to_be_hidden()
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_role("button", name="Stop the study").click()
    state = page.locator("#head .state")
    wait_until_it_is("stopped", folder)
    expect(state).to_have_text("stopped")
    page.get_by_role("button", name="Resume", exact=True).click()
    page.get_by_role("button", name="Resume the study").click()
    wait_until_it_is("completed", folder)
    expect(state).to_have_text("completed")
    expect(page.locator("#head .count")).to_have_text("3 / 3")
    expect(page.locator('tr[data-run-state="completed"]')).to_have_count(3)
    assert page.evaluate("window.stayed")
    page.locator("table.runs tbody tr").nth(1).get_by_role("link").first.click()
    expect(page.locator("article.item")).not_to_have_count(0)
    page = tab.go("/launch")
    page.get_by_role("tab", name="Study file").click()
    page.get_by_label("Study file, YAML or JSON").fill(STUDY_FILE)
    expect(page.locator("#cost")).to_contain_text("3 earlier runs of from-the-page")
    assert [error for error in tab.errors if "422" not in error] == []  # the name was no slug


def wait_until_it_is(state: str, folder: Path) -> None:
    """Wait for the study on record, however long its runs take."""
    said = (folder / "serve.log").read_text
    with AuditStore.open(f"sqlite:///{folder / 'talan.db'}") as store:
        wait_until(lambda: store.studies.get("from-the-page").state == state, why=said)


def test_a_pasted_study_file_is_read_and_counted(
    served: tuple[str, Path], open_tab: OpenTab
) -> None:
    address, _ = served
    page = open_tab(address).go("/launch")
    page.get_by_role("tab", name="Study file").click()
    text = page.get_by_label("Study file, YAML or JSON")
    text.fill("name: [")
    expect(page.locator("#panel-file").get_by_role("alert")).to_contain_text("not valid YAML")
    text.fill(STUDY_FILE.replace("slots: [2]", "slots: [0]"))
    expect(page.locator("#panel-file").get_by_role("alert")).to_contain_text("slots")
    expect(text).to_have_value(re.compile("slots: \\[0\\]"))
    text.fill(STUDY_FILE)
    expect(page.locator('[data-plan="runs"]')).to_have_text("2")


def test_what_is_refused_stands_at_its_field_and_nothing_is_lost(
    served: tuple[str, Path], open_tab: OpenTab
) -> None:
    address, _ = served
    page = open_tab(address).go("/launch")
    page.get_by_label("Name").fill("kept")
    page.locator("#add-axes\\.layer").fill("99")
    page.keyboard.press("Enter")
    layer = page.locator('[data-field="axes.layer"]')
    expect(layer.get_by_role("alert")).to_contain_text("99 is not allowed")
    page.get_by_role("button", name="Launch").click()
    expect(layer.get_by_role("alert")).to_be_visible()
    expect(page).to_have_url(f"{address}/launch")
    expect(page.get_by_label("Name")).to_have_value("kept")
    layer.get_by_label("Remove 99").click()
    expect(layer.get_by_role("alert")).to_be_hidden()
    expect(page.locator('[data-plan="configurations"]')).to_have_text("1")


def _replace(page: Page, field: str, old: str, new: str) -> None:
    chips = page.locator(f'[data-chips="{field}"]')
    chips.get_by_label(f"Remove {old}", exact=True).click()
    page.locator(f"#add-{field}").fill(new)
    page.keyboard.press("Enter")
