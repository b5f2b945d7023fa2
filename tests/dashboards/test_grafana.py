"""dashboards/grafana: what is asked for exists, and what is mounted is where it is looked for."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.rest.metrics.prometheus import Metrics
from storage import AuditStore

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "dashboards" / "grafana"
NAME = re.compile(r"\btalan_\w+")


@pytest.fixture(scope="module")
def dashboard() -> dict[str, Any]:
    text = (FOLDER / "dashboards" / "talan-audit.json").read_text()
    return dict(json.loads(text))


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "docker-compose.yml").read_text()))


def read(*parts: str) -> dict[str, Any]:
    return dict(yaml.safe_load(FOLDER.joinpath(*parts).read_text()))


def test_every_metric_of_the_dashboard_is_served_and_every_family_is_shown(
    dashboard: dict[str, Any], sqlite_url: str
) -> None:
    with AuditStore.open(sqlite_url) as store:
        text = Metrics(max_age_s=0).text(store)
    samples = {match.group() for line in text.splitlines() if (match := NAME.match(line))}
    families = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    asked = {
        name
        for panel in dashboard["panels"]
        for target in panel["targets"]
        for name in NAME.findall(target["expr"])
    }
    assert asked <= samples
    unseen = {family for family in families if not any(one.startswith(family) for one in asked)}
    assert unseen == set()


def test_labels_asked_for_are_served(dashboard: dict[str, Any], sqlite_url: str) -> None:
    with AuditStore.open(sqlite_url) as store:
        text = Metrics(max_age_s=0).text(store)
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            for name, label, value in re.findall(r'(talan_\w+)\{.*?(\w+)="(\w+)"', target["expr"]):
                assert re.search(rf'^{name}\{{.*{label}="{value}"', text, re.MULTILINE), target


def test_both_sides_of_an_operator_have_the_same_labels(
    dashboard: dict[str, Any], sqlite_url: str
) -> None:
    """Else Prometheus matches no series with another, and the panel is empty."""
    with AuditStore.open(sqlite_url) as store:
        text = Metrics(max_age_s=0).text(store)
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            sides = re.split(r" [-+*/] ", target["expr"])
            labels = [() if side.startswith("sum(") else _labels(side, text) for side in sides]
            assert len(set(labels)) == 1, target["expr"]


def _labels(side: str, text: str) -> tuple[str, ...]:
    """The labels of a metric's series, as they are served."""
    (name,) = NAME.findall(side)
    (first, *_) = re.findall(rf"^{name}(?:\{{(.*)\}})? ", text, re.MULTILINE)
    return tuple(re.findall(r'(\w+)="', first))


def test_panels_say_what_they_are_and_do_not_overlap(dashboard: dict[str, Any]) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        assert panel["title"]
        assert panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"]
        at = panel["gridPos"]
        places = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not places & taken
        assert max(x for x, _ in places) < 24
        taken |= places


def test_the_data_source_is_the_one_provisioned(
    dashboard: dict[str, Any], compose: dict[str, Any]
) -> None:
    (source,) = read("provisioning", "datasources", "prometheus.yml")["datasources"]
    assert {panel["datasource"]["uid"] for panel in dashboard["panels"]} == {source["uid"]}
    assert source["url"] == "http://prometheus:9090"
    assert "prometheus" in compose["services"]


def test_folders_are_mounted_where_they_are_looked_for(compose: dict[str, Any]) -> None:
    grafana, prometheus = compose["services"]["grafana"], compose["services"]["prometheus"]
    (provider,) = read("provisioning", "dashboards", "talan.yml")["providers"]
    mounts = dict(
        volume.removesuffix(":ro").split(":")
        for volume in (*grafana["volumes"], *prometheus["volumes"])
    )
    assert mounts["./dashboards/grafana/dashboards"] == provider["options"]["path"]
    assert mounts["./dashboards/grafana/provisioning"] == "/etc/grafana/provisioning"
    assert f"--config.file={mounts['./dashboards/grafana/prometheus.yml']}" in prometheus["command"]
    home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == f"{provider['options']['path']}/talan-audit.json"


def test_prometheus_scrapes_the_api_with_its_token(compose: dict[str, Any]) -> None:
    (job,) = read("prometheus.yml")["scrape_configs"]
    assert job["metrics_path"] == "/metrics"
    assert job["static_configs"] == [{"targets": ["api:8000"]}]
    assert "--port=8000" in compose["services"]["api"]["command"]
    (secret,) = compose["services"]["prometheus"]["secrets"]
    assert job["authorization"]["credentials_file"] == f"/run/secrets/{secret}"
