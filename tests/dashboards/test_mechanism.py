"""The Mechanism tab, the study's section, figures and the report's chapter; no browser."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from analysed_runs import ITEM, record_depth, record_divergence, record_summary
from fastapi.testclient import TestClient
from page_studies import begin, finish, treatments

from api.rest import Settings, create_app
from dashboards.figures import MECHANISM, depth_heat, depth_lines, find_figure
from dashboards.report import load_report, render_report
from dashboards.run_analyses import load_mechanism
from dashboards.study_frames import load_record
from storage import BASELINE, SEED_NULL, AuditStore, Run, RunFilter

PAGE = {"Accept": "text/html"}
SCALE = {
    "layer": 1,
    "num_items": 64,
    "as_printed": {"reason": "q_proj puts out 64 numbers and the stream has 32"},
    "real_tokens": {
        "norm_ratio": 81.2,
        "cosine_mean": -0.0012,
        "cosine_std": 0.017,
        "random_cosine_std": 0.0156,
        "num_tokens": 9,
        "reason": None,
        "sham": {
            "norm_ratio": 81.0,
            "cosine_mean": 0.01,
            "cosine_std": 0.016,
            "random_cosine_std": 0.0156,
        },
        "last_layer": {
            "norm_ratio": None,
            "cosine_mean": None,
            "cosine_std": None,
            "random_cosine_std": 0.0156,
            "reason": "the block changes nothing",
        },
    },
}
DISCRIMINATORS = {
    "tried": 2,
    "runs": 8,
    "reason": None,
    "rows": [
        {
            "host": "backbone-a lora-r8",
            "mixer": "cross_attn",
            "statistic": "v_stable_rank",
            "buckets": 3,
            "runs": 12,
            "mean_r": -0.5,
            "mean_abs_r": 0.6,
            "sign_consistency": 1.0,
            "shuffled_mean_abs_r": 0.4,
            "shuffled_high": 0.7,
            "p": 0.2,
            "p_corrected": 0.4,
        }
    ],
}
SIGNATURE = {
    "runs": 9,
    "rows": [
        {
            "host": "backbone-a lora-r8",
            "mixer": "cross_attn",
            "features": "13",
            "champion": "0" * 16,
            "runs": 8,
            "r": -0.4,
            "gap": 0.8,
            "p": 0.3,
            "shuffled_low": -0.5,
            "shuffled_high": 0.5,
            "points": [{"run": "1" * 16, "distance": 2.0, "mean_delta": 1.0}],
            "reason": None,
        }
    ],
}


def numbers(values: Any) -> list[float]:
    """Plotly's JSON has an array as its bytes."""
    if isinstance(values, list):
        return values
    return np.frombuffer(base64.b64decode(values["bdata"]), dtype=values["dtype"]).tolist()


class Analysed:
    """A study of which one run and two null runs are analysed."""

    def __init__(self, url: str, folder: Path) -> None:
        artifacts = str(folder / "artifacts")
        self.url = url
        with AuditStore.open(url) as store:
            for run in begin(store, "inside", artifacts=artifacts, configurations=2):
                finish(store, run, artifacts=artifacts)
            store.leases.release("inside", owner="driver-1", state="completed")
            self.run, self.other = treatments(store, "inside")[:2]
            nulls = [
                null
                for null in store.runs.iterate("inside", RunFilter(kind=SEED_NULL))
                if null.backbone == self.run.backbone
            ]
            record_depth(store, self.run, artifacts=artifacts, height=0.01)
            for null, height in zip(nulls, (0.1, 0.3), strict=False):
                record_depth(store, null, artifacts=artifacts, height=height)
            record_divergence(store, self.run, artifacts=artifacts)
            record_summary(store, self.run, "scale", SCALE)
            record_summary(store, None, "discriminators", DISCRIMINATORS, study="inside")
            record_summary(store, None, "signature", SIGNATURE, study="inside")
            self.baseline: Run = next(store.runs.iterate("inside", RunFilter(kind=BASELINE)))
        settings = Settings(artifact_url=artifacts)
        self.api = TestClient(create_app(url, settings), raise_server_exceptions=False)

    def page(self, path: str) -> str:
        answer = self.api.get(path, headers=PAGE)
        assert answer.status_code == 200
        return answer.text

    def figure(self, path: str) -> dict[str, Any]:
        answer = self.api.get(path)
        assert answer.status_code == 200
        content = answer.content
        return json.loads(gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content)


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Analysed:
    folder = tmp_path_factory.mktemp("inside")
    return Analysed(f"sqlite:///{folder / 'talan.db'}", folder)


def test_the_tab_says_what_the_analyses_found(inside: Analysed) -> None:
    text = inside.page(f"/runs/{inside.run.id}/mechanism")
    assert "The block lifts off at layer 1; 1 item." in text
    assert 'data-figure="depth"' in text
    assert "81.2" in text
    assert "\N{MINUS SIGN}0.0012" in text
    assert "Q_proj puts out 64 numbers" in text
    assert "it does not show that the block complements the adapter" in text
    strips = text.split('class="strip"')
    assert strips[1].count("tok same") == 3
    assert strips[1].count("k4 parting") == 1
    assert ">5</span>" in strips[1]
    assert ">6</span>" in strips[2]
    assert 'data-analyse="domains slots drift"' in text
    assert f'<a href="/runs/{inside.run.id}/mechanism">Mechanism</a>' in inside.page(
        f"/runs/{inside.run.id}"
    )


def test_a_run_that_is_not_analysed_offers_it_and_a_baseline_has_none(inside: Analysed) -> None:
    text = inside.page(f"/runs/{inside.other.id}/mechanism")
    assert "Analyse this run" in text
    assert 'data-waiting="false"' in text
    answer = inside.api.post(
        f"/api/v1/runs/{inside.other.id}/analyses", json={"analyses": ["depth"], "nulls": False}
    )
    assert answer.status_code == 202
    waiting = inside.page(f"/runs/{inside.other.id}/mechanism")
    assert 'data-waiting="true"' in waiting
    assert "depth: under way or queued" in waiting
    baseline = inside.page(f"/runs/{inside.baseline.id}/mechanism")
    assert "it has no mechanism of its own" in baseline
    assert "Mechanism</a>" not in inside.page(f"/runs/{inside.baseline.id}")


def test_depth_is_drawn_with_its_null_band_and_its_block(inside: Analysed) -> None:
    drawn = inside.figure(f"/runs/{inside.run.id}/figures/depth.json?theme=dark")
    traces = {trace["name"]: trace for trace in drawn["data"]}
    band = traces["null (seed), 2 runs"]
    assert band["x"] == [1, 2, 2, 1]
    assert band["y"] == pytest.approx([0.3, 0.6, 0.2, 0.1])
    assert numbers(traces[depth_lines.FROM_BASELINE]["x"]) == [1, 2]  # layer 0 is exactly 0
    assert numbers(traces[depth_lines.BLOCK_OFF]["y"]) == pytest.approx([0.005, 0.01])
    assert drawn["layout"]["shapes"][0]["x0"] == 1
    assert any("grey bands" in note for note in drawn["layout"]["meta"]["notes"])


def test_an_item_is_drawn_by_layer_and_token(inside: Analysed) -> None:
    path = f"/runs/{inside.run.id}/figures/heat.json?item={ITEM}&against=block_off"
    drawn = inside.figure(path)
    (heat,) = drawn["data"]
    assert len(heat["z"]) == 4
    assert heat["z"][0] == [None, None, None]
    assert heat["z"][1][1] == pytest.approx(-1.0)
    assert "&lt;b&gt;" in heat["customdata"][1][1][0]
    assert drawn["layout"]["shapes"][0]["x0"] == 1.5
    assert "block off" in drawn["layout"]["meta"]["notes"][0]
    assert inside.api.get(f"/runs/{inside.run.id}/figures/nothing.json").status_code == 422


def test_a_studys_figures_and_its_report_have_a_chapter(inside: Analysed) -> None:
    with AuditStore.open(inside.url) as store:
        record, report = load_record(store, "inside"), load_report(store, "inside")
    curves = find_figure("mechanism-depth").facts(record)
    assert len(curves) == 3 * 3
    found = find_figure("discriminators").draw(record, theme="dark")
    assert [trace.name for trace in found.data] == [
        "95% of shuffled deltas",
        "mean |r| over buckets",
    ]
    assert "2 statistics were tried" in found.layout.meta["notes"][0]
    signature = find_figure("signature").draw(record)
    assert list(signature.data[0].y) == [1.0]
    assert "r -0.40 (shuffled deltas -0.50 to +0.50" in signature.layout.meta["notes"][0]
    assert report.mechanism
    assert report.mechanism.rows[0][2] == "1"
    assert "0.2 to 0.6" in report.mechanism.rows[0]
    html = render_report(report)
    assert 'id="mechanism"' in html
    assert html.count('data-figure="drawn-') >= len(MECHANISM)
    assert "## Mechanism: what the block does inside" in render_report(report, file_format="md")


def test_the_study_page_has_its_section(inside: Analysed) -> None:
    text = inside.page("/studies/inside")
    assert 'id="mechanism"' in text
    assert 'data-figure="signature"' in text
    drawn = inside.figure("/studies/inside/figures/discriminators.json")
    assert numbers(drawn["data"][1]["x"]) == [0.6]


def test_what_is_not_analysed_is_said(sqlite_url: str, tmp_path: Path, store: AuditStore) -> None:
    artifacts = str(tmp_path / "artifacts")
    run = begin(store, "plain", artifacts=artifacts)[1]
    found = load_mechanism(store, run.id)
    assert "not analysed" in depth_lines.draw(found).layout.annotations[0].text
    assert "no values" in depth_heat.draw(None).layout.annotations[0].text
    record = load_record(store, "plain")
    for figure in MECHANISM:
        assert "talan analyse" in figure.draw(record).layout.annotations[0].text
        assert figure.facts(record).empty
