"""docker-compose.yml held to the Compose specification and to docs/reference/security.md."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
COMPOSE = ROOT / "docker-compose.yml"
OWN_SERVICES = {"migrate", "ray-head", "ray-worker", "ray-worker-gpu", "scheduler", "api"}
MONITORING = {"prometheus", "grafana"}


def check(file: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("check-jsonschema"))]
    options = ["--builtin-schema", "vendor.compose-spec", str(file)]
    return subprocess.run(command + options, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return dict(yaml.safe_load(COMPOSE.read_text())["services"])


def test_follows_the_compose_schema() -> None:
    result = check(COMPOSE)
    assert result.returncode == 0, result.stdout


def test_the_schema_check_can_fail(tmp_path: Path) -> None:
    broken = tmp_path / "docker-compose.yml"
    broken.write_text(COMPOSE.read_text().replace("depends_on:", "depends_upon:"))
    assert check(broken).returncode != 0


def test_only_the_api_is_published_and_grafana_on_this_machine(services: dict[str, Any]) -> None:
    assert set(services) == OWN_SERVICES | {"postgres"} | MONITORING
    assert [name for name, service in services.items() if "ports" in service] == ["api", "grafana"]
    assert services["grafana"]["ports"] == ["127.0.0.1:${GRAFANA_PORT:-3000}:3000"]
    networks = yaml.safe_load(COMPOSE.read_text())["networks"]
    assert networks["internal"]["internal"] is True
    for name, service in services.items():
        expected = ["internal", "published"] if name in ("api", "grafana") else ["internal"]
        assert service["networks"] == expected, name


def test_secrets_come_from_the_environment_and_have_no_default(services: dict[str, Any]) -> None:
    secrets = {
        (name, key): value
        for name, service in services.items()
        for key, value in service.get("environment", {}).items()
        if ("PASSWORD" in key or key.endswith("TOKEN")) and not key.endswith("__FILE")
    }
    assert {key for _, key in secrets} == {
        "POSTGRES_PASSWORD",
        "PGPASSWORD",
        "TALAN_API_TOKEN",
        "RAY_AUTH_TOKEN",
    }
    for value in secrets.values():
        assert value.startswith("${"), value
        assert ":?" in value, value


def test_nobody_is_root_or_gains_rights(services: dict[str, Any]) -> None:
    instructions = (ROOT / "Dockerfile").read_text().splitlines()
    users = [line.split()[1] for line in instructions if line.startswith("USER")]
    assert users[-1] == "talan"
    assert services["postgres"]["user"] == "postgres"
    for name in OWN_SERVICES | MONITORING:
        assert services[name]["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in services[name]["security_opt"], name


def test_starts_in_an_order_gated_by_health(services: dict[str, Any]) -> None:
    healthy = {"condition": "service_healthy"}
    migrated = {"condition": "service_completed_successfully"}
    assert services["migrate"]["depends_on"] == {"postgres": healthy}
    assert services["ray-worker"]["depends_on"] == {"ray-head": healthy}
    assert services["api"]["depends_on"] == {"postgres": healthy, "migrate": migrated}
    assert services["scheduler"]["depends_on"] == {
        "postgres": healthy,
        "migrate": migrated,
        "ray-head": healthy,
    }
    for name in ("postgres", "ray-head", "api"):
        assert "healthcheck" in services[name], name
    assert services["ray-worker-gpu"]["profiles"] == ["gpu"]
    assert services["postgres"]["volumes"] == ["postgres-data:/var/lib/postgresql/data"]


def test_monitoring_is_asked_for_and_its_secrets_too(services: dict[str, Any]) -> None:
    content = yaml.safe_load(COMPOSE.read_text())
    assert content["secrets"] == {
        "talan_api_token": {"environment": "TALAN_API_TOKEN"},
        "grafana_password": {"environment": "GRAFANA_PASSWORD"},
    }
    for name in MONITORING:
        assert services[name]["profiles"] == ["monitoring"], name
        assert re.fullmatch(r"[a-z]+/[a-z]+:v?\d+\.\d+\.\d+", services[name]["image"]), name
    assert services["prometheus"]["secrets"] == ["talan_api_token"]
    assert services["grafana"]["secrets"] == ["grafana_password"]
    admin = services["grafana"]["environment"]["GF_SECURITY_ADMIN_PASSWORD__FILE"]
    assert admin == "/run/secrets/grafana_password"
