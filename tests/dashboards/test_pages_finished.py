"""The pages of a finished study, in a real Chromium: figures, filters, runs, items, two studies."""

from __future__ import annotations

import re

import pytest
from page_service import OpenTab, Recorded
from playwright.sync_api import Page, expect

from dashboards.figures.catalogue import CATALOGUE
from dashboards.wording import p_value
from search.rates.g1_rates import g1_rows
from storage import RunFilter

MARKS = (
    ".points path.point, .trace path.js-line, .bars path, .boxes path.box, image, "
    ".annotation-text-g"
)


def test_every_figure_is_drawn_and_nothing_is_complained_of(
    recorded: Recorded, open_tab: OpenTab
) -> None:
    tab = open_tab(recorded.address)
    page = tab.go("/studies/done")
    page.get_by_text("More figures").click()
    for figure in CATALOGUE:
        place = page.locator(f'[data-figure="{figure.key}"]')
        place.scroll_into_view_if_needed()
        expect(place).to_have_attribute("data-drawn", re.compile("theme=light"))
        drawn = place.locator(".plot svg.main-svg").first
        expect(drawn).to_be_visible()
        assert place.locator(MARKS).count() > 0, figure.key
        assert place.locator(".waiting").count() == 0
        assert "WebGL" not in place.inner_text()
    heat = page.locator('[data-figure="delta-heatmap"] .plot')
    heat.hover()
    assert tab.errors == []
    assert tab.hosts == {recorded.address.removeprefix("http://")}
    assert page.evaluate("window.hacked") is None


def test_figures_follow_the_theme_and_it_is_remembered(
    recorded: Recorded, open_tab: OpenTab
) -> None:
    tab = open_tab(recorded.address, scheme="dark")
    page = tab.go("/studies/done")
    first = page.locator('[data-figure="g1-rates"]')
    first.scroll_into_view_if_needed()
    expect(first).to_have_attribute("data-drawn", re.compile("theme=dark"))
    page.get_by_label("Light or dark").click()
    first.scroll_into_view_if_needed()  # the click may have scrolled it away
    expect(first).to_have_attribute("data-drawn", re.compile("theme=light"))
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    assert tab.errors == []


def test_headline_numbers_are_the_records(recorded: Recorded, open_tab: OpenTab) -> None:
    status = recorded.store.studies.status("done")
    page = open_tab(recorded.address).go("/studies/done")
    numbers = page.locator(".numbers")
    expect(numbers).to_contain_text(f"{status.g1} of {status.scored}")
    expect(numbers).to_contain_text("1 failed")
    expect(numbers).to_contain_text("2 hosts")  # which are never pooled: no rate over both
    expect(numbers).not_to_contain_text(f"{100 * status.g1 / status.scored:.1f}%")
    expect(page.locator("table.rates tbody tr")).to_have_count(2)


def test_a_chip_filters_rows_and_figures_in_place(recorded: Recorded, open_tab: OpenTab) -> None:
    tab = open_tab(recorded.address)
    page = tab.go("/studies/done")
    page.evaluate("window.stayed = true")
    page.locator('[data-chip="mixer"][data-value="cross_attn"]').click()
    expect(page).to_have_url(re.compile(r"mixer=cross_attn"))
    wanted = RunFilter(axes={"mixer": "cross_attn"})
    expected = len(list(recorded.store.runs.iterate("done", wanted)))
    expect(page.locator("table.runs tbody tr")).to_have_count(expected)
    figure = page.locator('[data-figure="g1-rates"]')
    figure.scroll_into_view_if_needed()
    expect(figure).to_have_attribute("data-drawn", re.compile("mixer=cross_attn"))
    assert page.evaluate("window.stayed")
    page.locator('[data-chip="mixer"][data-value="cross_attn"]').click()
    expect(page.locator("table.runs tbody tr")).to_have_count(50)
    page.go_back()
    expect(page.locator("table.runs tbody tr")).to_have_count(expected)
    assert tab.errors == []


def test_a_click_on_a_mark_filters_by_it(recorded: Recorded, open_tab: OpenTab) -> None:
    tab = open_tab(recorded.address)
    page = tab.go("/studies/done")
    figure = page.locator('[data-figure="g1-rates"]')
    figure.scroll_into_view_if_needed()
    expect(figure).to_have_attribute("data-drawn", re.compile("theme"))
    box = figure.locator(".points path.point").last.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page).to_have_url(re.compile("backbone=backbone-b"))
    assert tab.errors == []


def test_the_table_is_sorted_and_paged(recorded: Recorded, open_tab: OpenTab) -> None:
    page = open_tab(recorded.address).go("/studies/done")
    page.locator("table.runs").get_by_role("link", name="Mean Δ").click()
    expect(page.locator('th[aria-sort="descending"]')).to_contain_text("Mean Δ")
    best = recorded.store.runs.page("done", sort="mean_delta", limit=1).runs[0]
    expect(page.locator("table.runs tbody tr").first).to_have_attribute("data-key", best.id)
    seen = _keys(page)
    page.get_by_role("link", name="Next 50").click()
    expect(page.get_by_role("link", name="First page")).to_be_visible()
    assert not seen & _keys(page)
    page.get_by_role("link", name="Not G1", exact=True).click()
    expect(page.locator("table.runs .g1.yes")).to_have_count(0)


def test_a_runs_page_shows_cells_and_items_by_what_changed(
    recorded: Recorded, open_tab: OpenTab
) -> None:
    wanted = RunFilter(g1=False)
    runs = recorded.store.runs.iterate("done", wanted)
    run = next(r for r in runs if (r.cells["tiny_choice"].delta or 0) < 0)
    tab = open_tab(recorded.address)
    page = tab.go(f"/runs/{run.id}")
    expect(page.locator(".numbers").first).to_contain_text(re.compile(r"Verdict\s*not G1"))
    row = page.locator("table.cells tr", has_text="tiny_choice")
    expect(row).to_contain_text(f"{run.cells['tiny_choice'].n_correct} / 20")
    tabs = page.get_by_role("tab")
    counts = dict(
        zip(("helped", "hurt", "right", "wrong"), _numbers(tabs.all_inner_texts()), strict=True)
    )
    lost = 10 - run.cells["tiny_choice"].n_correct
    assert counts["hurt"] - counts["helped"] == lost
    assert sum(counts.values()) == 20
    page.get_by_role("tab", name="Both right").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Both wrong")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("tab", name="Both wrong")).to_be_focused()
    items = page.locator("article.item")
    expect(items).to_have_count(min(10, counts["wrong"]))
    expect(items.first).to_contain_text("<script>window.hacked = true</script>")
    expect(items.first).to_contain_text("Baseline")
    loss = page.locator('[data-figure="losses"]')
    expect(loss).to_have_attribute("data-drawn", re.compile("theme"))
    expect(loss.locator(".trace path.js-line")).to_have_count(2)
    assert page.evaluate("window.hacked") is None
    assert tab.errors == []


def test_items_are_shown_with_what_was_asked(recorded: Recorded, open_tab: OpenTab) -> None:
    run = next(recorded.store.runs.iterate("done", RunFilter(g1=True)))
    tab = open_tab(recorded.address)
    shown = {}
    for group in ("helped", "hurt", "both_right", "both_wrong"):
        page = tab.go(f"/runs/{run.id}?benchmark=tiny_choice&group={group}")
        for item in page.locator("article.item").all():
            asked = item.locator("details.asked")
            number = item.locator("header .mono").first.inner_text()
            shown[number] = (asked.get_attribute("open") is not None, asked.text_content() or "")
    assert {number for number, (is_open, _) in shown.items() if not is_open} == {"item-1"}
    for number, (_, text) in shown.items():
        assert f"Question {number.partition('-')[2]} <script>window.hacked" in text
    page = tab.go(f"/runs/{run.id}?benchmark=tiny_code")  # recorded before prompts were
    expect(page.locator("article.item").first).to_be_visible()
    expect(page.locator("details.asked")).to_have_count(0)
    assert page.evaluate("window.hacked") is None
    assert tab.errors == []


def test_a_failed_run_says_why_and_runs_nothing(recorded: Recorded, open_tab: OpenTab) -> None:
    failed = recorded.store.runs.page("done", RunFilter(state="failed")).runs[0]
    tab = open_tab(recorded.address)
    page = tab.go(f"/runs/{failed.id}")
    expect(page.locator(".failure")).to_contain_text("the loss is nan at step 3 <script>")
    assert page.evaluate("window.hacked") is None
    assert tab.errors == []


def test_two_studies_side_by_side(recorded: Recorded, open_tab: OpenTab) -> None:
    tab = open_tab(recorded.address)
    page = tab.go("/compare")
    page.get_by_label("From").select_option("done")
    page.get_by_label("To").select_option("again")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator(".numbers")).to_contain_text("Configurations in both")
    rates = page.locator("table.rates").first
    rows = [*g1_rows(recorded.store, "done"), *g1_rows(recorded.store, "again")]
    rotated = [row.rotation_p for row in rows if row.rotation_p is not None]
    assert rotated
    for p in rotated:
        expect(rates).to_contain_text(f"rotation p {p_value(p)}")
    figure = page.locator('[data-figure="matched"]')
    expect(figure).to_have_attribute("data-drawn", re.compile("second=again"))
    shown = page.locator(".numbers div", has_text="Configurations in both").locator("b")
    assert figure.locator(".points path.point").count() == int(shown.inner_text()) == 15
    assert tab.errors == []


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_no_page_is_wider_than_its_window(
    recorded: Recorded, open_tab: OpenTab, width: int, scheme: str
) -> None:
    run = recorded.store.runs.page("done", RunFilter(g1=True), limit=1).runs[0]
    tab = open_tab(recorded.address, width=width, scheme=scheme)
    compared = "/compare?first=done&second=again"
    for path in ("/", "/studies/done", f"/runs/{run.id}", compared, "/launch", "/nothing"):
        page = tab.go(path)
        if path != "/nothing":
            page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_an_address_that_is_none_is_a_page_for_people(
    recorded: Recorded, open_tab: OpenTab
) -> None:
    page = open_tab(recorded.address).go("/studies/nothing")
    expect(page.locator("h1")).to_have_text("Study not found")
    expect(page.locator(".lead")).to_contain_text("nothing")
    answer = page.request.get(f"{recorded.address}/studies/nothing")
    assert answer.status == 404
    assert answer.json()["type"] == "urn:talan:problem:study-not-found"


def test_keyboards_reach_the_content_first(recorded: Recorded, open_tab: OpenTab) -> None:
    page = open_tab(recorded.address).go("/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()


def test_the_report_is_a_file(recorded: Recorded, open_tab: OpenTab) -> None:
    page = open_tab(recorded.address).go("/studies/done")
    with page.expect_download() as found:
        page.get_by_role("link", name="Report").click()
    assert found.value.suggested_filename == "done-report.html"
    assert "backbone-b" in found.value.path().read_text(encoding="utf-8")


def _keys(page: Page) -> set[str]:
    rows = page.locator("table.runs tbody tr").all()
    return {row.get_attribute("data-key") or "" for row in rows}


def _numbers(texts: list[str]) -> list[int]:
    return [int(text.split()[-1]) for text in texts]
