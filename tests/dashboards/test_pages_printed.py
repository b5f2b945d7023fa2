"""A study's page on paper: sections open, nothing to press, no wider than the sheet, no dark."""

from __future__ import annotations

import re

import pytest
from page_service import OpenTab, Recorded
from playwright.sync_api import Page, expect

SHEET_PX = 718  # A4, 210 mm at 96 dots an inch, less Chromium's margins of 1 cm
WIDER = """sheet => [...document.querySelectorAll("main *")]
  .filter(e => e.getClientRects().length && e.getBoundingClientRect().right > sheet + 1)
  .map(e => e.outerHTML.slice(0, 120))"""
HIDDEN = """selector => [...document.querySelectorAll(selector)]
  .every(e => e.getClientRects().length === 0)"""
LIGHT_TEXT = """() => [...document.querySelectorAll("main *")]
  .filter(e => e.getClientRects().length && !e.closest(".plot") &&
    [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
  .filter(e => getComputedStyle(e).color.match(/\\d+/g).slice(0, 3).some(part => part > 150))
  .map(e => getComputedStyle(e).color + e.outerHTML.slice(0, 120))"""
DARK_GROUND = """() => [...document.querySelectorAll("html, body, main, main *")]
  .filter(e => e.getClientRects().length && !e.closest(".plot, progress"))
  .map(e => getComputedStyle(e).backgroundColor.match(/[\\d.]+/g).map(Number))
  .filter(([r, g, b, a = 1]) => a > 0 && Math.min(r, g, b) < 200).length"""


def open_study(recorded: Recorded, open_tab: OpenTab, *, scheme: str) -> Page:
    """The page with its first figure drawn; more of them, and their section stays shut."""
    page = open_tab(recorded.address, scheme=scheme).go("/studies/done")
    first = page.locator('[data-figure="g1-rates"]')
    first.scroll_into_view_if_needed()
    expect(first).to_have_attribute("data-drawn", re.compile(f"theme={scheme}"))
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_study_fits_on_paper(recorded: Recorded, open_tab: OpenTab, scheme: str) -> None:
    page = open_study(recorded, open_tab, scheme=scheme)
    assert page.locator("#varies").get_attribute("open") is None
    assert not page.locator("#varies p").first.is_visible()
    page.emulate_media(media="print")
    page.evaluate("wide => { document.documentElement.style.width = `${wide}px` }", SHEET_PX)
    assert page.evaluate(WIDER, SHEET_PX) == []
    assert page.evaluate(HIDDEN, "nav, button, .actions a, .chip, dialog, .waiting")
    assert page.evaluate(LIGHT_TEXT) == []
    assert page.evaluate(DARK_GROUND) == 0
    for words in page.locator("#varies p, details.said p").all():
        expect(words).to_be_visible()
    expect(page.locator('[data-figure="g1-rates"] .main-svg').first).to_be_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")
