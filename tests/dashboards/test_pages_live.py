"""The pages of a running study, of the list of studies, and of none at all, in a real Chromium."""

from __future__ import annotations

from pathlib import Path

from page_service import OpenTab, Recorded, serving
from playwright.sync_api import expect


def test_runs_appear_while_one_looks(recorded: Recorded, open_tab: OpenTab) -> None:
    tab = open_tab(recorded.address)
    page = tab.go("/studies/going")
    page.evaluate("window.stayed = true")
    run = recorded.pending[0]
    row = page.locator(f'tr[data-key="{run.id}"]')
    expect(row).to_have_attribute("data-run-state", "pending")
    status = recorded.store.studies.status("going")
    expect(page.locator(".numbers")).to_contain_text(f"{status.g1} of {status.scored}")
    before = status.scored
    recorded.finish_one()
    expect(row).to_have_attribute("data-run-state", "completed")
    expect(row.locator('td[data-label="G1"]')).to_have_text(
        "G1" if _is_g1(recorded, run.id) else "no"
    )
    status = recorded.store.studies.status("going")
    assert status.scored == before + 1
    expect(page.locator(".numbers")).to_contain_text(f"{status.g1} of {status.scored}")
    assert page.evaluate("window.stayed")
    assert tab.errors == []


def test_the_list_moves_by_itself(recorded: Recorded, open_tab: OpenTab) -> None:
    tab = open_tab(recorded.address)
    page = tab.go("/")
    row = page.locator('tr[data-key="going"]')
    done = sum(kind.completed for kind in recorded.store.studies.status("going").kinds.values())
    expect(row).to_contain_text(f"{done} / 22")
    expect(row).to_contain_text("running")
    recorded.finish_one()
    expect(row).to_contain_text(f"{done + 1} / 22")
    assert tab.errors == []


def test_what_the_filters_hide_stays_hidden(recorded: Recorded, open_tab: OpenTab) -> None:
    page = open_tab(recorded.address).go("/studies/going?g1=true")
    recorded.finish_one()
    total = len([r for r in recorded.store.runs.iterate("going") if r.g1 and r.kind == "treatment"])
    expect(page.locator("table.runs tbody tr")).to_have_count(total)


def test_a_record_without_studies_says_how_to_begin(tmp_path: Path, open_tab: OpenTab) -> None:
    with serving(tmp_path, "--no-scheduler") as address:
        tab = open_tab(address)
        page = tab.go("/")
        expect(page.locator(".empty")).to_contain_text(
            "talan study run examples/tiny-lora-grid.yaml"
        )
        page = tab.go("/compare")
        expect(page.locator(".empty")).to_contain_text("Two studies are needed")
        assert tab.errors == []


def _is_g1(recorded: Recorded, run_id: str) -> bool:
    return bool(recorded.store.runs.get(run_id).g1)
