"""Methods other than TALAN on the study's page, as a figure and in the report."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from recorded_methods import record_methods

from api.rest import Settings, create_app
from dashboards.figures.catalogue import find_figure
from dashboards.report import load_report, render_report
from dashboards.study_frames import load_record
from storage import AuditStore


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    found = f"sqlite:///{tmp_path_factory.mktemp('methods') / 'talan.db'}"
    with AuditStore.open(found) as store:
        record_methods(store, spec={"name": "rivals", "benchmarks": ["a", "b"]})
    return found


@pytest.fixture
def store(url: str) -> Iterator[AuditStore]:
    with AuditStore.open(url) as opened:
        yield opened


def test_the_page_has_deltas_nulls_cost_and_what_is_not_matched(url: str):
    with TestClient(create_app(url, Settings(artifact_url="artifacts"))) as client:
        page = client.get("/studies/rivals", headers={"Accept": "text/html"}).text
    for said in (
        "Methods other than TALAN",
        "2 strict",
        "the adapter at another seed",
        "More parameters.",
        "1,234",
        "40 steps, 640 examples seen",
        "s for 1,000 answer tokens",
    ):
        assert said in page
    assert '<details class="section" id="methods" open>' in page
    assert page.index('data-figure="methods"') < page.index('data-figure="g1-rates"')


def test_the_figure_has_a_point_a_run_beside_its_null(store: AuditStore):
    figure, record = find_figure("methods"), load_record(store, "rivals")
    table = figure.facts(record)
    assert table[["method", "seed", "mean_delta", "null_mean"]].to_dict("records") == [
        {"method": "dora", "seed": 1, "mean_delta": 7.5, "null_mean": -5.0},
        {"method": "dora", "seed": 2, "mean_delta": 2.5, "null_mean": -5.0},
        {"method": "ia3", "seed": 1, "mean_delta": -2.5, "null_mean": -10.0},
    ]
    assert list(table["not_below"]) == [2, 2, 1]
    assert (table["low"] <= table["mean_delta"]).all()
    assert (table["mean_delta"] <= table["high"]).all()
    drawn = figure.draw(record, theme="dark")
    assert list(drawn.layout.yaxis.ticktext) == ["dora", "ia3"]


def test_the_report_has_a_table_of_methods(store: AuditStore):
    text = render_report(load_report(store, "rivals"), file_format="md")
    assert "## Methods other than TALAN" in text
    assert "More parameters" in text
