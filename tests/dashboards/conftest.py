"""Fixtures of the pages' tests: one real Chromium, and real servers on loopback."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import pytest
from page_service import NET_MS, Recorded, Tab, serving
from page_studies import begin, finish, finished
from playwright.sync_api import Browser, sync_playwright

from storage import AuditStore

# For every tab Chromium loads two popups of an address bar that nobody sees: they take more than
# a page. The others are what Playwright turns off, and this list stands in place of its own.
TURNED_OFF = (
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "AimEnabled",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
)
NO_BROWSER = "these tests need Chromium (chromium or google-chrome on PATH); make browser gets it"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    assert path, NO_BROWSER
    with sync_playwright() as playwright:
        features = f"--disable-features={','.join(TURNED_OFF)}"
        found = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", features])
        yield found
        found.close()


@pytest.fixture
def open_tab(browser: Browser) -> Iterator[Callable[..., Tab]]:
    """Opens tabs at an address; each has cookies of its own."""
    contexts = []

    def opened(address: str, *, width: int = 1280, scheme: str = "light") -> Tab:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,  # type: ignore[arg-type]
        )
        context.set_default_timeout(NET_MS)
        contexts.append(context)
        return Tab(context.new_page(), address)

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """A service over a finished study ``done``, a smaller one ``again``, and one under way."""
    folder = tmp_path_factory.mktemp("recorded")
    artifacts = str(folder / "artifacts")
    with AuditStore.open(f"sqlite:///{folder / 'talan.db'}") as store:
        finished(store, "done", artifacts=artifacts, configurations=30)
        finished(store, "again", artifacts=artifacts, configurations=8)
        pending = begin(store, "going", artifacts=artifacts, configurations=6)
        for _ in range(3):
            finish(store, pending.pop(0), artifacts=artifacts)
        with serving(folder, "--no-scheduler") as address:
            yield Recorded(address, store, pending, artifacts)
