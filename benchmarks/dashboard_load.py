"""How soon a study of 2,590 runs is seen and used in a browser; Optuna Dashboard beside it.

Seeds a record of 4 hosts x 647 configurations (2,588 runs and 4 baselines) and an Optuna study of
2,590 trials with the same kind of outcomes, serves both as they come (``talan serve``,
``optuna-dashboard``), and opens the study's page in headless Chromium, each time with an empty
cache, the two in turn; then once more in the same browser profile (``again``).

    .venv/bin/python benchmarks/dashboard_load.py [--visits 5]

Seconds since navigation, medians over visits: ``first_paint`` is the first contentful paint,
``listed`` when the runs (there: the first graph) are on the page, ``figure`` when the first figure
is drawn (the page is scrolled to it at once), ``interactive`` the end of the last long task (50 ms)
before half a second without one, not before ``figure``. ``kb`` is what came over the wire,
``filter`` how long a click on a filter takes until its rows are there. Browser and servers share
the machine.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from api_load import dashboard, served
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from report import report
from seeded_record import NAME, seed_optuna, seed_record

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tests"))
NUM_RUNS = 2_590
QUIET_MS = 500
WATCH = """
window.longTasks = [];
new PerformanceObserver((list) => {
  for (const { startTime, duration } of list.getEntries()) {
    longTasks.push([startTime, startTime + duration]);
  }
}).observe({ type: "longtask", buffered: true });
"""
INTERACTIVE = """
([ready, quiet]) => {
  let end = ready;
  for (const [start, stop] of longTasks) if (stop > end && start < end + quiet) end = stop;
  return end;
}
"""
PAGES = {
    "talan": {
        "listed": "table.runs tbody tr",
        "figure": '[data-figure="g1-rates"][data-drawn]',
    },
    "optuna-dashboard": {
        "listed": ".js-plotly-plot svg .points path",
        "figure": ".js-plotly-plot svg .points path",
    },
}


def visit(context: BrowserContext, url: str, *, who: str) -> dict[str, float]:
    """Open a page and watch it until it is quiet."""
    page = context.new_page()
    page.add_init_script(WATCH)
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    received: list[float] = []
    network.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    page.goto(url, wait_until="commit")
    found: dict[str, float] = {}
    if who == "talan":  # a figure is drawn when it comes into view
        page.locator('[data-figure="g1-rates"]').scroll_into_view_if_needed()
    for name, selector in PAGES[who].items():
        page.wait_for_selector(selector, state="attached", timeout=120_000)
        found[name] = page.evaluate("performance.now()")
    time.sleep(3)
    paint = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
    found["first_paint"] = page.evaluate(paint)
    found["interactive"] = page.evaluate(INTERACTIVE, [found["figure"], QUIET_MS])
    seconds = {name: ms / 1000 for name, ms in found.items()}
    seconds["kb"] = sum(received) / 1024
    if who == "talan":
        seconds["filter"] = _filtered(page)
    page.close()
    return seconds


def _filtered(page: Page) -> float:
    """Seconds from a click on a filter to its rows."""
    start = time.perf_counter()
    page.locator('[data-chip="mixer"][data-value="cross_attn"]').click()
    page.wait_for_selector('[data-chip="mixer"][aria-current="true"]')
    return time.perf_counter() - start


def both(browser: Browser, addresses: dict[str, str], *, visits: int) -> list[dict[str, Any]]:
    """Visits in turn; a row for each page, with an empty cache and once more."""
    seen: dict[tuple[str, str], list[dict[str, float]]] = {}
    for _ in range(visits):
        for who, url in addresses.items():
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            for cache in ("empty", "again"):
                seen.setdefault((who, cache), []).append(visit(context, url, who=who))
                print(who, cache, seen[who, cache][-1], file=sys.stderr)
            context.close()
    return [
        {
            "page": who,
            "cache": cache,
            **{
                name: statistics.median(one[name] for one in visited)
                if name in visited[0]
                else None
                for name in ("first_paint", "listed", "figure", "interactive", "filter", "kb")
            },
        }
        for (who, cache), visited in seen.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visits", type=int, default=5)
    arguments = parser.parse_args()
    from postgres_server import PostgresServer

    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        sys.exit("this benchmark needs Chromium (chromium or google-chrome on PATH)")
    server = PostgresServer()
    try:
        record = server.url(server.create_database())
        seed_record(record, configurations=NUM_RUNS // 4)
        trials = server.url(server.create_database()).replace("://", "+psycopg://")
        seed_optuna(trials, configurations=NUM_RUNS)
        with served(record) as port, dashboard(trials) as their_port, sync_playwright() as tool:
            browser = tool.chromium.launch(executable_path=path, args=["--no-sandbox"])
            addresses = {
                "talan": f"http://127.0.0.1:{port}/studies/{NAME}",
                "optuna-dashboard": f"http://127.0.0.1:{their_port}/dashboard/studies/1",
            }
            rows = both(browser, addresses, visits=arguments.visits)
            browser.close()
    finally:
        server.close()
    report("dashboard_load", rows=rows, runs=NUM_RUNS, visits=arguments.visits)


if __name__ == "__main__":
    main()
